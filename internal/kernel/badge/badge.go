// Package badge draws badges: small pictures that say two things side by side, for READMEs.
//
// It knows colours and how wide letters are, and keeps text readable: what is written on a colour is black or white,
// whichever has the more contrast, which is 4.5:1 or more on every colour there is. It does not know what is said.
package badge

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// A Badge says something of a label.
type Badge struct {
	Label string // what it is about; left out if empty
	Text  string // what it says
	Color string // behind the text: see [ParseColor]; what is none is grey
	Style string // flat, square or pill; anything else is flat
}

// Most is how many letters a label or a text has at most; what is longer is cut.
const Most = 48

// The colours that have a name. All others are written as #rgb or #rrggbb; the # may be left out.
var named = map[string]uint32{
	"violet": 0x5f35ae, "honey": 0xf0b440, "green": 0x1f7a4d, "blue": 0x20659c, "red": 0xb3263f, "orange": 0xc2560c,
	"yellow": 0xdfb317, "grey": 0x6b6676, "gray": 0x6b6676, "black": 0x241f2e, "white": 0xffffff,
}

// ParseColor reads a colour, and false if the text is none.
func ParseColor(text string) (rgb uint32, ok bool) {
	text = strings.ToLower(text)
	if rgb, ok = named[text]; ok {
		return rgb, true
	}
	digits := strings.TrimPrefix(text, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	return uint32(n), err == nil && len(digits) == 6
}

// Contrast is the ratio of contrast of two colours, as WCAG has it: from 1 to 21.
func Contrast(a, b uint32) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(rgb uint32) float64 {
	linear := func(shift int) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

const black, white = 0x000000, 0xffffff

// Ink returns the colour in which text is readable on another: black or white.
func Ink(on uint32) uint32 {
	if Contrast(on, white) >= 4.5 {
		return white // as on most badges, even where black were a little better
	}
	return black
}

const labelColor = 0x3a3348

// SVG draws the badge. Its bytes depend on the badge alone.
func (b Badge) SVG() []byte {
	label, text := clean(b.Label), clean(b.Text)
	color, ok := ParseColor(b.Color)
	if !ok {
		color = named["grey"]
	}
	const padding = 6
	left, right := 0, wide(text)+2*padding
	if label != "" {
		left = wide(label) + 2*padding
	}
	said := text
	if label != "" {
		said = label + ": " + text
	}
	said = html.EscapeString(said)
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s"><title>%[2]s</title>`, left+right, said)
	fmt.Fprintf(&out, `<clipPath id="r"><rect width="%d" height="20" rx="%d"/></clipPath><g clip-path="url(#r)">`, left+right, b.radius())
	if left > 0 {
		fmt.Fprintf(&out, `<rect width="%d" height="20" fill="#%06x"/>`, left, labelColor)
	}
	fmt.Fprintf(&out, `<rect x="%d" width="%d" height="20" fill="#%06x"/></g>`, left, right, color)
	out.WriteString(`<g font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">`)
	if left > 0 {
		write(&out, label, padding, Ink(labelColor))
	}
	write(&out, text, left+padding, Ink(color))
	out.WriteString("</g></svg>\n")
	return []byte(out.String())
}

func (b Badge) radius() int {
	switch b.Style {
	case "square":
		return 0
	case "pill":
		return 10
	default:
		return 3
	}
}

// write writes text that takes as much room as it was given, whatever font there is.
func write(out *strings.Builder, text string, x int, ink uint32) {
	fmt.Fprintf(out, `<text x="%d" y="14" fill="#%06x" textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`, x, ink, wide(text), html.EscapeString(text))
}

// clean makes one short line of what somebody wrote.
func clean(text string) string {
	var out []rune
	for _, r := range strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ") {
		if !unicode.IsPrint(r) {
			continue
		}
		if len(out) == Most {
			return string(out[:Most-1]) + "…"
		}
		out = append(out, r)
	}
	return string(out)
}

// wide is about how many pixels a text takes in Verdana of 11 pixels.
func wide(text string) int {
	var sum float64
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijl.,:;'|!", r):
			sum += 3.6
		case strings.ContainsRune(" fIt()[]/", r):
			sum += 4.6
		case strings.ContainsRune("-rJ", r):
			sum += 5
		case strings.ContainsRune("cszk", r):
			sum += 6
		case strings.ContainsRune("mwMW%@+~=<>", r):
			sum += 9.6
		case r < 0x80 && unicode.IsUpper(r):
			sum += 7.8
		case r < 0x250:
			sum += 6.9
		default:
			sum += 11
		}
	}
	return max(1, int(math.Ceil(sum)))
}
