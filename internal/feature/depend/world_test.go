package depend_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

var (
	hexhub = name.MustRepository("hexhub") // public, the default one
	acme   = name.MustRepository("acme")   // private: rob reads
)

// ref reads NAME or REPOSITORY/NAME.
func ref(text string) catalog.Ref {
	in, n, ok := strings.Cut(text, "/")
	if !ok {
		return catalog.Ref{Repository: hexhub, Name: name.MustPackage(text)}
	}
	return catalog.Ref{Repository: name.MustRepository(in), Name: name.MustPackage(n)}
}

// A world is a registry of releases written as text.
type world struct {
	t  testing.TB
	db *store.DB
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, job.Tables, mail.Tables, catalog.Tables, account.Tables, org.Tables, access.Tables, audit.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{t, db}
	w.update(func(tx *store.Tx) {
		org.Repositories.Put(tx, org.Repository{Name: hexhub, Public: true})
		org.Repositories.Put(tx, org.Repository{Name: acme, Org: acme})
		org.Organizations.Put(tx, org.Organization{Name: acme, Members: map[string]org.Role{"rob": org.Read}})
		account.Users.Put(tx, account.User{ID: "rob", Username: name.MustUser("rob"), Service: true})
	})
	return w
}

func (w *world) update(write func(*store.Tx)) {
	w.t.Helper()
	if err := w.db.Update(context.Background(), func(tx *store.Tx) error { write(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// told writes releases, one a line: NAME VERSION [retired]: NAME REQUIREMENT[ optional], …
func (w *world) told(text string) *world {
	w.t.Helper()
	w.update(func(tx *store.Tx) {
		for line := range strings.Lines(text) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			head, needs, _ := strings.Cut(line, ":")
			words := strings.Fields(head)
			r := release(words[0], words[1], needs)
			if len(words) > 2 {
				r.Retirement = &catalog.Retirement{Reason: catalog.Security}
			}
			catalog.ImportTx(tx, catalog.Package{Repository: r.Repository, Name: r.Package}, []catalog.Release{r}, nil)
		}
	})
	return w
}

func release(pkg, v, needs string) catalog.Release {
	at := ref(pkg)
	r := catalog.Release{Repository: at.Repository, Package: at.Name, Version: version.MustParse(v), App: at.Name.String(), InsertedAt: time.Unix(0, 0)}
	for need := range strings.SplitSeq(needs, ",") {
		n, requirement, ok := strings.Cut(strings.TrimSpace(need), " ")
		if !ok {
			continue
		}
		requirement, optional := strings.CutSuffix(requirement, " optional")
		to := ref(n)
		r.Requirements = append(r.Requirements, catalog.Requirement{Package: to.Name, Repository: to.Repository, Requirement: requirement, App: to.Name.String(), Optional: optional})
	}
	return r
}

// resolve follows what a release needs, for rob if he is named, else for anybody.
func (w *world) resolve(pkg, v, who string) depend.Resolution {
	w.t.Helper()
	view := w.db.View()
	r, ok := catalog.GetRelease(view, ref(pkg), version.MustParse(v))
	if !ok {
		w.t.Fatalf("%s %s is not there", pkg, v)
	}
	return w.sight(view, who).Resolve(r)
}

func (w *world) sight(view *store.View, who string) *depend.Sight {
	actor := access.Actor{}
	if who != "" {
		u, _ := account.Users.Get(view, who)
		actor = access.Actor{User: u, Via: access.Password}
	}
	return depend.By(view, actor)
}

// lines says a resolution as text, one node a line.
func lines(r depend.Resolution) string {
	var b strings.Builder
	for _, n := range r.Nodes[1:] {
		fmt.Fprintf(&b, "%d %s %s", n.Depth, n.Ref.Name, n.Version)
		if !n.Here() {
			b.WriteString("not here")
		}
		if n.Retired != nil {
			b.WriteString(" retired")
		}
		if n.Conflict {
			b.WriteString(" conflict")
		}
		b.WriteString("\n")
	}
	return b.String()
}
