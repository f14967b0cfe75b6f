package preview

import (
	"container/list"
	"sync"
)

// overhead is what something kept takes beside its bytes.
const overhead = 512

// kept remembers values up to a number of bytes, and forgets those first that were not asked for longest.
type kept struct {
	mu    sync.Mutex // guards all below
	left  int        // bytes
	order *list.List // of *keeping, those asked for lately in front
	by    map[key]*list.Element
}

type keeping struct {
	key   key
	value any
	size  int
}

func newKept(bytes int) *kept {
	return &kept{left: bytes, order: list.New(), by: map[key]*list.Element{}}
}

func (c *kept) get(k key) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.by[k]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*keeping).value, true
}

// put keeps a value that takes size bytes, unless it alone exceeds what may be kept.
func (c *kept) put(k key, value any, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.by[k]; ok {
		c.drop(e)
	}
	size += overhead
	c.by[k] = c.order.PushFront(&keeping{k, value, size})
	for c.left -= size; c.left < 0; {
		c.drop(c.order.Back())
	}
}

func (c *kept) drop(e *list.Element) {
	k := c.order.Remove(e).(*keeping)
	delete(c.by, k.key)
	c.left += k.size
}
