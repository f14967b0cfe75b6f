package docs_test

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

var plug = catalog.Ref{Repository: name.MustRepository("hexhub"), Name: name.MustPackage("plug")}

// A world is a release of plug, which joe owns, and eve.
type world struct {
	*docs.Docs
	db    *store.DB
	blobs blob.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, catalog.Tables, account.Tables, org.Tables, access.Tables, audit.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		for _, n := range []string{"joe", "eve"} {
			account.Users.Put(tx, account.User{ID: n, Username: name.MustUser(n), Emails: []account.Email{{Address: n + "@example.com", Verified: true, Primary: true}}})
		}
		org.Repositories.Put(tx, org.Repository{Name: plug.Repository, Public: true, Windows: true})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: db, blobs: &blob.Memory{}}
	w.Docs = docs.New(db, w.blobs)
	_, _, err = catalog.New(db, catalog.Options{DefaultRepository: plug.Repository}).Publish(t.Context(), w.as("joe"), catalog.Draft{
		Repository: plug.Repository, Tarball: &tarball.Tarball{Metadata: tarball.Metadata{
			Name: "plug", Version: "1.0.0", App: "plug", BuildTools: []string{"mix"}, Files: []string{"mix.exs"}, Description: new("a plug"), Licenses: []string{"MIT"},
		}},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) as(who string) access.Actor {
	u, _ := account.Users.Get(w.db.View(), who)
	return access.Actor{User: u, Via: access.Password}
}

func (w *world) spool(t *testing.T, r io.Reader) *blob.Spooled {
	t.Helper()
	up, err := w.blobs.Spool(t.Context(), r, tarball.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	return up
}

func (w *world) archive(t *testing.T, page string) docs.Archive {
	t.Helper()
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, []tarball.Source{{Path: "index.html", Content: []byte(page)}}); err != nil {
		t.Fatal(err)
	}
	a, err := docs.Examine(w.spool(t, &b))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) release() catalog.Release {
	r, _ := catalog.GetRelease(w.db.View(), plug, version.MustParse("1.0.0"))
	return r
}

// What a release names is there, and the sweeper knows it.
func TestNamedDocsAreThere(t *testing.T) {
	w := newWorld(t)
	for _, page := range []string{"first", "second", "second"} {
		rel, err := w.Upload(t.Context(), w.as("joe"), plug, version.MustParse("1.0.0"), w.archive(t, page))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.release(); got.Docs == nil || *got.Docs != *rel.Docs {
			t.Fatalf("the row has %+v, Upload returned %+v", got.Docs, rel.Docs)
		}
		if info, err := w.blobs.Stat(t.Context(), blob.Hash(rel.Docs.Hash)); err != nil || info.Size != rel.Docs.Size {
			t.Errorf("blob of %d bytes, %v; want %d", info.Size, err, rel.Docs.Size)
		}
		if !slices.Contains(slices.Collect(catalog.Blobs(w.db.View(), time.Now())), rel.Docs.Hash) {
			t.Error("the sweeper would take the documentation")
		}
	}
}

// Who may not is refused, whatever he sends, and the release keeps what it has.
func TestOnlyOwnersChangeDocs(t *testing.T) {
	w := newWorld(t)
	mine, err := w.Upload(t.Context(), w.as("joe"), plug, version.MustParse("1.0.0"), w.archive(t, "mine"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Upload(t.Context(), w.as("eve"), plug, version.MustParse("1.0.0"), w.archive(t, "hers")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("upload by a stranger: %v", err)
	}
	if err := w.Revert(t.Context(), w.as("eve"), plug, version.MustParse("1.0.0")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("revert by a stranger: %v", err)
	}
	if got := w.release().Docs; got == nil || got.Hash != mine.Docs.Hash {
		t.Errorf("the release has %+v", got)
	}
	if err := w.Revert(t.Context(), w.as("joe"), plug, version.MustParse("1.0.0")); err != nil {
		t.Fatal(err)
	}
	if w.release().HasDocs() {
		t.Error("documentation that was taken back is there")
	}
}
