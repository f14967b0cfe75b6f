package store

import "context"

type condition struct{}

// OnlyIf returns a context whose every Update first runs check, in the same transaction: what check reads is
// guarded with all the rest, and its error ends the Update. So whoever may act only while something is so, such
// as being the leader, cannot commit once it is not, however late he comes; and whoever does the Update for him
// need not know. The latest condition counts.
func OnlyIf(ctx context.Context, check func(*Tx) error) context.Context {
	return context.WithValue(ctx, condition{}, check)
}

// run runs fn, if the context's condition holds.
func (tx *Tx) run(ctx context.Context, fn func(*Tx) error) error {
	if check, ok := ctx.Value(condition{}).(func(*Tx) error); ok {
		if err := check(tx); err != nil {
			return err
		}
	}
	return fn(tx)
}
