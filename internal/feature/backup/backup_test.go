package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/backup"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// A world is a server that is backed up into a folder.
type world struct {
	*testing.T
	log    store.Log
	blobs  blob.Memory
	dir    string
	key    *backup.Key
	folder *backup.Folder
	db     *store.DB
	b      *backup.Backup
}

func newWorld(t *testing.T, key *backup.Key) *world {
	w := &world{T: t, log: store.NewMemory(), dir: t.TempDir(), key: key}
	var err error
	w.folder, err = backup.OpenFolder(w.dir, false)
	w.must(err)
	w.db, err = store.Open(t.Context(), w.log, store.Options{}, backup.Tables)
	w.must(err)
	t.Cleanup(func() {
		w.db.Close()
		w.folder.Close()
	})
	w.b = backup.New(w.db, backup.Source{Log: w.log, Blobs: &w.blobs, Names: names, Secret: []byte("the server's secret")}, backup.Options{Target: w.folder, Where: w.dir, Key: key, Keep: 2, Every: time.Hour})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// names takes the values of the table "file" for hashes.
func names(table string, value []byte, _ time.Time) ([]blob.Hash, error) {
	if table != "file" {
		return nil, nil
	}
	h, err := blob.Parse(string(value))
	return []blob.Hash{h}, err
}

func (w *world) commit(ops ...store.Op) store.Revision {
	w.Helper()
	r, _, err := w.log.Commit(w.Context(), store.Txn{Ops: ops})
	w.must(err)
	return r
}

func put(key, value string) store.Op { return store.Op{Key: key, Value: []byte(value)} }

// state is what a log holds, without what the backup itself keeps there.
func (w *world) state(log store.Log) map[string]string {
	w.Helper()
	p, err := log.Range(context.WithoutCancel(w.Context()), "\x00", "\xff", 0, 10_000)
	w.must(err)
	out := map[string]string{}
	for _, r := range p.Records {
		if !strings.HasPrefix(r.Key, "backup/") {
			out[r.Key] = string(r.Value)
		}
	}
	return out
}

func (w *world) set() *backup.Set {
	w.Helper()
	s, err := backup.OpenSet(w.Context(), w.folder, "", w.key)
	w.must(err)
	return s
}

func (w *world) restore(m backup.Moment) (map[string]string, error) {
	w.Helper()
	p, err := w.set().Plan(w.Context(), m, false)
	if err != nil {
		return nil, err
	}
	log := store.NewMemory()
	if _, err := p.Load(w.Context(), log, func(string) bool { return false }); err != nil {
		return nil, err
	}
	return w.state(log), nil
}

func keys() map[string]*backup.Key {
	return map[string]*backup.Key{"clear": nil, "encrypted": backup.NewKey([]byte("a secret of the operator's"))}
}

// lead writes the backup as the leader does, until the function it returns is called.
func (w *world) lead() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.b.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// Every second of a busy history comes back as it was, over snapshots that come and go and a change of leader.
func TestEveryMomentComesBack(t *testing.T) {
	for name, key := range keys() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, key)
				w.commit(put("row/first", "0"))
				stop := w.lead()
				time.Sleep(10 * time.Second)
				model := map[time.Time]map[string]string{}
				for i := range 120 {
					w.commit(put(fmt.Sprintf("row/%d", i%17), fmt.Sprint(i)), put("count/x", fmt.Sprint(i)))
					if i%5 == 0 {
						w.commit(store.Op{Key: fmt.Sprintf("row/%d", (i+3)%17), Delete: true})
					}
					synctest.Wait()
					if i == 40 {
						_, err := w.b.Create(t.Context())
						w.must(err)
					}
					if i == 60 {
						time.Sleep(6 * time.Second) // for all to be sealed
						stop()
						stop = w.lead()
						synctest.Wait()
					}
					time.Sleep(time.Millisecond)
					model[time.Now()] = w.state(w.log)
					time.Sleep(999 * time.Millisecond)
				}
				time.Sleep(10 * time.Second)
				stop()
				for at, want := range model {
					got, err := w.restore(backup.Moment{At: at})
					w.must(err)
					if !maps.Equal(got, want) {
						t.Fatalf("restored to %s: %v, want %v", at, got, want)
					}
				}
				if got, err := w.restore(backup.Moment{}); err != nil || !maps.Equal(got, w.state(w.log)) {
					t.Errorf("the last state: %v, %v", got, err)
				}
				if _, err := w.restore(backup.Moment{At: time.Now().Add(-time.Hour)}); err == nil {
					t.Error("a moment before the backup came back")
				}
			})
		})
	}
}

