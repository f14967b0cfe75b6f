package handbook

import (
	"encoding/json"
	"strings"
)

// gleam writes what gleam docs build would. Modules are in folders, and all pages load docs_config.js from the top.
func (b *book) gleam() error {
	first := b.Extras[0]
	first.ID = "index"
	for _, p := range append([]page{first}, b.Modules...) {
		if err := b.render(p.ID+".html", "gleam.html", p); err != nil {
			return err
		}
	}
	items, _ := json.Marshal(object{"items": b.gleamItems(), "proglang": "gleam"}) // strings and what holds them
	b.add("search-data.json", string(items))
	return b.copy("css/index.css", "gleam/index.css")
}

func (b *book) gleamItems() []object {
	var items []object
	for _, p := range b.Modules {
		for _, f := range p.Functions {
			items = append(items, object{"type": "value", "parentTitle": p.Title, "title": f.Name, "ref": p.ID + ".html#" + f.Name, "doc": f.Text})
		}
		items = append(items, object{"type": "module", "parentTitle": p.Title, "title": p.Title, "ref": p.ID + ".html", "doc": p.Text})
	}
	return append(items, object{
		"type": "page", "parentTitle": b.Name, "title": b.Name, "ref": "index.html", "doc": strings.TrimSpace(b.Extras[0].Text),
	})
}
