package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Hue is that of what is ours on a page: links, buttons, what is chosen. It is an angle in degrees, as oklch has it: 30
// is red, 90 yellow, 150 green, 250 blue.
type Hue int

// hues is how many there are.
const hues = 360

// ParseHue reads an angle from 0 to 359.
func ParseHue(text string) (Hue, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= hues {
		return 0, fmt.Errorf("%q is not a number from 0 to 359", text)
	}
	return Hue(n), nil
}

// A shade is a colour in oklch.
type shade struct {
	light, chroma float64 // from 0 to 1, and from 0 to some 0.4
	hue           Hue
}

// The shades of what is ours and of what is written on it, as those of our own violet are: their lightness decides how
// well they are told from what is around them, so it stays.
func (h Hue) light() (ours, on shade) { return strong(0.46, 0.2, h), strong(0.985, 0.008, h) }
func (h Hue) dark() (ours, on shade)  { return strong(0.77, 0.125, h), strong(0.21, 0.06, h) }

// strong returns the shade as strong as it is wanted, or as screens can show it: what they cannot, they would change in
// their own way, its lightness too.
func strong(light, chroma float64, h Hue) shade {
	s := shade{light, chroma, h}
	for s.chroma > 0 && !s.shown() {
		s.chroma = max(s.chroma-0.002, 0)
	}
	return s
}

// shown reports whether each screen can show it.
func (s shade) shown() bool {
	for _, v := range s.linear() {
		if v < -1e-4 || v > 1+1e-4 {
			return false
		}
	}
	return true
}

// linear are its red, green and blue in linear sRGB, by the matrices that define Oklab.
func (s shade) linear() [3]float64 {
	angle := float64(s.hue) * math.Pi / 180
	a, b := s.chroma*math.Cos(angle), s.chroma*math.Sin(angle)
	cube := func(v float64) float64 { return v * v * v }
	l := cube(s.light + 0.3963377774*a + 0.2158037573*b)
	m := cube(s.light - 0.1055613458*a - 0.0638541728*b)
	k := cube(s.light - 0.0894841775*a - 1.2914855480*b)
	return [3]float64{
		4.0767416621*l - 3.3077115913*m + 0.2309699292*k,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*k,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*k,
	}
}

// String implements fmt.Stringer, as style sheets have it.
func (s shade) String() string {
	return fmt.Sprintf("oklch(%g%% %.3g %d)", s.light*100, s.chroma, s.hue)
}

// style is a style sheet that gives the site the hue in both themes.
func (h Hue) style() string {
	set := func(ours, on shade) string {
		return fmt.Sprintf("{--color-primary:%s;--color-primary-content:%s}", ours, on)
	}
	light, dark := set(h.light()), set(h.dark())
	return strings.Join([]string{
		":root,[data-theme=comb]" + light,
		"@media (prefers-color-scheme:dark){:root:not([data-theme])" + dark + "}",
		"[data-theme=comb-dark]" + dark,
	}, "\n") + "\n"
}
