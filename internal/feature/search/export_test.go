package search

// Recount reads downloads anew, as Run does now and then.
func (x *Index) Recount() { x.recount() }

// Count reads them although none has changed.
func (x *Index) Count() { x.count() }

// Follow brings the index up to date.
func (x *Index) Follow() { x.current() }
