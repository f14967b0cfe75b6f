package tarball

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"hexhub/hex/erlterm"
)

// A Source is a file to be packed.
type Source struct {
	Path       string
	Content    []byte
	Executable bool
	Link       string // if not empty, the entry is a symbolic link to it and has no content
}

// epoch is the time that mix and rebar3 give to all entries.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Write packs files as a package with the given metadata, which lists them: m.Files is
// ignored. Equal arguments make equal bytes, in whatever order the files come. The result is
// checked with Open before a byte of it is written, so errors are also those of Open.
func Write(w io.Writer, m Metadata, files []Source) (Sums, error) {
	files = slices.SortedFunc(slices.Values(files), func(a, b Source) int { return cmp.Compare(a.Path, b.Path) })
	m.Files = nil
	for _, f := range files {
		m.Files = append(m.Files, f.Path)
	}
	config, err := formatMetadata(m)
	if err != nil {
		return Sums{}, err
	}
	contents, err := packContents(files)
	if err != nil {
		return Sums{}, err
	}
	inner := sha256.Sum256(slices.Concat([]byte("3"), config, contents))
	var b bytes.Buffer
	err = packTar(&b, []Source{
		{Path: "VERSION", Content: []byte("3")},
		{Path: "CHECKSUM", Content: fmt.Appendf(nil, "%X", inner)},
		{Path: "metadata.config", Content: config},
		{Path: "contents.tar.gz", Content: contents},
	})
	if err != nil {
		return Sums{}, err
	}
	t, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return Sums{}, err
	}
	_, err = w.Write(b.Bytes())
	return t.Sums, err
}

// WriteDocs packs files as documentation. Equal arguments make equal bytes, in whatever order the files
// come. The result is checked with OpenDocs before a byte of it is written, so errors are also those of
// OpenDocs.
func WriteDocs(w io.Writer, files []Source) error {
	b, err := packContents(slices.SortedFunc(slices.Values(files), func(a, b Source) int { return cmp.Compare(a.Path, b.Path) }))
	if err != nil {
		return err
	}
	if _, err := OpenDocs(bytes.NewReader(b), int64(len(b))); err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func packContents(files []Source) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := packTar(z, files); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

func packTar(w io.Writer, files []Source) error {
	t := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{Name: f.Path, Mode: 0o100644, Size: int64(len(f.Content)), ModTime: epoch, Typeflag: tar.TypeReg}
		if f.Executable {
			h.Mode = 0o100755
		}
		if f.Link != "" {
			h.Typeflag, h.Linkname, h.Size, h.Mode = tar.TypeSymlink, f.Link, 0, 0o120777
		}
		if err := t.WriteHeader(h); err != nil {
			return fmt.Errorf("pack %s: %w", f.Path, err)
		}
		if f.Link != "" {
			continue
		}
		if _, err := t.Write(f.Content); err != nil {
			return fmt.Errorf("pack %s: %w", f.Path, err)
		}
	}
	return t.Close()
}

// formatMetadata writes metadata.config with its keys in order, as hex_core does.
func formatMetadata(m Metadata) ([]byte, error) {
	fields := map[string]any{
		"name":         erlterm.Binary(m.Name),
		"version":      erlterm.Binary(m.Version),
		"app":          erlterm.Binary(m.App),
		"files":        binaries(m.Files),
		"requirements": requirementTerms(m.Requirements),
	}
	if m.Description != nil {
		fields["description"] = erlterm.Binary(*m.Description)
	}
	if m.Elixir != "" {
		fields["elixir"] = erlterm.Binary(m.Elixir)
	}
	if m.Links != nil {
		fields["links"] = pairTerms(m.Links, func(s string) any { return erlterm.Binary(s) })
	}
	if m.Extra != nil {
		fields["extra"] = extraTerm(m.Extra)
	}
	if m.SecretScanIgnore != nil {
		fields["secret_scan"] = erlterm.List{pairTerm("ignore", binaries(m.SecretScanIgnore))}
	}
	for key, texts := range map[string][]string{
		"licenses": m.Licenses, "build_tools": m.BuildTools, "maintainers": m.Maintainers,
	} {
		if texts != nil {
			fields[key] = binaries(texts)
		}
	}
	var forms []erlterm.Tuple
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		forms = append(forms, pairTerm(key, fields[key]))
	}
	return erlterm.Format(nil, forms...)
}

func requirementTerms(reqs []Requirement) erlterm.List {
	terms := erlterm.List{}
	for _, r := range reqs {
		t := erlterm.List{
			pairTerm("name", erlterm.Binary(r.Name)),
			pairTerm("app", erlterm.Binary(r.App)),
			pairTerm("optional", boolean(r.Optional)),
			pairTerm("requirement", erlterm.Binary(r.Requirement)),
		}
		if r.Repository != "" {
			t = append(t, pairTerm("repository", erlterm.Binary(r.Repository)))
		}
		terms = append(terms, t)
	}
	return terms
}

// extraTerm is the inverse of decoder.tree. Values it does not know reach Format, which
// refuses them.
func extraTerm(v any) any {
	switch v := v.(type) {
	case nil:
		return erlterm.Atom("nil")
	case bool:
		return boolean(v)
	case string:
		return erlterm.Binary(v)
	case []any:
		l := make(erlterm.List, len(v))
		for i, e := range v {
			l[i] = extraTerm(e)
		}
		return l
	case map[string]any:
		return pairTerms(v, extraTerm)
	}
	return v
}

func pairTerms[V any](m map[string]V, term func(V) any) erlterm.List {
	l := erlterm.List{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		l = append(l, pairTerm(key, term(m[key])))
	}
	return l
}

func pairTerm(key string, v any) erlterm.Tuple { return erlterm.Tuple{erlterm.Binary(key), v} }

func binaries(texts []string) erlterm.List {
	l := make(erlterm.List, len(texts))
	for i, s := range texts {
		l[i] = erlterm.Binary(s)
	}
	return l
}

func boolean(b bool) erlterm.Atom {
	if b {
		return "true"
	}
	return "false"
}