// busy makes a backup with a snapshot, segments and blobs, and ends it.
// What was acknowledged before a moment is in it, though no leader wrote the backup then.
func TestMomentsWithoutALeaderComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.commit(put("row/a", "before"))
		stop := w.lead()
		time.Sleep(10 * time.Second)
		stop()
		model := map[time.Time]map[string]string{}
		for i := range 20 {
			if w.commit(put("row/a", fmt.Sprint(i))); i%4 == 3 {
				w.commit(store.Op{Key: "row/a", Delete: true})
				time.Sleep(time.Second)
				w.commit(put("row/b", fmt.Sprint(i)))
			}
			time.Sleep(time.Second)
			model[time.Now()] = w.state(w.log)
			time.Sleep(time.Second)
		}
		stop = w.lead()
		time.Sleep(10 * time.Second)
		stop()
		for at, want := range model {
			if got, err := w.restore(backup.Moment{At: at}); err != nil || !maps.Equal(got, want) {
				t.Errorf("at %s: %v, %v, want %v", at, got, err, want)
			}
		}
	})
}

func (w *world) busy() {
	h, _, err := w.blobs.Put(w.Context(), strings.NewReader(strings.Repeat("a tarball ", 20_000)))
	w.must(err)
	w.commit(put("row/a", "1"), put("file/a", h.String()))
	stop := w.lead()
	time.Sleep(10 * time.Second)
	for i := range 3 {
		h, _, err := w.blobs.Put(w.Context(), strings.NewReader(fmt.Sprint("docs ", i)))
		w.must(err)
		w.commit(put("row/a", fmt.Sprint(i)), put(fmt.Sprintf("file/%d", i), h.String()))
		time.Sleep(10 * time.Second)
	}
	stop()
}

func (w *world) verify() []string {
	w.Helper()
	v, err := backup.Verify(w.Context(), w.set(), backup.Moment{}, names, func(context.Context, store.Log, blob.Store, []byte) ([]string, error) { return nil, nil })
	if err != nil {
		return []string{err.Error()}
	}
	return v.Problems
}

func (w *world) files() (out []string) {
	w.must(filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, path)
		}
		return err
	}))
	return out
}

// C15 A backup that was altered, cut short, mixed with another or robbed of a part is refused.
func TestC15TamperedBackupIsRefused(t *testing.T) {
	for name, key := range keys() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, foreign := newWorld(t, key), newWorld(t, key)
				w.busy()
				foreign.busy()
				if bad := w.verify(); len(bad) > 0 {
					t.Fatalf("untouched: %v", bad)
				}
				others := foreign.files()
				for i, path := range w.files() {
					good, err := os.ReadFile(path)
					w.must(err)
					other, err := os.ReadFile(others[min(i, len(others)-1)])
					w.must(err)
					flipped := bytes.Clone(good)
					flipped[len(flipped)/2] ^= 1
					for how, bytes := range map[string][]byte{"flipped": flipped, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "foreign": other, "empty": {}} {
						if strings.HasSuffix(path, "backup.json") && how == "longer" {
							continue
						}
						if key == nil && strings.HasSuffix(path, "/head") {
							continue // says nothing that cannot be known without it
						}
						if string(bytes) == string(good) {
							continue // the same blob
						}
						w.must(os.WriteFile(path, bytes, 0o600))
						if s, err := backup.OpenSet(t.Context(), w.folder, "", key); err == nil && s != nil && len(w.verify()) == 0 {
							t.Errorf("%s %s is taken for right", filepath.Base(path), how)
						}
					}
					w.must(os.Remove(path))
					ids, _ := backup.Sets(t.Context(), w.folder)
					if !strings.HasSuffix(path, "/head") && !strings.HasSuffix(path, "secret.key") && len(ids) == 1 && len(w.verify()) == 0 {
						t.Errorf("without %s it is taken for whole", path)
					}
					w.must(os.WriteFile(path, good, 0o600))
				}
				if key != nil {
					if _, err := backup.OpenSet(t.Context(), w.folder, "", nil); err == nil {
						t.Error("opened without its key")
					}
					s, err := backup.OpenSet(t.Context(), w.folder, "", backup.NewKey([]byte("another secret of somebody")))
					w.must(err)
					if _, err := s.Plan(t.Context(), backup.Moment{}, false); !errors.Is(err, backup.ErrRefused) {
						t.Errorf("with another key: %v", err)
					}
				}
			})
		})
	}
}

