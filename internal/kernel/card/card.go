// Package card draws cards: the pictures of 1200 by 630 pixels that chats and social networks show beside a link; and
// the site's icon.
//
// It knows fonts, lines and colours, and not what the words on a card mean. Drawing is pure Go and costs some
// milliseconds of a processor; a [Drawer] bounds how much of that happens at a time, and keeps what it drew.
package card

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// The size of a card in pixels.
const (
	Width  = 1200
	Height = 630
)

// A Card is what is written on one.
type Card struct {
	Site  string // on top, small
	Title string // large, on one line
	Mark  string // beside the title in a pill, such as a version; may be empty
	About string // some lines of text; what does not fit is cut
	Facts string // the last line
}

var (
	night  = color.RGBA{0x1d, 0x1a, 0x2b, 0xff}
	mesh   = color.RGBA{0x2a, 0x26, 0x3d, 0xff}
	violet = color.RGBA{0xc3, 0xa8, 0xf5, 0xff}
	honey  = color.RGBA{0xf4, 0xbc, 0x4e, 0xff}
	paper  = color.RGBA{0xf0, 0xee, 0xf6, 0xff}
	muted  = color.RGBA{0xb4, 0xae, 0xc4, 0xff}
	iris   = color.RGBA{0x6a, 0x3f, 0xd0, 0xff}
)

const margin = 80

// PNG draws the card. Its bytes depend on the card alone.
func (c Card) PNG() ([]byte, error) {
	s := sheet{image.NewRGBA(image.Rect(0, 0, Width, Height))}
	draw.Draw(s, s.Bounds(), image.NewUniform(night), image.Point{}, draw.Src)
	for _, at := range [][2]float32{{1040, 60}, {1196, 60}, {1118, 195}, {962, 195}, {1040, 330}, {1196, 330}, {1118, 465}, {1196, 600}, {1040, 600}} {
		s.hexagon(at[0], at[1], 84, mesh)
	}
	s.hexagon(1118, 195, 84, violet)
	s.letter(1118, 195, 5.6, night)
	s.circle(1166, 149, 17, honey)

	fonts, err := load()
	if err != nil {
		return nil, err
	}
	s.write(fonts.regular, 34, margin, 120, muted, fonts.regular.fit(c.Site, 34, 860))
	size := 92.0
	for size > 44 && fonts.bold.width(c.Title, size)+fonts.markWidth(c.Mark) > 880 {
		size -= 4
	}
	title := fonts.bold.fit(c.Title, size, 880-fonts.markWidth(c.Mark))
	s.write(fonts.bold, size, margin, 275, paper, title)
	if c.Mark != "" {
		s.pill(fonts, margin+fonts.bold.width(title, size)+28, 275, c.Mark)
	}
	for i, line := range fonts.regular.lines(c.About, 38, 860, 3) {
		s.write(fonts.regular, 38, margin, 355+54*i, muted, line)
	}
	s.write(fonts.bold, 30, margin, 560, violet, fonts.bold.fit(c.Facts, 30, 960))
	return s.png()
}

// Icon draws the site's icon as a PNG, a square with so many pixels on each side. A browser opens a document for an
// icon that is an SVG; a phone feels that.
func Icon(side int) ([]byte, error) {
	s := sheet{image.NewRGBA(image.Rect(0, 0, side, side))}
	middle := float32(side) / 2
	s.hexagon(middle, middle, middle*0.9, iris)
	s.letter(middle, middle, middle/16, color.White)
	return s.png()
}

// A sheet is what a card is drawn on.
type sheet struct{ *image.RGBA }

func (s sheet) png() ([]byte, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, s.RGBA); err != nil {
		return nil, fmt.Errorf("encode a picture: %w", err)
	}
	return out.Bytes(), nil
}

// hexagon fills one that stands on a corner.
func (s sheet) hexagon(x, y, radius float32, c color.Color) {
	points := make([][2]float32, 6)
	for i := range points {
		sin, cos := math.Sincos(float64(i)*math.Pi/3 + math.Pi/6)
		points[i] = [2]float32{x + radius*float32(cos), y + radius*float32(sin)}
	}
	s.fill(points, c)
}

// letter writes the H of the sign into its hexagon.
func (s sheet) letter(x, y, unit float32, c color.Color) {
	var points [][2]float32
	for _, p := range [][2]float32{{-5.6, -6.4}, {-2.6, -6.4}, {-2.6, -1.4}, {2.6, -1.4}, {2.6, -6.4}, {5.6, -6.4}, {5.6, 6.4}, {2.6, 6.4}, {2.6, 1.2}, {-2.6, 1.2}, {-2.6, 6.4}, {-5.6, 6.4}} {
		points = append(points, [2]float32{x + p[0]*unit, y + p[1]*unit})
	}
	s.fill(points, c)
}

func (s sheet) circle(x, y, radius float32, c color.Color) {
	points := make([][2]float32, 48)
	for i := range points {
		sin, cos := math.Sincos(float64(i) * 2 * math.Pi / float64(len(points)))
		points[i] = [2]float32{x + radius*float32(cos), y + radius*float32(sin)}
	}
	s.fill(points, c)
}

