package browser

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/hubtest"
)

const sealed = `
user eva
user rea password="the password of rea"
org guild admin=eva read=rea
package guild/vault
package guild/vault_
release guild/vault 1.0.0
release guild/vault_ 1.0.0
key eva all permissions=api,repositories
`

// manual is documentation whose pages need their style, their script and what that looks up, from two folders.
var manual = map[string]string{
	"index.html":            `<!doctype html><html><head><title>Vault</title><link rel="stylesheet" href="dist/style.css"><script src="docs_config.js"></script><script defer src="dist/app.js"></script></head><body><h1>Vault</h1><p id="found"></p><a href="guides/first.html">First</a></body></html>`,
	"guides/first.html":     `<!doctype html><html><head><title>First</title><link rel="stylesheet" href="../dist/style.css"><script src="../docs_config.js"></script><script defer src="../dist/app.js"></script></head><body><h1>First</h1><p id="found"></p><a href="../index.html">Back</a></body></html>`,
	"dist/style.css":        `h1 { color: rgb(1, 2, 3) }`,
	"dist/app.js":           `fetch(document.currentScript.src.replace("app.js", "search_data-1.js")).then((r) => r.text()).then((text) => { document.getElementById("found").textContent = JSON.parse(text.slice(11)).items[0].title; });`,
	"dist/search_data-1.js": `searchData={"items":[{"type":"function","ref":"index.html#open/1","title":"Vault.open/1","doc":"Opens."}]}`,
}

// works says that a page has its style, its versions and what its script looked up.
func works(title string) string {
	return `document.title === "` + title + `" && document.getElementById("found")?.textContent === "Vault.open/1" &&
		versionNodes.length === 1 && getComputedStyle(document.querySelector("h1")).color === "rgb(1, 2, 3)"`
}

// L12, Z3: a member who opens private documentation logs in on the site and is led back to the page, which works as a
// public one does, and leads on; once he is a member no more, nothing of it comes, within a second. So it is where the
// package has an origin, where it shares one, and where documentation is a path of the site.
func TestL12PrivateDocumentationInABrowser(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, pkg, docs, site string }{
		{"an origin of its own", "vault", "http://guild--vault.docs.localhost:PORT/", ""},
		{"a shared origin", "vault_", "http://docs.localhost:PORT/@guild/vault_/", ""},
		{"a path of the site", "vault", "http://hub.example.com/docs-view/@guild/vault/", "http://hub.example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub := hubtest.At(t, sealed, hubtest.Addresses{Site: c.site})
			st := &stage{s: siteOf(t, hub)}
			st.upload("eva/all", "repos/guild/packages/"+c.pkg, manual).Expect(t, http.StatusCreated)
			_, port, _ := net.SplitHostPort(hub.Addr())
			var leads []chromedp.ExecAllocatorOption
			if c.site != "" { // a name that leads here in a browser of its own only
				leads = append(leads, chromedp.Flag("host-resolver-rules", "MAP hub.example.com:80 127.0.0.1:"+port))
			}
			r := readerOf(t, hub, leads...)
			h := hand{t, r.ctx}
			r.do(chromedp.Navigate(strings.Replace(c.docs, "PORT", port, 1)),
				chromedp.SendKeys(chromedp.CSS("#login"), "rea"), chromedp.SendKeys(chromedp.CSS("#password"), "the password of rea\r"))
			h.wait("the first page works", works("Vault"))
			if boxed := r.is(`origin === "null"`); boxed != (c.name != "an origin of its own") || boxed != strings.Contains(r.at(), "/-/") {
				t.Errorf("%s is in the sandbox: %t", r.at(), boxed)
			}
			r.do(chromedp.Click(chromedp.CSS(`a[href="guides/first.html"]`)))
			h.wait("a link leads to a page that works", works("First"))
			r.do(chromedp.Click(chromedp.CSS(`a[href="../index.html"]`)))
			h.wait("and back", works("Vault"))

			u, _ := account.ByName(hub.DB.View(), "rea")
			began := time.Now()
			if err := hub.Orgs.RemoveMember(t.Context(), audit.By{}, name.MustRepository("guild"), u.ID); err != nil {
				t.Fatal(err)
			}
			if got, err := ask[int](r.ctx, `fetch("dist/search_data-1.js", {cache: "no-store"}).then((r) => String(r.ok ? 1 : 0), () => "0")`); err != nil || got != 0 {
				t.Errorf("the page loads more of what is no longer his: %v", err)
			}
			r.do(chromedp.Reload())
			if took := time.Since(began); took > time.Second {
				t.Logf("asked after %s", took)
			}
			if r.is(`!!document.getElementById("found") || document.body.textContent.includes("First")`) {
				t.Errorf("who is no member any more reads %s", r.at())
			}
		})
	}
}
