package handbook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// exdoc writes what mix docs would. Each page loads, in this order, the items of the sidebar, docs_config.js, which
// the server makes, and the script; the last finds in both what it shows.
func (b *book) exdoc() error {
	sidebar := b.script("sidebar_items", "sidebarNodes=", b.sidebar())
	search := b.script("search_data", "searchData=", b.search())
	all := slices.Concat(b.Extras, b.Modules)
	for _, p := range all {
		if err := b.exdocPage(p.ID, sidebar, "", p); err != nil {
			return err
		}
		b.add(p.ID+".md", p.markdown())
	}
	if err := b.exdocPage("search", sidebar, search, page{ID: "search", Title: "Search"}); err != nil {
		return err
	}
	if err := b.exdocPage("404", sidebar, "", page{ID: "404", Title: "Page not found", Text: "# Page not found\n"}); err != nil {
		return err
	}
	b.add("index.html", fmt.Sprintf("<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>%s v%s — Documentation</title>\n"+
		"    <meta http-equiv=\"refresh\" content=\"0; url=%s.html\">\n  </head>\n  <body></body>\n</html>\n", b.Name, b.Version, all[0].ID))
	b.add("llms.txt", b.contents())
	return b.exdocParts()
}

func (b *book) exdocPage(id, sidebar, search string, p page) error {
	return b.render(id+".html", "exdoc.html", struct {
		page
		Sidebar, Search string
	}{p, sidebar, search})
}

func (b *book) exdocParts() error {
	for _, name := range []string{"html-demo.js", "html-demo.css"} {
		if err := b.copy("dist/"+name, "exdoc/"+name); err != nil {
			return err
		}
	}
	return nil
}

// script puts a value into a file that is named for what it holds, and returns its path.
func (b *book) script(name, before string, value any) string {
	content, _ := json.Marshal(value) // strings, numbers and what holds them
	sum := sha256.Sum256(content)
	path := fmt.Sprintf("dist/%s-%s.js", name, strings.ToUpper(hex.EncodeToString(sum[:4])))
	b.add(path, before+string(content))
	return path
}

// object is one of JSON, with its keys in order.
type object = map[string]any

func (b *book) sidebar() object {
	extras, modules := []object{}, []object{}
	for _, p := range b.Extras {
		extras = append(extras, object{"id": p.ID, "title": p.Title, "group": "", "headers": []object{}})
	}
	for _, p := range b.Modules {
		nodes := []object{}
		for _, f := range p.Functions {
			nodes = append(nodes, object{"id": f.ID(), "title": f.Name + f.Args, "anchor": f.ID(), "deprecated": false})
		}
		modules = append(modules, object{
			"id": p.ID, "title": p.Title, "group": "", "deprecated": false, "sections": []object{},
			"nodeGroups": []object{{"key": "functions", "name": "Functions", "nodes": nodes}},
		})
	}
	return object{"extras": extras, "modules": modules, "tasks": []object{}}
}

func (b *book) search() object {
	items := []object{}
	for _, p := range b.Modules {
		items = append(items, object{"type": "module", "title": p.Title, "ref": p.ID + ".html", "doc": p.Text})
		for _, f := range p.Functions {
			items = append(items, object{"type": "function", "title": p.Title + "." + f.ID(), "ref": p.ID + ".html#" + f.ID(), "doc": f.Text})
		}
	}
	for _, p := range b.Extras {
		items = append(items, object{"type": "extras", "title": p.Title, "ref": p.ID + ".html", "doc": p.Text})
	}
	return object{
		"items": items, "content_type": "text/markdown", "proglang": "elixir",
		"producer": object{"name": "ex_doc", "version": "0.40.3"},
	}
}

// markdown is the page for those who read it without a browser.
func (p page) markdown() string {
	var w strings.Builder
	if len(p.Functions) > 0 {
		fmt.Fprintf(&w, "# `%s`\n\n", p.Title)
	}
	w.WriteString(p.Text)
	for _, f := range p.Functions {
		fmt.Fprintf(&w, "\n# `%s`\n\n```elixir\n%s%s\n```\n\n%s\n", f.Name, f.Name, f.Args, f.Text)
	}
	return w.String()
}

func (b *book) contents() string {
	var w strings.Builder
	fmt.Fprintf(&w, "# %s v%s - Table of Contents\n\n> %s\n\n## Pages\n\n", b.Name, b.Version, b.Description)
	for _, p := range b.Extras {
		fmt.Fprintf(&w, "- [%s](%s.md)\n", p.Title, p.ID)
	}
	w.WriteString("\n## Modules\n\n")
	for _, p := range b.Modules {
		first, _, _ := strings.Cut(p.Text, "\n")
		fmt.Fprintf(&w, "- [%s](%s.md): %s\n", p.Title, p.ID, first)
	}
	return w.String()
}
