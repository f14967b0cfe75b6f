package etcdlog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
	"hexhub/internal/kernel/store/etcdlog/etcdtest"
	"hexhub/internal/kernel/store/storetest"
)

func connect(t testing.TB, s *etcdtest.Server, prefix string) *etcdlog.Log {
	t.Helper()
	log, err := etcdlog.Connect(t.Context(), s.External(prefix))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// A log below a prefix of somebody else's etcd keeps the same laws as one of our own.
func TestExternalLogKeepsTheLaws(t *testing.T) {
	t.Parallel()
	storetest.TestLog(t, func(t testing.TB) store.Log { return connect(t, etcdtest.Serve(t, nil), "/hub/") })
}

// What others write into the same etcd is not seen, and does not make what is shown old, however seldom etcd tells of
// itself. It runs beside no other test: how often it tells is one thing for all servers of a process.
func TestOthersInTheSameEtcdAreNotSeen(t *testing.T) {
	s := etcdtest.Serve(t, func(c *embed.Config) { c.WatchProgressNotifyInterval = 10 * time.Minute }) // as etcd has it
	ours, others := connect(t, s, "/ours/"), connect(t, s, "/theirs/")
	defer ours.Close()
	defer others.Close()
	db, err := store.Open(t.Context(), ours, store.Options{}, store.Schema{words})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := say(t, db, "word", 1); err != nil {
		t.Fatal(err)
	}
	writing, end := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		n := 0
		for ; writing.Err() == nil; n++ {
			_, _, _ = others.Commit(writing, store.Txn{Ops: []store.Op{{Key: "word/word", Value: []byte("{}")}}})
		}
		done <- n
	}()
	before := db.Revision()
	eventually(t, "the tables come to what others wrote", func() bool { return db.Revision() > before+100 && db.Fresh(t.Context()) == nil })
	eventually(t, "and are young meanwhile", func() bool { return db.Age() < time.Second })
	if err := say(t, db, "other word", 2); err != nil {
		t.Error(err)
	}
	end()
	if n := <-done; n < 100 {
		t.Errorf("others wrote %d times", n)
	}
	if w, ok := words.Get(db.View(), "word"); !ok || w.Said != 1 {
		t.Errorf("the word is %+v", w)
	}
}

// An etcd that stops leaves what is in memory, which grows old; nothing is written; and when it is back, all goes on.
func TestLostEtcdIsKnownAndComesBack(t *testing.T) {
	t.Parallel()
	s := etcdtest.Serve(t, nil)
	log := connect(t, s, "/hub/")
	defer log.Close()
	db, err := store.Open(t.Context(), log, store.Options{}, store.Schema{words})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := say(t, db, "word", 1); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	eventually(t, "the tables know that they are old", func() bool { return fault.Is(db.Fresh(t.Context()), fault.Unavailable) })
	if err := say(t, db, "word", 2); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a write is %v, want it unavailable", err)
	}
	if w, ok := words.Get(db.View(), "word"); !ok || w.Said != 1 {
		t.Errorf("what was known is %+v, %v", w, ok)
	}
	if _, err := log.Status(t.Context()); err == nil {
		t.Error("a stopped etcd tells how it does")
	}
	s.Start(t)
	eventually(t, "it writes again", func() bool { return say(t, db, "word", 3) == nil })
	if err := db.Fresh(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEtcdThatDoesNotSuitIsRefusedInWords(t *testing.T) {
	t.Parallel()
	good, small := etcdtest.Serve(t, nil), etcdtest.Serve(t, func(c *embed.Config) { c.MaxTxnOps = 128 })
	for name, c := range map[string]struct {
		x    etcdlog.External
		want string
	}{
		"small transactions": {small.External("/hub/"), "--max-txn-ops=1000"},
		"nobody there":       {etcdlog.External{Endpoints: []string{"http://127.0.0.1:1"}, Prefix: "/hub/", ReadyWithin: time.Second}, "reach etcd at http://127.0.0.1:1"},
		"no certificate":     {etcdlog.External{Endpoints: []string{good.Endpoint}, Prefix: "/hub/", CA: good.CA, ReadyWithin: time.Second}, "reach etcd at"},
		"an unknown server":  {etcdlog.External{Endpoints: []string{good.Endpoint}, Prefix: "/hub/", ReadyWithin: time.Second}, "reach etcd at"},
		"no CA":              {etcdlog.External{Endpoints: []string{good.Endpoint}, CA: good.Key}, "holds no certificate"},
		"no key":             {etcdlog.External{Endpoints: []string{good.Endpoint}, CA: good.CA, Cert: good.Cert, Key: good.Cert}, "read the certificate to show etcd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, err := etcdlog.Connect(t.Context(), c.x)
			if err == nil {
				log.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q in it", err, c.want)
			}
		})
	}
}

// One endpoint that does not answer does not hide that another does.
func TestAnyEndpointTellsTheStatus(t *testing.T) {
	t.Parallel()
	s := etcdtest.Serve(t, nil)
	x := s.External("/hub/")
	x.Endpoints = []string{"https://127.0.0.1:1", s.Endpoint}
	log, err := etcdlog.Connect(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	status, err := log.Status(t.Context())
	if err != nil || !status.External || status.Leader == 0 || status.Version == "" {
		t.Errorf("status %+v, %v", status, err)
	}
	if !log.External() || log.Election() != nil {
		t.Error("an etcd elsewhere is taken for ours")
	}
}