// Nothing of an encrypted backup can be read, not even which blobs it has.
func TestEncryptedBackupTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, keys()["encrypted"])
		w.busy()
		for _, path := range w.files() {
			text, err := os.ReadFile(path)
			w.must(err)
			for _, secret := range []string{"a tarball", "row/a", "the server's secret"} {
				if bytes.Contains(text, []byte(secret)) {
					t.Errorf("%s tells %q", path, secret)
				}
			}
		}
		secret, there, err := w.set().Secret(t.Context())
		if string(secret) != "the server's secret" || !there || err != nil {
			t.Errorf("the secret key: %q, %t, %v", secret, there, err)
		}
	})
}

// Old snapshots go, with the segments and blobs that only they needed; what was verified stays, and all that is
// left can be restored.
func TestOldSnapshotsGoAndTheVerifiedOneStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		h, _, err := w.blobs.Put(t.Context(), strings.NewReader("gone soon"))
		w.must(err)
		w.commit(put("file/old", h.String()))
		stop := w.lead()
		defer stop()
		time.Sleep(10 * time.Second)
		if v, err := w.b.VerifyNow(t.Context()); err != nil || len(v.Problems) > 0 || v.Blobs != 1 {
			t.Fatalf("verified: %+v, %v", v, err)
		}
		w.commit(store.Op{Key: "file/old", Delete: true})
		for i := range 4 {
			w.commit(put("row/a", fmt.Sprint(i)))
			time.Sleep(10 * time.Second)
			_, err := w.b.Create(t.Context())
			w.must(err)
		}
		l, err := w.b.List(t.Context())
		if err != nil || len(l.Snapshots) != 3 {
			t.Fatalf("left are %+v, %v; want two and the verified one", l.Snapshots, err)
		}
		if _, err := w.b.VerifyNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if bad := w.verify(); len(bad) > 0 {
			t.Errorf("what is left: %v", bad)
		}
	})
}

// A snapshot streams: it is written in parts, and what is restored is what was there.
func TestSnapshotOfManyRows(t *testing.T) {
	w := newWorld(t, keys()["encrypted"])
	for i := range 30 {
		var ops []store.Op
		for j := range 900 {
			ops = append(ops, put(fmt.Sprintf("row/%06d", i*900+j), strings.Repeat("x", 700)))
		}
		w.commit(ops...)
	}
	state, err := w.b.Create(t.Context())
	if err != nil || state.Snapshot.Rows != 27_001 {
		t.Fatalf("snapshot = %+v, %v", state.Snapshot, err)
	}
	p, err := w.set().Plan(t.Context(), backup.Moment{}, false)
	if err != nil || len(p.Snapshot.Parts) < 3 {
		t.Fatalf("plan = %+v, %v", p, err)
	}
	log := store.NewMemory()
	dropped, err := p.Load(t.Context(), log, func(table string) bool { return table == "backup" })
	if err != nil || dropped["backup"] != 1 {
		t.Fatalf("dropped %v, %v", dropped, err)
	}
	page, err := log.Range(t.Context(), "\x00", "\xff", 0, 100_000)
	if err != nil || len(page.Records) != 27_000 {
		t.Fatalf("%d records, %v", len(page.Records), err)
	}
}
