// Package flight lets all who want the same at the same time wait for one of them, who makes it.
//
// It knows keys; what is made, and whether it is kept, its callers know.
package flight

import (
	"context"

	"golang.org/x/sync/singleflight"
)

// A Group is of what is made at the moment. The zero value is ready, and safe for concurrent use.
type Group[V any] struct{ flights singleflight.Group }

// Do makes what the key names, or waits for whoever does. What is made is shared. Who leaves, when ctx ends, ends the
// waiting for himself alone: the context of perform has the values of the first and goes on.
func (g *Group[V]) Do(ctx context.Context, key string, perform func(context.Context) (V, error)) (V, error) {
	made := g.flights.DoChan(key, func() (any, error) { return perform(context.WithoutCancel(ctx)) })
	select {
	case got := <-made:
		v, _ := got.Val.(V)
		return v, got.Err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// Once is Do for what is kept. That is looked up first, and again by whoever is about to make it: another may have done so
// between the two.
func (g *Group[V]) Once(ctx context.Context, key string, kept func() (V, bool), perform func(context.Context) (V, error)) (V, error) {
	if v, ok := kept(); ok {
		return v, nil
	}
	return g.Do(ctx, key, func(ctx context.Context) (V, error) {
		if v, ok := kept(); ok {
			return v, nil
		}
		return perform(ctx)
	})
}
