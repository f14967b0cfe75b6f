package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hexhub/internal/hubtest"
)

// C5: A full disk refuses publications with words and nothing else, and takes them again once there is space.
func TestC5FullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 512<<20)
	s := serveIn(t, filepath.Join(disk, "data"), "HEXHUB_DISK_RESERVE=33554432")
	jose := s.register("jose")
	jose.Publish(hubtest.Tarball(t, "decimal", "1.0.0")).Expect(t, http.StatusCreated)
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	kept := blobs(t, filepath.Join(disk, "data"))

	for i := range 5 {
		told := jose.Publish(hubtest.Tarball(t, "decimal", fmt.Sprintf("1.1.%d", i))).Expect(t, http.StatusServiceUnavailable)
		var words struct{ Message string }
		told.JSON(t, &words)
		if !strings.Contains(words.Message, "disk") {
			t.Errorf("publishing to a full disk is told %q", words.Message)
		}
	}
	if now := blobs(t, filepath.Join(disk, "data")); now != kept {
		t.Errorf("refused publications leave %d blobs on a full disk", now-kept)
	}
	for _, path := range []string{"/repo/packages/decimal", "/repo/tarballs/decimal-1.0.0.tar", "/repo/versions", "/api/packages/decimal"} {
		s.client().Get(path).Expect(t, http.StatusOK)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	file := hubtest.Tarball(t, "decimal", "1.2.0")
	eventually(t, "a publication is taken", func() bool { return jose.Publish(file).Status == http.StatusCreated })
	s.kill()
	s.again()
	for _, v := range []string{"1.0.0", "1.2.0"} {
		s.client().Get("/repo/tarballs/decimal-"+v+".tar").Expect(t, http.StatusOK)
	}
}

// blobs counts the blobs in a data folder.
func blobs(t *testing.T, data string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(data, "blobs", "??", "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no blobs: %v", err)
	}
	return len(names)
}

// fill writes to the file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for zeros := make([]byte, 1<<20); ; {
		if _, err := f.Write(zeros); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !yes(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("after %s it is still not so that %s", patience, what)
		}
	}
}

// T35: Of many who publish one version at once with different bytes one wins, and all places agree on who.
func TestT35OneVersionIsPublishedOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	jose := s.register("jose")
	const crowd = 50
	files := make([][]byte, crowd)
	for i := range files {
		files[i] = source(t, "decimal", "1.0.0", fmt.Sprintf("-export([n/0]).\nn() -> %d.", i))
	}
	statuses := make([]int, crowd)
	var wg sync.WaitGroup
	for i, file := range files {
		wg.Go(func() {
			answer, err := jose.Try(http.MethodPost, "/api/packages/decimal/releases?replace=false", file)
			if err != nil {
				t.Error(err)
			}
			statuses[i] = answer.Status
		})
	}
	wg.Wait()
	winner := -1
	for i, status := range statuses {
		switch {
		case status == http.StatusCreated && winner < 0:
			winner = i
		case status != http.StatusUnprocessableEntity:
			t.Errorf("publisher %d is told %d", i, status)
		}
	}
	if winner < 0 {
		t.Fatalf("nobody wins: %v", statuses)
	}
	if got := s.client().Get("/repo/tarballs/decimal-1.0.0.tar").Expect(t, http.StatusOK).Body; !bytes.Equal(got, files[winner]) {
		t.Error("the tarball is not the winner's")
	}
	checkServed(t, s, "decimal", "1.0.0", files[winner])
}

// Bad uploads are refused with the fields of the Hex API, and leave the server as it was.
func TestBadUploadsAreRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	jose := s.register("jose")
	good := hubtest.Tarball(t, "decimal", "1.0.0")
	torn := bytes.Clone(good)
	torn[len(torn)/2] ^= 1
	for _, c := range []struct {
		name, path string
		body       []byte
		status     int
		field      string
	}{
		{"empty", "/api/publish", []byte{}, 422, "tar"},
		{"no tar", "/api/publish", []byte("hello"), 422, "tar"},
		{"cut short", "/api/publish", good[:len(good)/2], 422, "tar"},
		{"bit flipped", "/api/publish", torn, 422, "tar"},
		{"too large", "/api/publish", make([]byte, 17<<20), 422, "tar"},
		{"another package's", "/api/packages/ratio/releases", good, 422, "name"},
		{"reserved name", "/api/publish", hubtest.Tarball(t, "elixir", "1.0.0"), 422, "name"},
		{"build number", "/api/publish", hubtest.Tarball(t, "decimal", "1.0.0+1"), 422, "version"},
		{"unknown repository", "/api/repos/nowhere/publish", good, 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			jose := jose
			jose.T = t
			told := jose.Do(http.MethodPost, c.path, c.body).Expect(t, c.status)
			var answer struct{ Errors map[string]any }
			told.JSON(t, &answer)
			if c.field != "" && answer.Errors[c.field] == nil {
				t.Errorf("errors = %v, want one of %s", answer.Errors, c.field)
			}
		})
	}
	s.client().Get("/api/packages/decimal").Expect(t, http.StatusNotFound)
	jose.Publish(good).Expect(t, http.StatusCreated)
	s.stop()
}
