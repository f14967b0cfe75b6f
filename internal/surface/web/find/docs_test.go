package find_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// document publishes packages with documentation of one module and a function, and lets the search come to them.
func (w *world) document(refs ...string) {
	w.Helper()
	for _, ref := range refs {
		in, pkg, _ := strings.Cut(ref, "/")
		var b bytes.Buffer
		data := `searchData={"items":[{"type":"module","ref":"Mod.html","title":"Mod.` + pkg + `","doc":"Carrots, <b>raw</b>."},` +
			`{"type":"function","ref":"Mod.html#cook/1","title":"Mod.cook/1","doc":"Cooks."}]}`
		if err := tarball.WriteDocs(&b, []tarball.Source{{Path: "dist/search_data-1.js", Content: []byte(data)}}); err != nil {
			w.Fatal(err)
		}
		hash, size, err := w.blobs.Put(w.Context(), &b)
		if err != nil {
			w.Fatal(err)
		}
		w.put(func(tx *store.Tx) {
			putTx(tx, name.MustRepository(in), pkg, "")
			releaseRows.Put(tx, catalog.Release{
				Repository: name.MustRepository(in), Package: name.MustPackage(pkg), Version: version.MustParse("1.2.0"),
				Docs: &catalog.Docs{Hash: tarball.Sum(hash), Size: size},
			})
		})
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(w.Context()))
	ended := make(chan error)
	go func() { ended <- w.manuals.Run(ctx) }()
	w.Cleanup(func() { stop(); <-ended })
	if err := w.manuals.Settle(w.Context()); err != nil {
		w.Fatal(err)
	}
}

var placeLink = regexp.MustCompile(`href="(https?://[^"]*docs-view[^"]*)"`)

// places lists where a page leads in documentation.
func places(page string) string {
	var out []string
	for _, link := range placeLink.FindAllStringSubmatch(page, -1) {
		_, path, _ := strings.Cut(html.UnescapeString(link[1]), "/docs-view/")
		out = append(out, path)
	}
	return strings.Join(out, " ")
}

// L2, L3: who searches documentation finds what he may read, and what he may not changes nothing on the page.
func TestL2PlacesAreThoseOneMayRead(t *testing.T) {
	w := newWorld(t, some)
	w.document("acme/plug", "guild/vault")
	for _, c := range []struct{ path, all, member string }{
		{"/search", "", ""},
		{"/search?q=mod+plug", "plug/1.2.0/Mod.html", "plug/1.2.0/Mod.html"},
		{"/search?q=mod.vault", "", "@guild/vault/1.2.0/Mod.html"},
		{"/search?q=cook%2F1&packages=plug:1.0.0", "plug/1.2.0/Mod.html#cook/1", "plug/1.2.0/Mod.html#cook/1"},
		{"/search?q=cook&packages=guild/vault", "", "@guild/vault/1.2.0/Mod.html#cook/1"},
		{"/search?q=cook&packages=vault", "", "@guild/vault/1.2.0/Mod.html#cook/1"},
		{"/search?q=cook&packages=;drop,../x,:::", "plug/1.2.0/Mod.html#cook/1", ""},
	} {
		if got := places(w.text(c.path, false)); got != c.all {
			t.Errorf("GET %s leads anybody to %q, want %q", c.path, got, c.all)
		}
		if got := places(w.text(c.path, true)); got != c.member && c.member != "" {
			t.Errorf("GET %s leads a member to %q, want %q", c.path, got, c.member)
		}
	}
	secret, free := w.text("/search?q=carrots&packages=vault", false), w.text("/search?q=carrots&packages=vaulx", false)
	if strings.ReplaceAll(secret, "vault", "vaulx") != free {
		t.Error("the page for a private package differs from that for none")
	}
}

// What is found is shown as text, with what was typed marked.
func TestPlacesAreMarked(t *testing.T) {
	w := newWorld(t, some)
	w.document("acme/plug")
	page := w.text("/search?q=carrot+mod", false)
	for _, want := range []string{`>Carrots</mark>`, `>Mod</mark>`, `&lt;b&gt;raw&lt;/b&gt;`, "1 place", `name="q" value="carrot mod"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// sendLock posts a form with a lock file, in the text or as a file, for a member or for nobody.
func (w *world) sendLock(text, file string, member bool) *http.Response {
	w.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("q", "cook it")
	form.WriteField("lockfile", text)
	part, err := form.CreateFormFile("file", "mix.lock")
	if err != nil {
		w.Fatal(err)
	}
	io.WriteString(part, file)
	form.Close()
	r := httptest.NewRequest(http.MethodPost, "/search", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	if member {
		r.AddCookie(&http.Cookie{Name: "__Host-hexhub", Value: w.secret})
	}
	answer := httptest.NewRecorder()
	w.site.ServeHTTP(answer, r)
	return answer.Result()
}

// Who sends a lock file searches what is in it; the address says so, and can be kept.
func TestLockFilesPinPackages(t *testing.T) {
	w := newWorld(t, some)
	const lock = `%{"plug": {:hex, :plug, "1.1.0", "aa", [:mix], [], "hexpm", "bb"}, "v": {:hex, :vault, "2.0.0", "aa", [:mix], [], "hexpm:guild", "bb"}}`
	for _, sent := range [][2]string{{lock, ""}, {"", lock}} {
		answer := w.sendLock(sent[0], sent[1], false)
		to, err := url.Parse(answer.Header.Get("Location"))
		if err != nil || answer.StatusCode != http.StatusSeeOther || to.Path != "/search" ||
			to.Query().Get("packages") != "plug:1.1.0,guild/vault:2.0.0" || to.Query().Get("q") != "cook it" {
			t.Errorf("%s to %v, %v", answer.Status, to, err)
		}
	}
	for _, bad := range []string{"", "no lock", "%{\n}"} {
		answer := w.sendLock(bad, "", false)
		page, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(page), "This could not be used") {
			t.Errorf("%q: %s", bad, answer.Status)
		}
	}
}

// L3: a lock file may call a repository as it was added. Of those that one may read the name is understood; of others it
// says as little as that of none.
func TestL3RepositoriesInLockFilesAreThoseOneMayRead(t *testing.T) {
	w := newWorld(t, some)
	for repository, want := range map[string]struct{ all, member string }{
		"guild": {"vault:2.0.0", "guild/vault:2.0.0"}, "ghost": {"vault:2.0.0", "vault:2.0.0"},
		"acme": {"vault:2.0.0", "vault:2.0.0"}, "hexpm": {"vault:2.0.0", "vault:2.0.0"}, "Guild": {"vault:2.0.0", "vault:2.0.0"},
		"hexpm:guild": {"guild/vault:2.0.0", "guild/vault:2.0.0"}, "acme:guild": {"guild/vault:2.0.0", "guild/vault:2.0.0"},
	} {
		lock := `%{"v": {:hex, :vault, "2.0.0", "aa", [:mix], [], "` + repository + `", "bb"}}`
		for _, member := range []bool{false, true} {
			answer := w.sendLock(lock, "", member)
			to, err := url.Parse(answer.Header.Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			wanted := want.all
			if member {
				wanted = want.member
			}
			if got := to.Query().Get("packages"); got != wanted {
				t.Errorf("%s means %s to a member (%t), want %s", repository, got, member, wanted)
			}
		}
	}
}
