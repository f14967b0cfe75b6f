package packages_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
)

// Whoever looks at a version while it is retired is told so in the page: above it, in the list, and among the deeds.
func TestAPageThatIsOpenTellsOfARetirement(t *testing.T) {
	s := newSite(t)
	server := httptest.NewServer(s.web)
	t.Cleanup(server.Close)
	opened := map[string]*bufio.Reader{}
	for _, path := range []string{"/packages/decimal/1.2.0", "/packages/decimal/versions", "/packages/decimal/audit-logs"} {
		opened[path] = s.follow(server.URL + path)
	}
	jose, _ := account.ByName(s.db.View(), "jose")
	err := s.catalog.Retire(t.Context(), access.Actor{User: jose, Via: access.Password},
		catalog.Ref{Repository: name.MustRepository("hub"), Name: name.MustPackage("decimal")}, version.MustParse("1.2.0"),
		catalog.Retirement{Reason: catalog.Security, Message: "look out"})
	if err != nil {
		t.Fatal(err)
	}
	for path, wanted := range map[string][]string{
		"/packages/decimal/1.2.0": {"bands: Version 1.2.0 is retired", "version: "}, "/packages/decimal/versions": {"tracks: look out"}, "/packages/decimal/audit-logs": {"deeds: etire"},
	} {
		for _, want := range wanted {
			id, text, _ := strings.Cut(want, ": ")
			until(t, opened[path], id, text)
		}
	}
}

// follow opens a page live.
func (s *site) follow(address string) *bufio.Reader {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	s.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		s.Fatalf("%s: %s", address, answer.Status)
	}
	return bufio.NewReader(answer.Body)
}

// until reads a stream until the piece of the id has the text.
func until(t *testing.T, stream *bufio.Reader, id, text string) {
	t.Helper()
	var event strings.Builder
	for {
		line, err := stream.ReadString('\n')
		if err != nil {
			t.Fatalf("the piece %s never has %q: %v", id, text, err)
		}
		if event.WriteString(line); line != "\n" {
			continue
		}
		if strings.HasPrefix(event.String(), "event: piece\ndata: "+id+"\n") && strings.Contains(event.String(), text) {
			return
		}
		event.Reset()
	}
}
