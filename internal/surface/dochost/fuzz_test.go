package dochost

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/pack"
)

// someTree is an archive with a few files.
func someTree(f *testing.F) *pack.Pack {
	f.Helper()
	shelf, err := pack.NewShelf(f.TempDir(), pack.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { shelf.Close() })
	tree, err := shelf.Get(f.Context(), "some", func(_ context.Context, w *pack.Writer) error {
		for _, path := range []string{"index.html", "readme.html", "guides/index.html", "guides/first.html", "a b.html"} {
			if err := w.Add(path, strings.NewReader("x")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(tree.Close)
	return tree
}

// FuzzSendsTo: whatever a page says, its readers are sent to a file of its own archive or nowhere.
func FuzzSendsTo(f *testing.F) {
	tree := someTree(f)
	for _, to := range []string{"readme.html", "../readme.html", "https://evil.example/", "//evil.example/readme.html", "/readme.html", "guides/first.html#a", "a%20b.html?x", `\\evil`, "readme.html/../../x"} {
		f.Add("", `<meta http-equiv="refresh" content="0; url=`+to+`">`)
		f.Add("guides", `<META  HTTP-EQUIV=refresh content=" 0 ;url=`+to+`"`)
	}
	f.Fuzz(func(t *testing.T, folder, text string) {
		to := sendsTo(tree, folder, []byte(text))
		if to == "" {
			return
		}
		if _, ok := tree.Find(to); !ok || strings.HasPrefix(to, "/") || strings.Contains(to, "..") {
			t.Errorf("%q in %q sends to %q", text, folder, to)
		}
	})
}

// FuzzBarIsOnlyAdded: what is put into a page is the bar, in one piece, behind the tag of its body. The rest stays.
func FuzzBarIsOnlyAdded(f *testing.F) {
	for _, text := range []string{
		`<html><body class=">" bgcolor=white><h1>`, `<BODY
		>x`, `<!-- <body> --><body>`, `<script>"<body>"</script><body>x`, `<body`, `<body x='>`, "<body\x00>", `<bodyguard><body/>`, `<title><body></title>`, `<noframes><body></noframes>`,
		`<textarea><body></textarea><plaintext><body>`, `<svg><![CDATA[<body>]]></svg><body>`,
	} {
		f.Add([]byte(text))
	}
	const package_ = `"><svg/onload=alert(1)>`
	f.Fuzz(func(t *testing.T, text []byte) {
		end := bodyEnd(text)
		if end < 0 {
			return
		}
		if end > len(text) || text[end-1] != '>' || !bytes.Contains(bytes.ToLower(text[:end]), []byte("<body")) {
			t.Fatalf("the body of %q begins at %d", text, end)
		}
		got, err := withBar(text, end, bar{Package: package_, Version: package_, Home: "javascript:alert(1)", Theme: package_, Lines: []line{{Version: package_, URL: "javascript:alert(1)"}}})
		if err != nil {
			t.Fatal(err)
		}
		added, ok := bytes.CutPrefix(got, text[:end])
		added, behind := bytes.CutSuffix(added, text[end:])
		if !ok || !behind || !bytes.HasPrefix(added, []byte("<hexhub-bar")) || !bytes.HasSuffix(bytes.TrimSpace(added), []byte("</hexhub-bar>")) {
			t.Errorf("%q became %q", text, got)
		}
		if bytes.Contains(added, []byte("<svg")) || bytes.Contains(added, []byte(`"javascript:`)) {
			t.Errorf("the bar runs what it shows: %q", added)
		}
	})
}

// FuzzFind: whatever path is asked for, it means a file of one release, or leads to a path that does.
func FuzzFind(f *testing.F) {
	var set []catalog.Release
	for _, v := range []string{"0.9.0", "1.0.0", "1.1.0+build", "2.0.0-rc.1"} {
		set = append(set, catalog.Release{Version: version.MustParse(v)})
	}
	for _, path := range []string{"", "/", "/1.0.0", "/1.0.0/a", "/latest", "/latest/x", "/~1.0/x", "/~0", "/~> 1.0/x", "/9.0.0/x", "//1.0.0//", "/1.1.0+other/x", "/01.0.0/", "/~1.0 or >= 0.0.0/x"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		if rest != "" && rest[0] != '/' {
			return
		}
		a := &asked{rest: rest, shown: &shown{set: set}}
		to, ok := a.find()
		if to != "" {
			b := &asked{rest: to, shown: a.shown}
			if again, found := b.find(); again != "" || !found || to[0] != '/' {
				t.Fatalf("%q leads to %q, which leads to %q, %t", rest, to, again, found)
			}
			return
		}
		if !ok {
			return
		}
		if want := a.at + "/" + a.path; want != rest {
			t.Errorf("%q is taken for %q", rest, want)
		}
		if !slices.ContainsFunc(set, func(r catalog.Release) bool { return r.Version == a.release.Version }) {
			t.Errorf("%q means %s", rest, a.release.Version)
		}
	})
}
