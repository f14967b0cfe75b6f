// Package flight lets all who want the same at the same time wait for one of them, who makes it, and ends the work when
// nobody waits for it any more.
//
// It knows keys; what is made, and whether it is kept, its callers know.
package flight

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// A Group is of what is made at the moment. The zero value is ready, and safe for concurrent use.
type Group[V any] struct {
	mu      sync.Mutex // guards flights, and what their comment says
	flights map[string]*flight[V]
}

// A flight is the making of one thing.
type flight[V any] struct {
	waiting   int                // guarded by the group
	end       context.CancelFunc // of the work
	abandoned bool               // nobody waited at some time; guarded by the group

	landed chan struct{} // closed when what follows is there
	made   V
	err    error
	broken any // what the work panicked with; nil if it did not
}

// Do makes what the key names, or waits for whoever does. What is made is shared. Who leaves, when ctx ends, ends the
// waiting for himself alone: the context of perform has the values of the first, and ends when all have left. Who comes
// afterwards gets what was made nevertheless, or it is made anew. A panic of perform is one of all who wait, and ends no
// other work of the program.
func (g *Group[V]) Do(ctx context.Context, key string, perform func(context.Context) (V, error)) (V, error) {
	for {
		f, late := g.join(ctx, key, perform)
		select {
		case <-f.landed:
			if f.broken != nil {
				panic(f.broken)
			}
			if late && f.err != nil {
				continue // the others have left, which is no reason for him who stays
			}
			return f.made, f.err
		case <-ctx.Done():
			g.leave(f)
			var none V
			return none, ctx.Err()
		}
	}
}

// join has one more wait for what the key names. He is late if all others have left.
func (g *Group[V]) join(ctx context.Context, key string, perform func(context.Context) (V, error)) (f *flight[V], late bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.flights[key]; f != nil {
		f.waiting++
		return f, f.abandoned
	}
	if g.flights == nil {
		g.flights = map[string]*flight[V]{}
	}
	f = &flight[V]{waiting: 1, landed: make(chan struct{})}
	ctx, f.end = context.WithCancel(context.WithoutCancel(ctx))
	g.flights[key] = f
	go g.fly(ctx, key, f, perform)
	return f, false
}

// fly makes what the key names.
func (g *Group[V]) fly(ctx context.Context, key string, f *flight[V], perform func(context.Context) (V, error)) {
	defer f.end()
	defer g.land(key, f)
	defer func() {
		if p := recover(); p != nil {
			f.broken = fmt.Sprintf("%v\n\n%s", p, debug.Stack()) // whoever panics on has another stack
		}
	}()
	f.made, f.err = perform(ctx)
}

// land hands out what was made.
func (g *Group[V]) land(key string, f *flight[V]) {
	g.mu.Lock()
	delete(g.flights, key)
	g.mu.Unlock()
	close(f.landed)
}

// leave has one less wait. The last one ends the work.
func (g *Group[V]) leave(f *flight[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.abandoned = true
		f.end()
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
