package docsearch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

var (
	hexhub = name.MustRepository("hexhub")
	guild  = name.MustRepository("guild")

	packageRows = catalog.Tables[0].(*store.Table[catalog.Package])
	releaseRows = catalog.Tables[1].(*store.Table[catalog.Release])

	public  = []org.Repository{{Name: hexhub, Public: true}}
	members = []org.Repository{{Name: hexhub, Public: true}, {Name: guild, Org: guild}}
)

// A world is a registry's rows and blobs, with an index that follows them.
type world struct {
	t     testing.TB
	db    *store.DB
	blobs *blob.Memory
	dir   string
	o     docsearch.Options
	stop  func()
	*docsearch.Index
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, catalog.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{t: t, db: db, blobs: &blob.Memory{}, dir: t.TempDir()}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// start has an index follow the rows, in the folder in which one did before.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	x := docsearch.New(w.db, w.blobs, w.dir, w.o)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := x.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	w.Index, w.stop = x, func() { cancel(); <-ended }
}

// restart is another process.
func (w *world) restart(between func()) {
	w.t.Helper()
	w.stop()
	between()
	w.start()
	w.settle()
}

func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		w.t.Fatal("the index does not follow:", err)
	}
}

func (w *world) update(write func(*store.Tx)) {
	w.t.Helper()
	if err := w.db.Update(context.Background(), func(tx *store.Tx) error { write(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// archive stores documentation of the files.
func (w *world) archive(files map[string]string) *catalog.Docs {
	w.t.Helper()
	var sources []tarball.Source
	for path, content := range files {
		sources = append(sources, tarball.Source{Path: path, Content: []byte(content)})
	}
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, sources); err != nil {
		w.t.Fatal(err)
	}
	hash, size, err := w.blobs.Put(context.Background(), &b)
	if err != nil {
		w.t.Fatal(err)
	}
	return &catalog.Docs{Hash: tarball.Sum(hash), Size: size}
}

// data is what ExDoc writes of the items, each of which is TYPE TITLE: TEXT.
func data(items ...string) map[string]string {
	type item struct {
		Type  string `json:"type"`
		Ref   string `json:"ref"`
		Title string `json:"title"`
		Doc   string `json:"doc"`
	}
	var all []item
	for _, line := range items {
		head, doc, _ := strings.Cut(line, ": ")
		kind, title, _ := strings.Cut(head, " ")
		all = append(all, item{kind, strings.ReplaceAll(title, " ", "-") + ".html", title, doc})
	}
	text, err := json.Marshal(map[string]any{"items": all, "proglang": "elixir", "producer": map[string]string{"name": "ex_doc"}})
	if err != nil {
		panic(err)
	}
	return map[string]string{"index.html": "<title>not this</title>", "dist/search_data-0A1B.js": "searchData=" + string(text)}
}

// document gives REPOSITORY/NAME VERSION, or NAME VERSION in the default repository, documentation; nil takes it away.
func (w *world) document(release string, files map[string]string) {
	w.t.Helper()
	ref, v := parse(release)
	var d *catalog.Docs
	if files != nil {
		d = w.archive(files)
	}
	w.update(func(tx *store.Tx) {
		packageRows.Put(tx, catalog.Package{ID: ref.String(), Repository: ref.Repository, Name: ref.Name, DocsUpdatedAt: time.Now()})
		releaseRows.Put(tx, catalog.Release{Repository: ref.Repository, Package: ref.Name, Version: v, Docs: d})
	})
}

func parse(release string) (catalog.Ref, version.Version) {
	ref, v, _ := strings.Cut(release, " ")
	in, pkg, ok := strings.Cut(ref, "/")
	if !ok {
		in, pkg = "hexhub", ref
	}
	return catalog.Ref{Repository: name.MustRepository(in), Name: name.MustPackage(pkg)}, version.MustParse(v)
}

// delete deletes a package with its one release.
func (w *world) delete(release string) {
	w.t.Helper()
	ref, v := parse(release)
	w.update(func(tx *store.Tx) {
		packageRows.Delete(tx, ref.Key())
		releaseRows.Delete(tx, store.Path(ref.Repository.String(), ref.Name.String(), v.String()))
	})
}

func (w *world) find(q docsearch.Query) docsearch.Found {
	w.t.Helper()
	if q.Size == 0 {
		q.Size = 20
	}
	v := w.db.View()
	defer v.Close()
	found, err := w.Find(w.t.Context(), v, q)
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// finds returns the titles that a search finds, each with its package if that is another one than the first's.
func (w *world) finds(in []org.Repository, typed string) string {
	w.t.Helper()
	return titles(w.find(docsearch.Query{In: in, Typed: typed}))
}

func titles(found docsearch.Found) string {
	var out []string
	for _, h := range found.Hits {
		out = append(out, h.Title)
	}
	return strings.Join(out, ", ")
}
