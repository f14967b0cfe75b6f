package card

import (
	"context"
	"runtime"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/flight"
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
	waiting chan struct{} // has one for each who draws or waits to
	drawing chan struct{} // has one for each who draws
	draw    func(Card) ([]byte, error)
}

// NewDrawer returns a Drawer that uses up to half of the processors.
func NewDrawer() *Drawer { return newDrawer(max(1, runtime.GOMAXPROCS(0)/2), Card.PNG) }

func newDrawer(atATime int, draw func(Card) ([]byte, error)) *Drawer {
	cards, err := lru.New[Card, []byte](keptCards)
	if err != nil {
		panic(err) // the size is a constant, and positive
	}
	return &Drawer{cards: cards, waiting: make(chan struct{}, atATime+queue), drawing: make(chan struct{}, atATime), draw: draw}
}

// Draw returns the card's picture, which is shared. When too many others are asked for it fails with Unavailable.
func (d *Drawer) Draw(ctx context.Context, c Card) ([]byte, error) {
	kept := func() ([]byte, bool) { return d.cards.Get(c) }
	return d.flights.Once(ctx, c.key(), kept, func(context.Context) ([]byte, error) { return d.make(c) })
}

func (d *Drawer) make(c Card) ([]byte, error) {
	select {
	case d.waiting <- struct{}{}:
	default:
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "Too many pictures are being drawn. Ask again in a moment.", RetryAfter: 5 * time.Second}
	}
	defer func() { <-d.waiting }()
	d.drawing <- struct{}{}
	defer func() { <-d.drawing }()
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
