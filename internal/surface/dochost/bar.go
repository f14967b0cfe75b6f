package dochost

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"slices"

	"github.com/klauspost/compress/gzip"

	"hexhub/internal/kernel/pack"
)

// A barred page is one with the bar in it.
type barred struct{ plain, compressed []byte }

// A line of a menu of versions, or of a list of them.
type line struct {
	Version, URL             string
	Current, Retired, Latest bool
}

// A bar is what a page shows that brings no menu of versions: which package and version it is of, the others, and the way
// back. It works without scripts, and neither its style nor the page's reaches the other.
type bar struct {
	Package, Version, Home string
	Lines                  []line
}

var (
	//go:embed bar.html
	barText     string
	barTemplate = template.Must(template.New("bar").Parse(barText))
)

// sendBarred sends a page with the bar in it.
func (s *surface) sendBarred(w http.ResponseWriter, r *http.Request, a *asked, tree *pack.Pack, f pack.File) error {
	key := page{a.release.Docs.Hash.String() + a.shown.tag + a.at, f.Path}
	b, ok := s.bars.Get(key)
	if !ok || a.ticket != "" { // whose addresses nobody else is told
		var err error
		if b, err = s.barIn(a, tree, f); err != nil {
			return err
		}
		if a.ticket == "" {
			s.bars.Add(key, b)
		}
	}
	body, compressed := b.plain, takesGzip(r)
	if compressed {
		body = b.compressed
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Add("Vary", "Sec-Fetch-Dest")
	tag := a.tag(compressed)
	return sendBytes(w, r, tag[:len(tag)-1]+"-"+a.shown.tag[1:], body)
}

func (s *surface) barIn(a *asked, tree *pack.Pack, f pack.File) (barred, error) {
	text, err := tree.Read(f, f.Size)
	if err != nil {
		return barred{}, err
	}
	var html, compressed bytes.Buffer
	end := bodyTag.FindIndex(text)[1]
	html.Write(text[:end])
	err = barTemplate.Execute(&html, bar{Package: a.place.Name.String(), Version: a.release.Version.String(), Home: s.home(a), Lines: a.lines(f.Path)})
	if err != nil {
		return barred{}, err
	}
	html.Write(text[end:])
	z := gzip.NewWriter(&compressed)
	_, err = z.Write(html.Bytes())
	if err = errors.Join(err, z.Close()); err != nil {
		return barred{}, err
	}
	return barred{html.Bytes(), compressed.Bytes()}, nil
}

// home is the page of the release on the site.
func (s *surface) home(a *asked) string {
	home := s.Site + "/packages/"
	if !a.repository.Default() {
		home += a.repository.Name.String() + "/"
	}
	home += a.place.Name.String()
	if a.at != "" {
		home += a.at
	}
	return home
}

// lines are all versions, the newest first, with the address of the file in each.
func (a *asked) lines(file string) []line {
	latest, _ := a.shown.set.Latest()
	var out []line
	for _, rel := range slices.Backward(a.shown.set) {
		out = append(out, line{
			Version: rel.Version.String(), URL: a.address(rel.Version.String(), file),
			Current: rel.Version == a.release.Version, Latest: rel.Version == latest.Version, Retired: rel.Retirement != nil,
		})
	}
	return out
}
