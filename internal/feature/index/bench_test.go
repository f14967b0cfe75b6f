package index_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/index"
	"hexhub/internal/kernel/store"
)

// Packages and releases of the world that the budgets speak of: 20,000 packages, 250,000 releases.
const (
	manyPackages = 20_000
	releasesEach = 12 // and 13 for every other package
)

// many is a log of that world.
func many(b *testing.B) store.Log {
	b.Helper()
	log := store.NewMemory()
	var rows []store.Op
	row := func(table, key string, row any) {
		value, err := json.Marshal(row)
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows, store.Op{Key: table + "/" + key, Value: value})
		if len(rows) == 900 {
			commit(b, log, rows)
			rows = nil
		}
	}
	for i := range manyPackages {
		row("package", manyRef(i).Key(), packageRow(manyRef(i), epoch))
	}
	for i := range manyPackages {
		for n := range releasesEach + i%2 {
			r := manyRelease(i, manyVersion(i, n))
			row("release", releaseRows.Key(r), r)
		}
	}
	commit(b, log, rows)
	return log
}

func commit(b *testing.B, log store.Log, ops []store.Op) {
	b.Helper()
	if _, _, err := log.Commit(context.Background(), store.Txn{Ops: ops}); err != nil {
		b.Fatal(err)
	}
}

// manyRef scatters what the names look like, since they are compressed.
func manyRef(i int) catalog.Ref {
	h := sha256.Sum256(fmt.Append(nil, i))
	return catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("p%05d_%x", i, h[:i%6+1]))}
}

// manyVersion is the nth version of package i, as irregular as people number them.
func manyVersion(i, n int) string {
	h := sha256.Sum256(fmt.Append(nil, i, n))
	return fmt.Sprintf("%d.%d.%d", h[0]%3, n, h[1]%24)
}

func manyRelease(i int, v string) catalog.Release {
	r := releaseRow(manyRef(i), v)
	for d := range i % 5 {
		r.Requirements = append(r.Requirements, catalog.Requirement{
			Package: manyRef(d).Name, Repository: hexhub, Requirement: "~> 1.0", App: manyRef(d).Name.String(),
		})
	}
	return r
}

func BenchmarkPackageFromCache(b *testing.B) {
	db := open(b, store.NewMemory())
	publishBench(b, db, decimal, "1.0.0")
	x := newIndex(b, db, index.Options{})
	x.Package(decimal)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok, err := x.Package(decimal); !ok || err != nil {
				b.Error(ok, err)
			}
		}
	})
}

func publishBench(b *testing.B, db *store.DB, ref catalog.Ref, v string) {
	b.Helper()
	err := db.Update(context.Background(), func(tx *store.Tx) error {
		packageRows.Put(tx, packageRow(ref, epoch))
		releaseRows.Put(tx, releaseRow(ref, v))
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPackageDerived publishes and reads in turn; what publishing takes is not counted.
func BenchmarkPackageDerived(b *testing.B) {
	db := open(b, store.NewMemory())
	for n := range 30 {
		publishBench(b, db, decimal, fmt.Sprintf("1.%d.0", n))
	}
	x := newIndex(b, db, index.Options{})
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		publishBench(b, db, decimal, fmt.Sprintf("1.%d.0", n%30))
		b.StartTimer()
		if _, ok, err := x.Package(decimal); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkLists measures both lists of the large world: made for the first time, and made anew after
// one publish.
func BenchmarkLists(b *testing.B) {
	db := open(b, many(b))
	b.Run("names after one publish", func(b *testing.B) {
		x := newIndex(b, db, index.Options{})
		afterPublish(b, db, func() ([]byte, error) {
			f, err := x.Names(hexhub, db.Revision())
			return f.Body, err
		})
	})
	b.Run("versions at first", func(b *testing.B) {
		for b.Loop() {
			if _, err := newIndex(b, db, index.Options{}).Versions(hexhub, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("versions after one publish", func(b *testing.B) {
		x := newIndex(b, db, index.Options{})
		if _, err := x.Versions(hexhub, 0); err != nil {
			b.Fatal(err)
		}
		afterPublish(b, db, func() ([]byte, error) {
			f, err := x.Versions(hexhub, db.Revision())
			return f.Body, err
		})
	})
}

func afterPublish(b *testing.B, db *store.DB, list func() ([]byte, error)) {
	b.Helper()
	b.ReportAllocs()
	var size int
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		publishBench(b, db, manyRef(n), fmt.Sprintf("3.%d.0", n))
		b.StartTimer()
		body, err := list()
		if err != nil {
			b.Fatal(err)
		}
		size = len(body)
	}
	b.ReportMetric(float64(size), "bytes")
}
