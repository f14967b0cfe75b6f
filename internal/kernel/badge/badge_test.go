package badge_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hexhub/internal/kernel/badge"
)

// Text is readable on every colour that anybody may ask for.
func TestInkIsReadableOnEveryColor(t *testing.T) {
	for r := range uint32(32) {
		for g := range uint32(32) {
			for b := range uint32(32) {
				color := r*8<<16 | g*8<<8 | b*8
				if c := badge.Contrast(color, badge.Ink(color)); c < 4.5 {
					t.Fatalf("contrast on #%06x is %.2f", color, c)
				}
			}
		}
	}
}

func TestContrastIsThatOfWCAG(t *testing.T) {
	for _, c := range []struct {
		a, b uint32
		want float64
	}{{0, 0xffffff, 21}, {0xffffff, 0xffffff, 1}, {0x767676, 0xffffff, 4.54}} {
		if got := badge.Contrast(c.a, c.b); got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("contrast of #%06x and #%06x is %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

func TestColorsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]uint32{"#fff": 0xffffff, "fff": 0xffffff, "#12AbEf": 0x12abef, "Violet": 0x5f35ae} {
		if got, ok := badge.ParseColor(text); !ok || got != want {
			t.Errorf("%q is #%06x, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "#", "#ff", "#ggg", "url(x)", `red"`, "+fffff", "0x1234"} {
		if got, ok := badge.ParseColor(text); ok {
			t.Errorf("%q is the colour #%06x", text, got)
		}
	}
}

// D13: whatever is written on a badge stays text, in a picture that is well-formed and of bounded size.
func TestD13WhatIsSaidStaysText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 200, -1)
		b := badge.Badge{Label: text.Draw(t, "label") + `"><svg/onload=alert(1)>`, Text: text.Draw(t, "text") + "</title><script>", Color: text.Draw(t, "color"), Style: text.Draw(t, "style")}
		svg := b.SVG()
		if len(svg) > 4096 {
			t.Fatalf("%d bytes", len(svg))
		}
		d := xml.NewDecoder(strings.NewReader(string(svg)))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%v in %s", err, svg)
			}
			if e, ok := token.(xml.StartElement); ok && !strings.Contains(" svg title clipPath rect g text ", " "+e.Name.Local+" ") {
				t.Fatalf("an element %s in %s", e.Name.Local, svg)
			}
		}
	})
}
