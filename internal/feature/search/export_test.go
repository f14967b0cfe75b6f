package search

// Recount reads downloads anew, as Run does now and then.
func (x *Index) Recount() { x.recount() }

// Count reads them although none has changed.
func (x *Index) Count() { x.count() }

// Follow brings the index up to date.
func (x *Index) Follow() { x.current() }

// IsCurrent reports whether the index shows what the tables do.
func (x *Index) IsCurrent() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.view != nil && !x.view.Stale()
}
