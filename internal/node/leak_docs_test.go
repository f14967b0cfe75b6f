package node_test

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"hexhub/hex/tarball"
)

// newLeak is leakWorld, in which private documentation is there to be found as well.
func newLeak(t *testing.T) *cast {
	t.Helper()
	h := newCast(t, leakWorld)
	for _, at := range []string{"vault/releases/7.7.7", "vault_/releases/1.0.0"} {
		h.asks("eva").Do(http.MethodPost, "/api/repos/guild/packages/"+at+"/docs", manual(t)).Expect(t, http.StatusCreated)
	}
	h.must(h.Manuals.Settle(t.Context()))
	return h
}

// manual is documentation with what tools put beside its pages: pictures, source maps, what is searched, and a list of all
// that others may link to.
func manual(t *testing.T) []byte {
	t.Helper()
	files := []tarball.Source{{Path: "index.html", Content: []byte("<h1>Vault</h1><p>the canary sings")}}
	for _, path := range besidePages {
		files = append(files, tarball.Source{Path: path, Content: []byte(`searchData={"items":[{"type":"module","title":"canary","ref":"index.html","doc":"sings"}]}`)})
	}
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, files); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var besidePages = []string{"assets/logo.png", "assets/logo.svg", "dist/app.js.map", "dist/search_data-AAAABBBB.js", "objects.inv", "llms.txt", "404.html"}

// docsOfGuild are requests for what is in private packages, and for their documentation: at a host of its own, at the
// one that all share, at a path of the site, and in what is searched.
func docsOfGuild() (out []matrixRow) {
	for at := range strings.FieldsSeq(`
		guild--vault.{docs}/ guild--vault.{docs}/7.7.7/ guild--vault.{docs}/7.7.7/absent.html guild--vault.{docs}/latest/ guild--vault.{docs}/~7.0/
		guild--vault.{docs}/docs_config.js {docs}/@guild/vault_/1.0.0/ {docs}/@guild/vault_/docs_config.js {docs}/@guild/vault_/-/ticket/1.0.0/
		{docs}/?q=canary&query_by=doc&filter_by=package:=[guild/vault-7.7.7]
		/docs-view/@guild/vault/7.7.7/
		/packages/guild/vault/7.7.7/files/src/vault.app.src /packages/guild/vault/7.7.7/files/README.md?view=raw /packages/guild/vault/llms.txt
		/packages/guild/vault/7.7.7/quality /diffs?diffs[]=guild/vault:1.0.0:7.7.7&diffs[]=vault:1.0.0:7.7.7 /diff/guild/vault/1.0.0..7.7.7?file=mix.exs&all
		/search?q=canary&packages=guild/vault:7.7.7 /api/docs/search?q=canary&query_by=doc&filter_by=package:=[guild/vault-7.7.7,vault-7.7.7]
		/suggest?q=guild/vault /palette?q=guild/vault
	`) {
		host, path, _ := strings.Cut(at, "/")
		out = append(out, matrixRow{route: "GET /" + path, host: host})
	}
	for _, path := range besidePages {
		out = append(out, matrixRow{route: "GET /7.7.7/" + path, host: "guild--vault.{docs}"}, matrixRow{route: "GET /@guild/vault_/1.0.0/" + path, host: "{docs}"},
			matrixRow{route: "GET /docs-view/@guild/vault/7.7.7/" + path})
	}
	return out
}

// docsLookouts are where an outsider may look for what documentation, files and changes say.
func docsLookouts() (out []matrixRow) {
	for at := range strings.FieldsSeq(`
		/search?q=canary /search?q=vau /search?q=sings&packages=vault:7.7.7 /suggest?q=vaul /palette?q=vaul
		/api/docs/search?q=canary&query_by=doc,title /api/docs/search?q=vaul&query_by=title
		{docs}/?q=canary&query_by=doc,title {docs}/?q=vaul&query_by=title decimal.{docs}/docs_config.js decimal.{docs}/1.0.0/
		/docs_sitemap.xml /feeds/releases.atom /feeds/new.atom /llms.txt /packages/decimal/llms.txt /packages/decimal/quality /packages/decimal/dependents
	`) {
		host, path, _ := strings.Cut(at, "/")
		out = append(out, matrixRow{route: "GET /" + path, host: host})
	}
	return out
}

// docsTimed are requests for which a private package takes as long as one that is not there; %s are its names.
var docsTimed = []matrixRow{
	{route: "GET /1.0.0/index.html", host: "%s--%s.{docs}"},
	{route: "GET /packages/%s/%s/1.0.0/files/mix.exs"},
	{route: "GET /packages/%s/%s/1.0.0/files/mix.exs?view=raw"},
	{route: "GET /diff/%s/%s/1.0.0..7.7.7"},
	{route: "GET /search?q=canary&packages=%s/%s:7.7.7"},
	{route: "GET /api/docs/search?q=canary&query_by=doc&filter_by=package:=[%s/%s-7.7.7]"},
}

// passing is what people are given on their way from documentation to the site, and of which moment they have been told:
// another each time. Each begins with the words after which it comes, by which it is found much faster.
var passing = []*regexp.Regexp{
	regexp.MustCompile(`with=[^&;\]\s]+`), regexp.MustCompile(`hexhub-docs-way=[^&;\]\s]+`), regexp.MustCompile(`hexhub_revision=[^&;\]\s]+`),
}

// withoutPassing leaves of what passes only the words before it.
func withoutPassing(text string) string {
	for _, p := range passing {
		if before, _ := p.LiteralPrefix(); strings.Contains(text, before) {
			text = p.ReplaceAllLiteralString(text, before)
		}
	}
	return text
}
