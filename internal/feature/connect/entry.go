package connect

import (
	"cmp"
	"fmt"
	"slices"

	"hexhub/hex/version"
)

// A Wanted is a release that somebody wants to use.
type Wanted struct {
	Name       string
	App        string // the OTP application; empty means Name
	Version    version.Version
	Repository string   // that of an organization; empty for the default one
	Private    bool     // it takes a key to fetch
	BuildTools []string // of the release
}

// An Entry is how one client is told to use a release.
type Entry struct {
	Client string // mix, rebar3, gleam, erlang.mk or cli
	Title  string // the file to put the text into, or what it is typed into
	Say    string // what to know before; may be empty
	Text   string // empty when the client cannot use the release
}

// Entries returns one entry for each client, mix first. They are those of hex.pm, save that they name the
// repository where the client needs it.
func Entries(r Registry, w Wanted) []Entry {
	return []Entry{wantedByMix(r, w), wantedByRebar3(r, w), wantedByGleam(r, w), wantedByErlangMk(r, w), wantedByHand(r, w)}
}

// dependency is the release, with what mix is told besides the name: an organization's repository is asked for as one of
// hex.pm where this registry stands in for it, and by its own name elsewhere.
func (w Wanted) dependency(r Registry) Dependency {
	option := In(cmp.Or(w.Repository, r.Repository))
	if w.Repository != "" && r.Repository == "hexpm" {
		option = fmt.Sprintf("organization: %q", w.Repository)
	}
	return Dependency{Package: w.Name, App: cmp.Or(w.App, w.Name), Version: w.Version, Option: option}
}

func wantedByMix(r Registry, w Wanted) Entry {
	return Entry{Client: "mix", Title: "mix.exs", Text: w.dependency(r).Mix()}
}

// rebar3 asks the repositories that it knows in their order and cannot be told one for a package.
func wantedByRebar3(r Registry, w Wanted) Entry {
	return Entry{Client: "rebar3", Title: "rebar.config", Text: w.dependency(r).Rebar()}
}

// wantedByErlangMk writes makefiles, into which only a plain name fits.
func wantedByErlangMk(r Registry, w Wanted) Entry {
	app := w.Name
	if plainAtom.MatchString(w.App) {
		app = w.App
	}
	s := Entry{Client: "erlang.mk", Title: "erlang.mk"}
	if r.Repository != "hexpm" || w.Repository != "" {
		s.Say = "erlang.mk fetches packages from hex.pm alone. Unpack the release, and link its folder."
		s.Text = fmt.Sprintf("%s\n\n# Makefile\nDEPS += %s\ndep_%s = ln $(CURDIR)/vendor/%s", w.unpack(r), app, app, w.Name)
		return s
	}
	s.Text = fmt.Sprintf("dep_%s = hex %s", app, w.Version)
	if app != w.Name {
		s.Text += " " + w.Name
	}
	return s
}

// Gleam has hex.pm and its key built in. Packages of other registries can be used from a folder, if they are
// Gleam's.
func wantedByGleam(r Registry, w Wanted) Entry {
	s := Entry{Client: "gleam", Title: "Gleam"}
	if !slices.Contains(w.BuildTools, "gleam") {
		s.Say = "Released Gleam has hex.pm built in and cannot install from another registry yet. From a folder it takes packages made with Gleam only, which this one is not."
		return s
	}
	s.Say = "Released Gleam has hex.pm built in and cannot install from another registry yet. It takes a package from a folder: unpack it, and name the folder in gleam.toml."
	s.Text = fmt.Sprintf("%s\n\n# gleam.toml\n[dependencies]\n%s = { path = \"vendor/%s\" }", w.unpack(r), w.Name, w.Name)
	return s
}

func wantedByHand(r Registry, w Wanted) Entry {
	return Entry{Client: "cli", Title: "Shell", Text: w.unpack(r)}
}

// unpack fetches the release's tarball into a folder, with what every system has.
func (w Wanted) unpack(r Registry) string {
	path, key := "/repo", ""
	if w.Repository != "" {
		path += "/repos/" + w.Repository
	}
	if w.Private {
		key = ` -H "Authorization: $HEXHUB_API_KEY"`
	}
	return fmt.Sprintf("mkdir -p vendor/%s\ncurl -fsS%s %s%s/tarballs/%s-%s.tar | tar -xO contents.tar.gz | tar -xz -C vendor/%s", w.Name, key, r.URL, path, w.Name, w.Version, w.Name)
}
