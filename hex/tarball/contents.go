package tarball

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// maxWarnings bounds what an archive can make us say.
const maxWarnings = 100

// contents is what a compressed archive of files turned out to hold.
type contents struct {
	files    []File
	unpacked int64
	warnings []string
}

// readContents checks a gzipped tar archive in one pass, in which visit, unless it is nil, sees the files. The gzip
// stream is a single member and is read to its end, or else its checksum would go unverified.
func readContents(r *io.SectionReader, t tree, visit func(File, io.Reader) error) (*contents, error) {
	src := &source{r: r}
	packed := bufio.NewReaderSize(src, 32<<10)
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, src.explain(err)
	}
	z.Multistream(false)
	m := &meter{r: z, packed: r.Size()}
	w := &walker{r: bufio.NewReaderSize(m, 32<<10), tree: t, visit: visit}
	if err := w.walk(); err != nil {
		return nil, src.explain(err)
	}
	if _, err := packed.ReadByte(); err == nil {
		return nil, refuse(TrailingData, "data after the gzip stream")
	} else if err != io.EOF {
		return nil, src.explain(err)
	}
	w.unpacked = m.written
	return &w.contents, nil
}

// A source remembers a failure of the underlying file, which is not the archive's fault.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// explain turns an error of the decompressor into a refusal.
func (s *source) explain(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if v, ok := errors.AsType[*visitError](err); ok {
		return v.err
	}
	if s.err != nil {
		return fmt.Errorf("read tarball: %w", s.err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(Truncated, "unexpected end of file")
	}
	return refuse(BadGzip, "not a valid gzip stream: %v", err)
}

// A meter stops decompression at the limits.
type meter struct {
	r       io.Reader
	packed  int64 // bytes before decompression
	written int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.written += int64(n)
	switch {
	case m.written > MaxUnpacked:
		return 0, refuse(TooBig, "too_big_uncompressed: the files exceed %d bytes", MaxUnpacked)
	case m.written > RatioFrom && m.written > MaxRatio*m.packed:
		return 0, refuse(TooBig, "the files expand more than %d times", MaxRatio)
	}
	return n, err
}

// A walker reads the entries of a tar archive.
type walker struct {
	r    *bufio.Reader
	buf  block
	tree tree
	contents
	visit func(File, io.Reader) error // may be nil
}

func (w *walker) walk() error {
	var x extension
	for {
		b, err := w.block()
		if err != nil {
			return err
		}
		if *b == zeroBlock {
			break
		}
		h, err := parseHeader(b)
		if err != nil {
			return err
		}
		switch h.kind {
		case kindPAX, kindLongName, kindLongLink:
			err = w.extend(h, &x)
		default:
			err = w.entry(h, x)
			x = extension{}
		}
		if err != nil {
			return err
		}
	}
	if x.seen {
		return refuse(BadHeader, "an extension without an entry")
	}
	if err := w.finish(); err != nil {
		return err
	}
	if p, ok := w.tree.places["hex_metadata.config"]; ok && p.kind != kindFile {
		return refuse(UnsafePath, "%s must be a regular file, Hex writes to it", p.path)
	}
	return w.tree.checkLinks()
}

func (w *walker) block() (*block, error) {
	_, err := io.ReadFull(w.r, w.buf[:])
	return &w.buf, err
}

// finish reads what follows the first zero block: another one, then only zeros.
func (w *walker) finish() error {
	b, err := w.block()
	if err != nil {
		return err
	}
	buf := b[:]
	for n := len(buf); ; {
		if !zero(buf[:n]) {
			return refuse(TrailingData, "data after the end of the archive")
		}
		n, err = w.r.Read(buf)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if w.empty() {
		return refuse(Empty, "the archive contains no files")
	}
	return nil
}

func (w *walker) empty() bool {
	for _, f := range w.files {
		if f.Mode.IsRegular() {
			return false
		}
	}
	return true
}

// extend reads a PAX or GNU extension. mix and rebar3 use PAX for non-ASCII and very long
// names, gleam GNU records for names beyond 100 bytes; at most one of a kind per entry.
func (w *walker) extend(h header, x *extension) error {
	if h.size == 0 || h.size > MaxPath {
		return refuse(BadHeader, "an extension header of %d bytes, at most %d are allowed", h.size, MaxPath)
	}
	data := make([]byte, padded(h.size))
	if _, err := io.ReadFull(w.r, data); err != nil {
		return err
	}
	value := string(data[:h.size])
	if h.kind == kindPAX {
		if x.seen {
			return refuse(BadHeader, "two extension headers for one entry")
		}
		x.seen = true
		return parsePAX(value, x)
	}
	x.seen = true
	value = strings.TrimSuffix(value, "\x00")
	if h.kind == kindLongName {
		return x.set("path", value)
	}
	return x.set("linkpath", value)
}

// entry checks a file, directory or link and skips its contents.
func (w *walker) entry(h header, x extension) error {
	h, err := x.apply(h)
	if err != nil {
		return err
	}
	if w.tree.dots {
		h.name = undotted(h.name)
	}
	f, kind, err := describe(h)
	if err != nil {
		return err
	}
	if w.tree.dots && f.Path == "" && kind == kindDir {
		return nil // the folder that was packed
	}
	if err := checkPath(f.Path); err != nil {
		return err
	}
	if err := w.tree.add(f, kind); err != nil {
		return err
	}
	w.files = append(w.files, f)
	if s := warn(f.Path); s != "" && len(w.warnings) < maxWarnings {
		w.warnings = append(w.warnings, s)
	}
	return w.read(f)
}

// describe turns a header into a File, whose path is still to be checked. Set-user-id files are refused; on directories the
// bits are inherited on some systems and mean nothing here.
func describe(h header) (File, byte, error) {
	f := File{Path: h.name, Size: h.size, Mode: 0o644, Link: h.link, Dated: h.time != 0 && h.time != epoch.Unix()}
	if h.mode&0o111 != 0 {
		f.Mode = 0o755
	}
	kind := h.kind
	switch kind {
	case kindFile, kindOldFile:
		kind = kindFile
		if h.mode&0o6000 != 0 {
			return f, 0, refuse(BadMode, "%q is set-user-id or set-group-id", h.name)
		}
	case kindDir:
		f.Path, f.Mode = strings.TrimSuffix(h.name, "/"), fs.ModeDir|0o755
	case kindLink:
		f.Mode = fs.ModeSymlink | 0o755
	default:
		return f, 0, refuse(BadKind, "%q is neither file, directory nor symbolic link", h.name)
	}
	if kind != kindLink && h.link != "" {
		return f, 0, refuse(BadHeader, "%q: a link target for an entry that is no link", h.name)
	}
	if kind != kindFile && h.size != 0 {
		return f, 0, refuse(BadHeader, "%q: contents for an entry that is no file", h.name)
	}
	return f, kind, nil
}
