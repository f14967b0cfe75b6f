package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// onWire are ways to tell a place elsewhere that one is read. All of them work where no policy binds a page.
var onWire = []attack{
	{"a picture", `load("img", {src: at.elsewhere + "/img"});`},
	{"a request", `await fetch(at.elsewhere + "/fetch", {mode: "no-cors"});`},
	{"a beacon", `navigator.sendBeacon(at.elsewhere + "/beacon", "x");`},
	{"a script", `await load("script", {src: at.elsewhere + "/script"});`},
	{"a style", `await load("link", {rel: "stylesheet", href: at.elsewhere + "/style"});`},
	{"a frame", `await frame(at.elsewhere + "/frame");`},
	{"an event source", `const e = new EventSource(at.elsewhere + "/events"); await settled(e); e.close();`},
	{"a film", `document.body.insertAdjacentHTML("beforeend", '<video autoplay muted src="' + at.elsewhere + '/video"></video>');`},
	{"a background", `document.body.style.backgroundImage = "url(" + at.elsewhere + "/background)";`},
	{"a form", `await frame("about:blank"); document.body.insertAdjacentHTML("beforeend", '<form target="box" action="' + at.elsewhere + '/form"></form>'); document.forms[0].submit();`},
	{"a worker", `new Worker(URL.createObjectURL(new Blob(["fetch('" + at.elsewhere + "/worker', {mode: 'no-cors'})"])));`},
	{"the time for all of it", `await wait(300);`},
}

// D3: pages that are private tell nobody elsewhere that they are read.
func TestD3PrivatePagesTellNobody(t *testing.T) {
	t.Parallel()
	st := newStage(t, nil)
	for _, at := range []string{st.host("guild--vault") + "/", st.host("") + "/@guild/vault_/"} {
		st.tellNobody(at)
	}
}

// tellNobody demands that a page tells nobody elsewhere that it is read, and would if nothing bound it.
func (st *stage) tellNobody(at string) {
	st.t.Helper()
	st.unbound(false)
	st.open(at)
	st.try(onWire...)
	if n := st.heard.Load(); n > 0 {
		st.t.Errorf("%s told a place elsewhere %d things", at, n)
	}
	st.unbound(true)
	st.open(at)
	st.try(onWire...)
	if n := st.heard.Swap(0); n < 6 {
		st.t.Errorf("%s, which nothing binds, told a place elsewhere %d things, so this test sees little", at, n)
	}
}

// D4: a file that a package brings is text or a picture on the site, and runs nothing.
func TestD4RawFilesRunNothing(t *testing.T) {
	t.Parallel()
	st := newStage(t, nil)
	for file, kind := range map[string]string{"attack.html": "text/plain", "attack.svg": "image/svg+xml"} {
		st.open(st.s.URL + "/packages/evil/1.0.0/files/" + file + "?view=raw")
		text, err := chromedp.Run(st.ctx, chromedp.EvaluateAsDevTools[string](`document.contentType + " " + document.title + " " + document.documentElement.textContent`))
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(text, " "); got != kind && got != "text/plain" || !strings.Contains(text, "quiet") || strings.HasPrefix(text, got+" pwned") {
			t.Errorf("%s is shown as %s", file, text)
		}
	}
}

// D5: what a file is called says what it may be. What is no page runs nothing, whatever is in it; a picture that runs
// something is where its page is.
func TestD5FilesPassForWhatTheirNamesSay(t *testing.T) {
	t.Parallel()
	files := disguised()
	files["picture.svg"] = `<svg xmlns="http://www.w3.org/2000/svg"><title>quiet</title></svg>`
	st := newStage(t, files)
	for _, base := range []string{st.host("evil"), st.host("") + "/evil_"} {
		st.staysQuiet(base)
	}
	st.open(st.host("") + "/evil_/picture.svg")
	if !st.is(`origin === "null"`) {
		t.Error("a picture in the box has an origin")
	}
}

// quiet are files with a page in them whose names are of none.
var quiet = []string{"notes", "notes.txt", "notes.xml", "notes.md"}

func disguised() map[string]string {
	const script = `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>quiet</title><script>document.title = "pwned"</script></head></html>`
	files := map[string]string{}
	for _, name := range quiet {
		files[name] = script
	}
	return files
}

// staysQuiet demands that none of them is taken for a page.
func (st *stage) staysQuiet(base string) {
	st.t.Helper()
	for _, name := range quiet {
		st.open(base + "/" + name)
		if !st.is(`document.contentType.startsWith("text/") && document.contentType !== "text/html" && document.title !== "pwned"`) {
			st.t.Errorf("%s/%s is taken for a page", base, name)
		}
	}
}
