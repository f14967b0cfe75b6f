package ui

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
)

func TestLogosArePicturesOfAHead(t *testing.T) {
	var wide, endless bytes.Buffer
	for b, width := range map[*bytes.Buffer]int{&wide: 200, &endless: 2000} {
		if err := png.Encode(b, image.NewRGBA(image.Rect(0, 0, width, 100))); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		body, kind, width, wrong string
	}{
		"PNG":             {wide.String(), "image/png", "56", ""},
		"SVG with a box":  {`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32,64"><path/></svg>`, "image/svg+xml", "14", ""},
		"SVG with a size": {`<svg xmlns="http://www.w3.org/2000/svg" width="100px" height="50"></svg>`, "image/svg+xml", "56", ""},
		"SVG without one": {`<svg xmlns="http://www.w3.org/2000/svg"></svg>`, "", "", "0 wide and 0 high"},
		"much too wide":   {endless.String(), "", "", "2000 wide and 100 high"},
		"half a PNG":      {wide.String()[:20], "", "", "as PNG"},
		"half an SVG":     {`<svg viewBox="0 0 1 1"><g>`, "", "", "as SVG"},
		"a page":          {`<html></html>`, "", "", "begins with <html>"},
		"entities":        {`<!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 1 1">&a;</svg>`, "", "", "declaration"},
		"nothing":         {"", "", "", "as SVG"},
		"much":            {strings.Repeat(" ", maxLogo+1), "", "", "256 kB"},
	} {
		l, err := ParseLogo([]byte(c.body))
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v, want %q", name, err, c.wrong)
			}
			continue
		}
		if err != nil || l.kind != c.kind || l.shownWidth() != c.width {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}
