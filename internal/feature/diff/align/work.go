package align

// Work is how many steps may still be done. A step is about a nanosecond. It is for one goroutine.
type Work struct{ Left int }

// Spend takes steps away, and reports whether there were as many.
func (w *Work) Spend(steps int) bool {
	w.Left -= steps
	return w.Left >= 0
}
