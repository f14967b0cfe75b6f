package card

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/flight"
	"hexhub/internal/kernel/line"
)

const (
	keptCards = 128 // some 40 kB each
	queue     = 16  // drawings that may wait for their turn
)

// A Drawer draws cards for many who ask: each card once, as long as it is remembered, and few at a time. Make it with
// [NewDrawer]; it is safe for concurrent use.
type Drawer struct {
	flights flight.Group[[]byte]
	cards   *lru.Cache[Card, []byte]
	line    *line.Line // of those who draw
	draw    func(Card) ([]byte, error)
}

// NewDrawer returns a Drawer that uses up to half of the processors.
func NewDrawer() *Drawer { return newDrawer(max(1, runtime.GOMAXPROCS(0)/2), Card.PNG) }

func newDrawer(atATime int, draw func(Card) ([]byte, error)) *Drawer {
	cards, err := lru.New[Card, []byte](keptCards)
	if err != nil {
		panic(err) // the size is a constant, and positive
	}
	return &Drawer{cards: cards, line: line.New(atATime, queue), draw: draw}
}

// Draw returns the card's picture, which is shared. When too many others are asked for it fails with Unavailable.
func (d *Drawer) Draw(ctx context.Context, c Card) ([]byte, error) {
	kept := func() ([]byte, bool) { return d.cards.Get(c) }
	return d.flights.Once(ctx, c.key(), kept, func(ctx context.Context) ([]byte, error) { return d.make(ctx, c) })
}

func (d *Drawer) make(ctx context.Context, c Card) ([]byte, error) {
	leave, err := d.line.Enter(ctx)
	if errors.Is(err, line.ErrFull) {
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "Too many pictures are being drawn. Ask again in a moment.", RetryAfter: 5 * time.Second}
	}
	if err != nil {
		return nil, fmt.Errorf("wait to draw: %w", err)
	}
	defer leave()
	picture, err := d.draw(c)
	if err == nil {
		d.cards.Add(c, picture)
	}
	return picture, err
}

func (c Card) key() string {
	const apart = "\x00"
	return c.Site + apart + c.Title + apart + c.Mark + apart + c.About + apart + c.Facts
}
