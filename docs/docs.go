// Package docs holds the manual: the pages of this folder that the web site shows, for those who use a registry and
// those who run one. What is for those who change the program is not among them.
package docs

import "embed"

//go:embed quickstart.md search.md publish-docs.md inspect.md compare.md policies.md documentation.md operations.md cluster.md backup.md disaster-recovery.md metrics.md pictures/*.webp
var files embed.FS

// A Page is one of the manual.
type Page struct {
	Name  string // as in its address
	Title string
	About string // in a sentence
	Group string // whom it is for
}

// The groups of pages.
const (
	ForUsers     = "For users"
	ForOperators = "For operators"
)

// Pages lists the manual in the order in which it is read.
func Pages() []Page {
	return []Page{
		{"quickstart", "Quickstart", "From nothing to a published and fetched package, with mix, rebar3 and Gleam.", ForUsers},
		{"search", "Finding packages", "What can be typed, and searching in documentation.", ForUsers},
		{"publish-docs", "Publishing documentation", "With mix, rebar3, Gleam, or any tool that writes pages.", ForUsers},
		{"inspect", "Looking into a package", "Its files, its documentation, how well it is made, and all of it for programs.", ForUsers},
		{"compare", "Comparing versions", "What changed between two versions of a package, or in several packages.", ForUsers},
		{"policies", "Dependency policies", "Which releases an organization's projects may depend on.", ForUsers},
		{"documentation", "Documentation of packages", "Where it is shown, which addresses it has, and what its host needs.", ForOperators},
		{"operations", "Operations", "Settings, the data directory, listeners, TLS, a full disk, copies.", ForOperators},
		{"cluster", "Three nodes", "How to make them, what they do when cut off, how to take one out.", ForOperators},
		{"backup", "Backup", "Copies while the server runs, and what they hold.", ForOperators},
		{"disaster-recovery", "Disaster recovery", "The way back, step by step.", ForOperators},
		{"metrics", "Metrics", "What a node tells Prometheus; the dashboard and the alerts.", ForOperators},
	}
}

// Find returns the page of a name with its text in Markdown.
func Find(name string) (Page, []byte, bool) {
	for _, p := range Pages() {
		if p.Name == name {
			text, err := files.ReadFile(name + ".md")
			return p, text, err == nil
		}
	}
	return Page{}, nil, false
}

// Picture returns one of the pictures that the pages show, by the name of its file.
func Picture(file string) ([]byte, bool) {
	picture, err := files.ReadFile("pictures/" + file)
	return picture, err == nil
}
