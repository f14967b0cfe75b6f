package ui

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"hexhub/assets"
	"hexhub/internal/kernel/store"
)

// A Brand is what the operator has made his own of how the site looks. The zero value is ours.
type Brand struct {
	Name string // of the site; empty means that of its repository
	Hue  *Hue   // nil means ours
}

// A dress is how the frame of a page looks.
type dress struct {
	Name  string
	Style string // path of a style sheet besides; empty for none
	Logo  *Logo  // nil means our sign
}

// dress is how the site looks now.
func (u *Web) dress(r *http.Request) dress {
	d := dress{Name: u.o.Repository, Logo: u.o.Logo}
	if u.o.Brand == nil {
		return d
	}
	b := u.o.Brand(u.View(r))
	d.Name = cmp.Or(b.Name, d.Name)
	if b.Hue != nil {
		d.Style = "/assets/" + hueFile(*b.Hue).Name
	}
	return d
}

// Name is what the site is called now.
func (u *Web) Name(r store.Reader) string {
	if u.o.Brand == nil {
		return u.o.Repository
	}
	return cmp.Or(u.o.Brand(r).Name, u.o.Repository)
}

// hueFile is the style sheet of a hue, made once. Its name tells hue and content, so that each node serves what another
// has named, whatever the setting is by then.
func hueFile(h Hue) assets.File { return hueFiles[h]() }

var hueFiles = func() (files [hues]func() assets.File) {
	for h := range files {
		files[h] = sync.OnceValue(func() assets.File {
			style := []byte(Hue(h).style())
			return assets.File{Name: fmt.Sprintf("hue-%d.%s.css", h, contentHash(style)), Kind: "text/css; charset=utf-8", Plain: style}
		})
	}
	return files
}()

// contentHash stands for a content in its name.
func contentHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:5])
}

// ownAsset is what the operator's own look is made of, by its name.
func (u *Web) ownAsset(name string) (assets.File, bool) {
	if l := u.o.Logo; l != nil && name == l.file {
		return assets.File{Name: name, Kind: l.kind, Plain: l.body}, true
	}
	text, ok := strings.CutPrefix(name, "hue-")
	if !ok {
		return assets.File{}, false
	}
	text, _, _ = strings.Cut(text, ".")
	h, err := ParseHue(text)
	if err != nil || hueFile(h).Name != name {
		return assets.File{}, false
	}
	return hueFile(h), true
}
