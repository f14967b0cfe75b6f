// Package assets holds what the web site serves beside its pages: the style sheet, the script, the fonts and the
// icons.
//
// They are built from src and from locked packages of npm, and committed, so that building the program needs Go
// alone. The hash in their names stands for their content: whoever has one may keep it for ever.
package assets

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:generate npm ci
//go:generate node build.mjs ../bin/assets
//go:generate go -C ../tools run ./pack ../bin/assets ../assets/dist

//go:embed dist
var dist embed.FS

// A File is one asset, with the smaller variants that it has.
type File struct {
	Name  string // with the hash, as in "app.0a80472187.js"
	Kind  string // its media type
	Plain []byte
	Small map[string][]byte // by the name of the encoding in HTTP: "br", "gzip"
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2",
}

var files, names = load()

func load() (map[string]File, map[string]string) {
	entries, err := dist.ReadDir("dist")
	if err != nil {
		panic(err) // they are in the binary
	}
	files, names := map[string]File{}, map[string]string{}
	read := func(name string) []byte {
		body, err := dist.ReadFile("dist/" + name)
		if err != nil {
			return nil
		}
		return body
	}
	for _, e := range entries {
		ext := path.Ext(e.Name())
		kind, ok := kinds[ext]
		if !ok {
			continue // a variant of another
		}
		f := File{Name: e.Name(), Kind: kind, Plain: read(e.Name()), Small: map[string][]byte{}}
		for encoding, suffix := range map[string]string{"br": ".br", "gzip": ".gz"} {
			if body := read(e.Name() + suffix); body != nil {
				f.Small[encoding] = body
			}
		}
		stem, _, _ := strings.Cut(e.Name(), ".")
		files[f.Name], names[stem+ext] = f, f.Name
	}
	return files, names
}

// Files lists all, by their names.
func Files() map[string]File { return files }

// Path is where the site serves the asset whose name without a hash is given, such as "app.css". It panics if
// there is none.
func Path(name string) string {
	hashed, ok := names[name]
	if !ok {
		panic(fmt.Sprintf("assets: there is no %s", name))
	}
	return "/assets/" + hashed
}

var icons = strokes()

func strokes() map[string]string {
	found, err := fs.Glob(dist, "dist/icons.*.json")
	if err != nil || len(found) != 1 {
		panic("assets: there are no icons") // they are in the binary
	}
	body, err := dist.ReadFile(found[0])
	if err != nil {
		panic(err)
	}
	all := map[string]string{}
	if err := json.Unmarshal(body, &all); err != nil {
		panic(err)
	}
	return all
}

// Icon is what to draw, in SVG, within a square of 24 units for the icon that src/icons.txt names so. It is empty if
// there is none.
func Icon(name string) string { return icons[name] }
