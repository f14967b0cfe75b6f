package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/hubtest"
)

// sets is how many packages have documentation, each with one place that has the word that is searched for.
const sets = 48

// C2: documentation that can be searched can be searched again after the process was killed while it was put into the
// index, and once the index has come to harm: no set is lost, and none is found twice.
func TestC2KillLosesNoDocumentationFromTheSearch(t *testing.T) {
	s := serve(t)
	c := s.register("pat")
	docs := quokkas(t)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < sets; i += 4 {
				pkg := fmt.Sprintf("p%d", i)
				c.Publish(hubtest.Tarball(t, pkg, "1.0.0")).Expect(t, http.StatusCreated)
				c.Do(http.MethodPost, "/api/packages/"+pkg+"/releases/1.0.0/docs", docs).Expect(t, http.StatusCreated)
			}
		})
	}
	wg.Wait()
	s.kill()
	for range 2 { // the second time it begins with what the first has left
		s.again()
		t.Logf("killed when %d of %d sets were found", s.awaitQuokkas(1), sets)
		s.kill()
	}
	s.again()
	s.expectQuokkas("after it was killed")

	for what, harm := range map[string]func(file string, size int64) error{
		"cut short": func(file string, size int64) error { return os.Truncate(file, size/2) },
		"emptied":   func(file string, _ int64) error { return os.Truncate(file, 0) },
		"garbage": func(file string, size int64) error {
			return os.WriteFile(file, bytes.Repeat([]byte("?"), int(size)), 0o600)
		},
	} {
		s.kill()
		harmAll(t, filepath.Join(s.data, "search"), harm)
		s.again()
		s.expectQuokkas("after its files were " + what)
	}
}

// quokkas is documentation of some hundred places, one of which has the word.
func quokkas(t *testing.T) []byte {
	t.Helper()
	items := `{"type":"module","ref":"index.html","title":"Zoo","doc":"Has a quokka."}`
	for i := range 150 {
		items += fmt.Sprintf(`,{"type":"function","ref":"index.html#f%d/1","title":"Zoo.f%d/1","doc":"%s"}`, i, i, strings.Repeat("Feeds the animals of this house. ", 8))
	}
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, []tarball.Source{
		{Path: "index.html", Content: []byte("<h1>Zoo</h1>")},
		{Path: "dist/search_data-1.js", Content: []byte(`searchData={"items":[` + items + `]}`)},
	}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// awaitQuokkas waits until so many sets are found, and returns how many are.
func (s *server) awaitQuokkas(least int) (found int) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		var answer struct{ Found int }
		a, err := s.client().Try(http.MethodGet, "/api/docs/search?q=quokka&query_by=doc,title", nil)
		if err != nil || a.Status != http.StatusOK {
			continue // an index that is not there yet says so
		}
		if a.JSON(s.t, &answer); answer.Found >= least {
			return answer.Found
		}
	}
	s.t.Errorf("%d sets are not found", least)
	return 0
}

func (s *server) expectQuokkas(when string) {
	s.t.Helper()
	if found := s.awaitQuokkas(sets); found != sets {
		s.t.Errorf("%s %d sets are found, want %d", when, found, sets)
	}
}

// harmAll does something to all files of a folder.
func harmAll(t *testing.T, dir string, harm func(file string, size int64) error) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		return harm(path, info.Size())
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files were harmed: %v", files, err)
	}
}
