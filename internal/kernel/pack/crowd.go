package pack

import "sync"

// crowds are those who want packs that one of them makes: the maker goes on when he who asked first has left, and needs
// to know when nobody is left. The zero value is ready, and safe for concurrent use.
type crowds struct {
	mu sync.Mutex // guards all below
	of map[string]*crowd
}

type crowd struct {
	size int
	left chan struct{} // closed when nobody is in it any more
}

// join has one more want what key names, until he leaves.
func (c *crowds) join(key string) (left <-chan struct{}, leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]*crowd{}
	}
	one := c.of[key]
	if one == nil {
		one = &crowd{left: make(chan struct{})}
		c.of[key] = one
	}
	one.size++
	return one.left, func() { c.leave(key, one) }
}

func (c *crowds) leave(key string, one *crowd) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.size--; one.size == 0 {
		delete(c.of, key)
		close(one.left)
	}
}
