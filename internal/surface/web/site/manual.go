package site

import (
	"net/http"
	"strings"
	"sync"

	"hexhub/docs"
	"hexhub/internal/kernel/markup"
	"hexhub/internal/surface/web/ui"
)

// manual is a page of the manual, or its contents.
type manual struct {
	ui.Page
	Doc   docs.Page
	Text  markup.Document
	Pages []docs.Page
}

func (m manual) tabs() []ui.Group {
	groups := []ui.Group{{Tabs: []ui.Tab{{Path: "/docs", Words: "Contents"}}}}
	for _, p := range m.Pages {
		if last := groups[len(groups)-1]; last.Words != p.Group {
			groups = append(groups, ui.Group{Words: p.Group})
		}
		last := &groups[len(groups)-1]
		last.Tabs = append(last.Tabs, ui.Tab{Path: docPath(p.Name), Words: p.Title})
	}
	here := "/docs"
	if m.Doc.Name != "" {
		here = docPath(m.Doc.Name)
	}
	return ui.Open(groups, here)
}

func docPath(name string) string { return "/docs/" + name }

func (s *site) docs(w http.ResponseWriter, r *http.Request) error {
	page := manual{Page: s.web.Page(w, r, "Docs"), Pages: docs.Pages()}
	page.Section, page.Canonical, page.About = "/docs", "/docs", "How to use and how to run this registry."
	return s.web.Show(w, http.StatusOK, page.contents())
}

func (s *site) doc(w http.ResponseWriter, r *http.Request) error {
	doc, source, ok := docs.Find(r.PathValue("page"))
	if !ok {
		return absent
	}
	page := manual{Page: s.web.Page(w, r, doc.Title), Doc: doc, Pages: docs.Pages(), Text: s.manual.read(doc.Name, source)}
	page.Section, page.Canonical, page.About = "/docs", docPath(doc.Name), doc.About
	return s.web.Show(w, http.StatusOK, page.show())
}

// texts keeps the pages of the manual as they are shown, each from when it is first asked for.
type texts struct {
	mu   sync.Mutex // guards made
	made map[string]markup.Document
}

func (t *texts) read(name string, source []byte) markup.Document {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d, ok := t.made[name]; ok {
		return d
	}
	if t.made == nil {
		t.made = map[string]markup.Document{}
	}
	t.made[name] = markup.Markdown(source, markup.Options{Title: true, Link: docLink, Image: docImage})
	return t.made[name]
}

// docLink leads from one page of the manual to another. What lies elsewhere in the repository is not on the site.
func docLink(address string) string {
	file, anchor, _ := strings.Cut(address, "#")
	name, ok := strings.CutSuffix(file, ".md")
	if !ok {
		return ""
	}
	if _, _, found := docs.Find(name); !found {
		return ""
	}
	if anchor != "" {
		return docPath(name) + "#" + markup.Prefix + anchor
	}
	return docPath(name)
}

// docImage is where a picture of the manual is on the site.
func docImage(address string) string {
	file, ok := strings.CutPrefix(address, "pictures/")
	if _, found := docs.Picture(file); !ok || !found {
		return ""
	}
	return "/docs/pictures/" + file
}

func docPicture(r *http.Request) (ui.File, error) {
	body, ok := docs.Picture(r.PathValue("picture"))
	if !ok {
		return ui.File{}, absent
	}
	return ui.File{Kind: "image/webp", Keep: "public, max-age=3600", Body: body}, nil
}
