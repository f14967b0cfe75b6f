package blob

import "io"

// Spooled is an upload at rest: bytes of known hash and size that a store holds in a temporary
// place. It reads, seeks and reads at offsets like any io.SectionReader, also after it was put.
//
// Put moves it into its store; Close gives up what was not put. One goroutine at a time may call
// those two.
type Spooled struct {
	*io.SectionReader
	hash Hash
	rest io.Closer // the temporary place; its type is known to the store that made it
}

func newSpooled(at source, h Hash, size int64) *Spooled {
	return &Spooled{SectionReader: io.NewSectionReader(at, 0, size), hash: h, rest: at}
}

// Hash returns the SHA-256 of the bytes.
func (s *Spooled) Hash() Hash { return s.hash }

// Close releases the temporary place and removes the bytes from it, unless they were put. It is
// harmless to call it again.
func (s *Spooled) Close() error { return s.rest.Close() }
