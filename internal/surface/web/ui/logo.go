package ui

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"strconv"
	"strings"
)

// A Logo is the operator's own sign, in place of ours.
type Logo struct {
	kind          string // its media type
	file          string // the name under which it is served
	body          []byte
	width, height float64 // only their ratio counts
}

// What a logo may be at most.
const (
	maxLogo  = 256 << 10 // bytes
	maxRatio = 8         // of its width to its height
)

// ParseLogo reads a picture in PNG or SVG.
func ParseLogo(body []byte) (*Logo, error) {
	if len(body) > maxLogo {
		return nil, fmt.Errorf("it has more than %d kB", maxLogo>>10)
	}
	l := &Logo{body: body}
	var err error
	if bytes.HasPrefix(body, []byte("\x89PNG")) {
		err = l.readPNG()
	} else {
		err = l.readSVG()
	}
	if err != nil {
		return nil, err
	}
	if l.width <= 0 || l.height <= 0 || l.width > maxRatio*l.height || l.height > maxRatio*l.width {
		return nil, fmt.Errorf("it is %g wide and %g high: a logo is up to %d times as wide as it is high, or as high as it is wide", l.width, l.height, maxRatio)
	}
	l.file = "logo." + contentHash(body) + map[string]string{"image/png": ".png", "image/svg+xml": ".svg"}[l.kind]
	return l, nil
}

func (l *Logo) readPNG() error {
	c, err := png.DecodeConfig(bytes.NewReader(l.body))
	if err != nil {
		return fmt.Errorf("read it as PNG: %w", err)
	}
	l.kind, l.width, l.height = "image/png", float64(c.Width), float64(c.Height)
	return nil
}

// readSVG takes a whole document that states its size and declares nothing of its own.
func (l *Logo) readSVG() error {
	d := xml.NewDecoder(bytes.NewReader(l.body))
	for {
		token, err := d.Token()
		switch {
		case err == io.EOF && l.kind != "":
			return nil
		case err != nil:
			return fmt.Errorf("read it as SVG: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("it has a declaration in <!…>: leave that away")
		case xml.StartElement:
			if err := l.begin(t); err != nil {
				return err
			}
		}
	}
}

// begin takes the outermost element for what the picture is.
func (l *Logo) begin(e xml.StartElement) error {
	switch {
	case l.kind != "":
		return nil
	case e.Name.Local != "svg":
		return fmt.Errorf("it is neither PNG nor SVG, but begins with <%s>", e.Name.Local)
	}
	l.kind = "image/svg+xml"
	l.width, l.height = sizeOf(e.Attr)
	return nil
}

// sizeOf is the size that an SVG states: by its view box, or else by its width and height.
func sizeOf(attributes []xml.Attr) (width, height float64) {
	values := map[string]string{}
	for _, a := range attributes {
		values[a.Name.Local] = a.Value
	}
	number := func(text string) float64 {
		n, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "px"), 64) // none is no size
		return n
	}
	if box := strings.Fields(strings.ReplaceAll(values["viewBox"], ",", " ")); len(box) == 4 {
		return number(box[2]), number(box[3])
	}
	return number(values["width"]), number(values["height"])
}

// logoHeight is how high logos are shown, in pixels.
const logoHeight = 28

// shownWidth is how wide the logo is where it is shown.
func (l *Logo) shownWidth() string { return strconv.Itoa(max(int(logoHeight*l.width/l.height), 1)) }
