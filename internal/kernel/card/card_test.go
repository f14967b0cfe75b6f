package card

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"hexhub/internal/kernel/fault"
)

var decimal = Card{
	Site: "hub.example.com", Title: "decimal", Mark: "2.3.0", About: "Arbitrary precision decimal arithmetic that never loses a cent, however often it is asked to.",
	Facts: "1.2M downloads  ·  Apache-2.0  ·  3 requirements",
}

// Whatever is to be on a card, there is a picture of the right size, and not a large one. With CARDS set to a folder
// the pictures are kept there, to look at.
func TestEveryCardIsAPicture(t *testing.T) {
	for name, c := range map[string]Card{
		"usual":   decimal,
		"empty":   {},
		"long":    {Site: strings.Repeat("a", 500), Title: strings.Repeat("wm", 100), Mark: "1.0.0-" + strings.Repeat("rc.", 40), About: strings.Repeat("much to say ", 500), Facts: strings.Repeat("facts ", 100)},
		"foreign": {Site: "域名", Title: "пакет", Mark: "1.0", About: "漢字 \x00\xff \u202e <b>", Facts: "Ω"},
	} {
		body, err := c.PNG()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		config, err := png.DecodeConfig(bytes.NewReader(body))
		if err != nil || config.Width != Width || config.Height != Height || len(body) > 150_000 {
			t.Errorf("%s: %dx%d in %d bytes, %v", name, config.Width, config.Height, len(body), err)
		}
		if dir := os.Getenv("CARDS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".png"), body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// All who want one card at once get it drawn once, and whoever comes later as well.
func TestOneCardIsDrawnOnce(t *testing.T) {
	var drawn int
	d := newDrawer(1, func(c Card) ([]byte, error) { drawn++; return []byte(c.Title), nil })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got, err := d.Draw(t.Context(), decimal); err != nil || string(got) != "decimal" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if drawn != 1 {
		t.Errorf("it was drawn %d times", drawn)
	}
}

// However many cards are wanted, few are drawn at a time, some wait, and the rest is told to come back.
func TestTooManyCardsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, begun := make(chan struct{}), make(chan struct{}, 100)
		d := newDrawer(2, func(c Card) ([]byte, error) { begun <- struct{}{}; <-release; return nil, nil })
		answers := make(chan error, 100)
		for i := range 2 + queue + 5 {
			go func() {
				_, err := d.Draw(t.Context(), Card{Title: strings.Repeat("x", i)})
				answers <- err
			}()
		}
		synctest.Wait()
		if len(begun) != 2 || len(answers) != 5 {
			t.Fatalf("%d are drawn at a time, %d are refused; want 2 and 5", len(begun), len(answers))
		}
		for range 5 {
			if err := <-answers; !fault.Is(err, fault.Unavailable) {
				t.Errorf("refused with %v", err)
			}
		}
		close(release)
		synctest.Wait()
		for range 2 + queue {
			if err := <-answers; err != nil {
				t.Errorf("who waited got %v", err)
			}
		}
	})
}

func BenchmarkCard(b *testing.B) {
	for b.Loop() {
		if _, err := decimal.PNG(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestIconIsTheSign(t *testing.T) {
	body, err := Icon(96)
	if err != nil {
		t.Fatal(err)
	}
	p, err := png.Decode(bytes.NewReader(body))
	if err != nil || p.Bounds() != image.Rect(0, 0, 96, 96) {
		t.Fatalf("%v, %v", p.Bounds(), err)
	}
	for at, want := range map[image.Point]color.Color{{X: 48, Y: 48}: color.White, {X: 48, Y: 20}: iris, {X: 1, Y: 1}: color.Transparent} {
		if got := color.NRGBAModel.Convert(p.At(at.X, at.Y)); got != color.NRGBAModel.Convert(want) {
			t.Errorf("%v is %v, want %v", at, got, want)
		}
	}
}
