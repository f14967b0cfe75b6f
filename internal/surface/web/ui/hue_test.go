package ui

import (
	"math"
	"testing"
)

// luminance is that of WCAG.
func (s shade) luminance() float64 {
	rgb := s.linear()
	return 0.2126*rgb[0] + 0.7152*rgb[1] + 0.0722*rgb[2]
}

func contrast(a, b shade) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Whatever hue somebody chooses, what has it can be read, and be told from what is around it.
func TestEveryHueCanBeRead(t *testing.T) {
	grounds := map[string][]shade{
		"light": {{0.992, 0.003, 300}, {0.966, 0.007, 300}, {0.915, 0.012, 300}},
		"dark":  {{0.235, 0.022, 293}, {0.195, 0.02, 293}, {0.31, 0.026, 293}},
	}
	worst := math.Inf(1)
	for h := range Hue(360) {
		for theme, shades := range map[string]func() (shade, shade){"light": h.light, "dark": h.dark} {
			ours, on := shades()
			if !ours.shown() || !on.shown() {
				t.Errorf("%s and %s are not for every screen", ours, on)
			}
			for _, other := range append(grounds[theme], on) {
				worst = min(worst, contrast(ours, other))
				if c := contrast(ours, other); c < 4.5 {
					t.Errorf("%s beside %s in the %s theme has a contrast of %.2f", ours, other, theme, c)
				}
			}
		}
	}
	t.Logf("the least contrast is %.2f", worst)
}

func TestHuesAreAngles(t *testing.T) {
	for _, text := range []string{"0", "250", "359"} {
		if _, err := ParseHue(text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "360", "-1", "blue", "1e2", "1;}*{color:red"} {
		if h, err := ParseHue(text); err == nil {
			t.Errorf("%q is the hue %d", text, h)
		}
	}
}
