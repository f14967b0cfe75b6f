package blob

import (
	"os"
	"sync"
)

// trustMax is how many blobs of one generation are remembered; two generations are about 6 MB.
const trustMax = 32 << 10

// stamp tells one state of a file from another.
type stamp struct{ size, modified int64 }

// trust remembers which files have been read whole and matched their hash, so that hot blobs are
// hashed once. Its zero value is empty and ready. When the young generation is full the old one is
// forgotten, which costs a popular blob no more than one hashing.
type trust struct {
	mu         sync.Mutex // guards both
	young, old map[Hash]stamp
}

func (t *trust) has(h Hash, s stamp) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	got, ok := t.young[h]
	if !ok {
		got, ok = t.old[h]
	}
	return ok && got == s
}

func (t *trust) add(h Hash, s stamp) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.young == nil || len(t.young) >= trustMax {
		t.young, t.old = make(map[Hash]stamp), t.young
	}
	t.young[h] = s
}

func (t *trust) drop(h Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.young, h)
	delete(t.old, h)
}

// trusted is a Reader without checks. Being an os.File, it lets net/http send it by sendfile(2).
type trusted struct {
	*os.File
	size int64
}

// Size implements Reader.
func (t trusted) Size() int64 { return t.size }
