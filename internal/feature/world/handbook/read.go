package handbook

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"hexhub/hex/tarball"
)

// languages are how modules, functions and their comments are written, by the extension of a file.
var languages = map[string]*regexp.Regexp{
	".ex": regexp.MustCompile(`(?ms)^\s*defmodule (?P<module>[\w.]+) do` +
		`|^\s*@moduledoc (?P<about>""".*?"""|"[^"\n]*")` +
		`|^\s*@doc (?P<doc>""".*?"""|"[^"\n]*")` +
		`|^\s*def(?:macro)? (?P<name>\w+[?!]?)(?P<args>\([^)\n]*\))?`),
	".erl": regexp.MustCompile(`(?m)^-module\((?P<module>\w+)\)` +
		`|^%%+ @doc (?P<doc>.*(?:\n%%.*)*)` +
		`|^(?P<name>[a-z]\w*)(?P<args>\([^)\n]*\)) ->` +
		`|^(?P<about>\x00)`),
	".gleam": regexp.MustCompile(`(?m)^//// ?(?P<about>.*)` +
		`|^/// ?(?P<doc>.*)` +
		`|^pub (?:fn|const) (?P<name>\w+)(?P<args>\([^)\n]*\))?` +
		`|^(?P<module>\x00)`),
}

// extras are the texts that become pages, in their order.
var extras = []string{"README.md", "CHANGELOG.md", "LICENSE"}

func read(r Release) *book {
	b := &book{Release: r}
	for _, name := range extras {
		i := slices.IndexFunc(r.Files, func(f tarball.Source) bool { return f.Path == name })
		if i >= 0 {
			b.Extras = append(b.Extras, extra(name, string(r.Files[i].Content)))
		}
	}
	if len(b.Extras) == 0 {
		b.Extras = []page{extra("README.md", "# "+r.Name+"\n\n"+r.Description+"\n")}
	}
	for _, f := range r.Files {
		if form, ok := languages[path.Ext(f.Path)]; ok {
			b.Modules = append(b.Modules, modules(form, f.Path, string(f.Content))...)
		}
	}
	return b
}

func extra(name, text string) page {
	p := page{ID: strings.ToLower(strings.TrimSuffix(name, ".md")), Title: name, Text: text}
	if first, _, _ := strings.Cut(text, "\n"); strings.HasPrefix(first, "# ") {
		p.Title = first[2:]
	}
	return p
}

// modules reads a file. One whose language names no modules is one itself.
func modules(form *regexp.Regexp, file, text string) []page {
	var all []page
	if path.Ext(file) == ".gleam" {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "src/"), ".gleam")
		all = append(all, page{ID: name, Title: name})
	}
	doc := ""
	for _, m := range form.FindAllStringSubmatch(text, -1) {
		of := func(group string) string { return m[form.SubexpIndex(group)] }
		switch {
		case of("module") != "":
			all = append(all, page{ID: of("module"), Title: of("module"), Text: doc})
			doc = ""
		case len(all) == 0:
			doc = words(of("doc"))
		case of("name") != "":
			all[len(all)-1].define(of("name"), of("args"), doc)
			doc = ""
		case of("about") != "":
			all[len(all)-1].Text += words(of("about")) + "\n"
		default:
			doc += words(of("doc")) + "\n"
		}
	}
	return all
}

// define adds a function; a further clause of the same changes nothing.
func (p *page) define(name, args, doc string) {
	f := function{Name: name, Args: args, Text: strings.TrimSpace(doc), Arity: arity(args)}
	if !slices.ContainsFunc(p.Functions, func(o function) bool { return o.ID() == f.ID() }) {
		p.Functions = append(p.Functions, f)
	}
}

func arity(args string) int {
	if strings.Trim(args, "() ") == "" {
		return 0
	}
	n, depth := 1, 0
	for _, c := range args[1 : len(args)-1] {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				n++
			}
		}
	}
	return n
}

var margin = regexp.MustCompile(`(?m)^(?:  |%%+ ?)`)

// words are what a comment says, without its signs and its margin.
func words(comment string) string {
	return strings.TrimSpace(margin.ReplaceAllString(strings.Trim(comment, `"`), ""))
}