func (s sheet) fill(points [][2]float32, c color.Color) {
	left, top, right, bottom := points[0][0], points[0][1], points[0][0], points[0][1]
	for _, p := range points {
		left, right, top, bottom = min(left, p[0]), max(right, p[0]), min(top, p[1]), max(bottom, p[1])
	}
	// The work is in the size of the rectangle around it.
	x, y := float32(math.Floor(float64(left))), float32(math.Floor(float64(top)))
	around := image.Rect(0, 0, int(right-x)+2, int(bottom-y)+2)
	r := vector.NewRasterizer(around.Dx(), around.Dy())
	r.MoveTo(points[0][0]-x, points[0][1]-y)
	for _, p := range points[1:] {
		r.LineTo(p[0]-x, p[1]-y)
	}
	r.ClosePath()
	r.Draw(s, around.Add(image.Pt(int(x), int(y))), image.NewUniform(c), image.Point{})
}

// pill writes a mark on honey.
func (s sheet) pill(f fonts, x, baseline int, mark string) {
	mark = f.mono.fit(mark, markSize, markRoom)
	w := f.mono.width(mark, markSize)
	left, right, middle := float32(x+26), float32(x+26+w), float32(baseline-markSize/3)
	const radius = 31
	s.circle(left, middle, radius, honey)
	s.circle(right, middle, radius, honey)
	s.fill([][2]float32{{left, middle - radius}, {right, middle - radius}, {right, middle + radius}, {left, middle + radius}}, honey)
	s.write(f.mono, markSize, x+26, baseline+1, night, mark)
}

func (s sheet) write(t typeface, size float64, x, baseline int, c color.Color, text string) {
	face := t.face(size)
	defer face.Close()
	d := font.Drawer{Dst: s, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, baseline)}
	d.DrawString(text)
}

const (
	markSize = 38  // of the letters
	markRoom = 330 // pixels for the letters
)

type fonts struct{ regular, bold, mono typeface }

// markWidth is how much room a mark takes beside the title.
func (f fonts) markWidth(mark string) int {
	if mark == "" {
		return 0
	}
	return 28 + 2*26 + f.mono.width(f.mono.fit(mark, markSize, markRoom), markSize)
}

var load = sync.OnceValues(func() (f fonts, err error) {
	for from, to := range map[*[]byte]*typeface{&goregular.TTF: &f.regular, &gobold.TTF: &f.bold, &gomono.TTF: &f.mono} {
		if to.Font, err = opentype.Parse(*from); err != nil {
			return f, fmt.Errorf("read a font: %w", err)
		}
	}
	return f, nil
})

// A typeface may be used by many at once; a face of it by one.
type typeface struct{ *sfnt.Font }

func (t typeface) face(size float64) font.Face {
	// It cannot fail: of the options, only the hinting could be unknown.
	face, err := opentype.NewFace(t.Font, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err)
	}
	return face
}

func (t typeface) width(text string, size float64) int {
	face := t.face(size)
	defer face.Close()
	return font.MeasureString(face, text).Ceil()
}

// known leaves out the letters that the font does not have, which would be boxes.
func (t typeface) known(text string) string {
	var b sfnt.Buffer
	return strings.Map(func(r rune) rune {
		if i, err := t.GlyphIndex(&b, r); err != nil || i == 0 {
			return -1
		}
		return r
	}, strings.Join(strings.Fields(text), " "))
}

// fit returns as much of a text as fits, with an ellipsis where something is cut off.
func (t typeface) fit(text string, size float64, room int) string {
	face := t.face(size)
	defer face.Close()
	letters := []rune(t.known(cut(text)))
	dots, _ := face.GlyphAdvance('…')
	limit, x, fits := fixed.I(room), fixed.Int26_6(0), 0
	for i, r := range letters {
		if i > 0 {
			x += face.Kern(letters[i-1], r)
		}
		advance, _ := face.GlyphAdvance(r)
		if x += advance; x > limit {
			return strings.TrimRight(string(letters[:fits]), " ") + "…"
		}
		if x+dots <= limit {
			fits = i + 1
		}
	}
	return string(letters)
}

// lines breaks a text between words; the last line tells when there would be more.
func (t typeface) lines(text string, size float64, room, most int) (out []string) {
	face := t.face(size)
	defer face.Close()
	words := strings.Fields(t.known(cut(text)))
	for len(words) > 0 && len(out) < most-1 {
		n, x := 0, fixed.Int26_6(0)
		for n < len(words) {
			x += font.MeasureString(face, words[n])
			if n > 0 && x > fixed.I(room) {
				break
			}
			x += font.MeasureString(face, " ")
			n++
		}
		out = append(out, t.fit(strings.Join(words[:n], " "), size, room))
		words = words[n:]
	}
	if len(words) > 0 {
		out = append(out, t.fit(strings.Join(words, " "), size, room))
	}
	return out
}

// cut bounds the work that a long text makes: no more of it could be seen.
func cut(text string) string {
	const most = 400
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most])
	}
	return text
}
