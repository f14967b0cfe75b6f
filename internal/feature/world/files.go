package world

import (
	"fmt"
	"strings"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/world/handbook"
)

func (r release) app() string  { return r.or("app", r.ref.Name.String()) }
func (r release) tool() string { return r.or("tool", "mix") }

func (r release) description() string {
	return r.or("description", "The package "+r.ref.Name.String()+".")
}

// metadata is what the tarball says of itself.
func (r release) metadata() tarball.Metadata {
	m := tarball.Metadata{
		Name: r.ref.Name.String(), Version: r.version.String(), App: r.app(),
		Description: new(r.description()), Licenses: r.list("licenses"), BuildTools: []string{r.tool()},
		Requirements: r.requires, Elixir: r.attrs["elixir"],
	}
	if m.Licenses == nil {
		m.Licenses = []string{"MIT"}
	}
	if link := r.attrs["link"]; link != "" {
		m.Links = map[string]string{"GitHub": link}
	}
	return m
}

// contents are the release's files, or such as its build tool compiles.
func (r release) contents() []tarball.Source {
	if len(r.files) > 0 {
		return r.files
	}
	files := []tarball.Source{text("README.md", "# %s\n\n%s\n", r.ref.Name, r.description())}
	switch r.tool() {
	case "rebar3":
		return append(files, r.erlang()...)
	case "gleam":
		return append(files,
			text("gleam.toml", "name = %q\nversion = %q\n", r.app(), r.version),
			text("src/"+r.app()+".gleam", "pub const version = %q\n", r.version))
	}
	return append(files, r.elixir()...)
}

// handbook is documentation as the build tool would make it.
func (r release) handbook() ([]tarball.Source, error) {
	return handbook.Write(handbook.Release{
		Name: r.ref.Name.String(), Version: r.version.String(), Description: r.description(), Tool: r.tool(), Files: r.contents(),
	})
}

func (r release) erlang() []tarball.Source {
	apps := []string{"kernel", "stdlib"}
	for _, req := range r.requires {
		if !req.Optional {
			apps = append(apps, req.App)
		}
	}
	return []tarball.Source{
		text("rebar.config", "{erl_opts, [debug_info]}.\n"),
		text("src/"+r.app()+".app.src", "{application, %s, [{description, %q}, {vsn, %q}, {applications, [%s]}]}.\n",
			r.app(), r.description(), r.version, strings.Join(apps, ", ")),
		text("src/"+r.app()+".erl", "-module(%s).\n-export([version/0]).\n\nversion() -> <<%q>>.\n", r.app(), r.version),
	}
}

func (r release) elixir() []tarball.Source {
	var module strings.Builder
	for part := range strings.SplitSeq(r.app(), "_") {
		if part != "" {
			module.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	var deps []string
	for _, req := range r.requires {
		deps = append(deps, fmt.Sprintf("{:%s, %q}", req.Name, req.Requirement))
	}
	return []tarball.Source{
		text("mix.exs", "defmodule %s.MixProject do\n  use Mix.Project\n\n  def project do\n    [app: :%s, version: %q, deps: [%s]]\n  end\nend\n",
			module.String(), r.app(), r.version, strings.Join(deps, ", ")),
		text("lib/"+r.app()+".ex", "defmodule %s do\n  @doc \"The version of this package.\"\n  def version, do: %q\nend\n", module.String(), r.version),
	}
}

func text(path, format string, args ...any) tarball.Source {
	return tarball.Source{Path: path, Content: fmt.Appendf(nil, format, args...)}
}
