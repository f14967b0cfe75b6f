package handbook_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/world/handbook"
)

func file(path, content string) tarball.Source {
	return tarball.Source{Path: path, Content: []byte(content)}
}

var elixir = handbook.Release{
	Name: "tidal", Version: "1.1.0", Description: "Tide tables.", Tool: "mix",
	Files: []tarball.Source{
		file("README.md", "# Tidal\n\nSee the [changes](CHANGELOG.md).\n"), file("CHANGELOG.md", "# Changelog\n"),
		file("mix.exs", "defmodule Tidal.MixProject do\nend\n"),
		file("lib/tidal.ex", `defmodule Tidal do
  @moduledoc """
  Computes the height of the tide.

      Tidal.height(:dover)
  """

  @doc "The height at a port."
  def height(port, %{at: _, in: _} = how \\ %{})
  def height(:dover, _), do: 6.2
  defp hidden(x), do: x
  defmacro is_flood(height), do: height
  def now, do: 0
end
`),
	},
}

var erlang = handbook.Release{
	Name: "tides", Version: "1.0.0", Description: "Tide tables.", Tool: "rebar3",
	Files: []tarball.Source{file("src/tides.erl", `%% @doc Computes the height of the tide.
%% In metres.
-module(tides).
-export([height/2]).

%% @doc The height at a port.
height(dover, _) -> 6.2;
height(_, {_, _}) -> 0.
`)},
}

var gleam = handbook.Release{
	Name: "tide", Version: "0.1.0", Description: "Tide tables.", Tool: "gleam",
	Files: []tarball.Source{
		file("src/tide.gleam", "//// Computes the height\n//// of the tide.\n\n/// The height at a port.\npub fn height(port: String, at: Int) -> Float {\n  6.2\n}\n"),
		file("src/tide/port.gleam", "pub const dover = 1\n"),
	},
}

// write returns the documentation by path.
func write(t *testing.T, r handbook.Release) map[string]string {
	t.Helper()
	files, err := handbook.Write(r)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		all[f.Path] = string(f.Content)
	}
	return all
}

// Each tool's documentation has the files that the tool's own has, under the same names.
func TestShapesAreThoseOfTheTools(t *testing.T) {
	for _, c := range []struct {
		release handbook.Release
		want    string
	}{
		{elixir, "404.html Tidal.html Tidal.md changelog.html changelog.md dist/html-demo.css dist/html-demo.js dist/search_data- dist/sidebar_items- index.html llms.txt readme.html readme.md search.html"},
		{erlang, "index.html modules-frame.html overview-summary.html stylesheet.css tides.html"},
		{gleam, "css/index.css index.html search-data.json tide.html tide/port.html"},
	} {
		var got []string
		for path := range write(t, c.release) {
			if strings.HasPrefix(path, "dist/s") {
				path, _, _ = strings.Cut(path, "-")
				path += "-"
			}
			got = append(got, path)
		}
		slices.Sort(got)
		if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.release.Name, diff)
		}
	}
}

// Modules and functions are told where they can be linked to.
func TestPagesTellModulesAndFunctions(t *testing.T) {
	for _, c := range []struct {
		release handbook.Release
		path    string
		want    []string
	}{
		{elixir, "Tidal.html", []string{`id="height/2"`, `id="is_flood/1"`, `id="now/0"`, "The height at a port.", `<script defer src="docs_config.js">`}},
		{elixir, "Tidal.md", []string{"# `Tidal`", "# `height`", "The height at a port."}},
		{elixir, "readme.html", []string{`href="changelog.html"`}},
		{elixir, "index.html", []string{`content="0; url=readme.html"`}},
		{erlang, "tides.html", []string{`name="height-2"`, `<td valign="top"><a href="#height-2">height/2</a></td><td>The height at a port.</td>`, "In metres.", "The height at a port."}},
		{gleam, "tide.html", []string{`id="height"`, `<div class="rendered-markdown"><p>The height at a port.</p>`, "of the tide.", `src="./docs_config.js"`}},
		{gleam, "tide/port.html", []string{`id="dover"`, `src="../docs_config.js"`}},
	} {
		page := write(t, c.release)[c.path]
		for _, want := range c.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s of %s has no %s:\n%s", c.path, c.release.Name, want, page)
			}
		}
	}
	if page := write(t, elixir)["Tidal.html"]; strings.Contains(page, "hidden") || strings.Count(page, `id="height/2"`) != 1 {
		t.Errorf("a private function, or one for each clause, in\n%s", page)
	}
}

// What searches read begins and looks as in the real thing.
func TestSearchDataIsAsToolsWriteIt(t *testing.T) {
	for path, content := range write(t, elixir) {
		switch {
		case strings.HasPrefix(path, "dist/search_data-"):
			if !strings.HasPrefix(content, `searchData={"content_type":"text/markdown","items":[{"doc":`) || !strings.Contains(content, `"ref":"Tidal.html#height/2","title":"Tidal.height/2","type":"function"`) {
				t.Errorf("%s: %s", path, content)
			}
		case strings.HasPrefix(path, "dist/sidebar_items-"):
			if !strings.HasPrefix(content, `sidebarNodes={"extras":[`) {
				t.Errorf("%s: %s", path, content)
			}
		}
	}
	if got := write(t, gleam)["search-data.json"]; !strings.Contains(got, `"parentTitle":"tide","ref":"tide.html#height","title":"height","type":"value"`) {
		t.Errorf("search-data.json: %s", got)
	}
}
