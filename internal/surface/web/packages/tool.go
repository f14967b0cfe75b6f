package packages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/connect"
	"hexhub/internal/surface/web/ui"
)

// toolCookie remembers how a browser's user wants to be told to use a package.
const toolCookie = "hexhub-tool"

// snippets say how the release is used, and which of them is shown: that of the tool chosen before, or of the tool
// that the package is made with.
func (p *pages) snippets(r *http.Request, s *subject) (all []connect.Entry, chosen string) {
	w := connect.Wanted{
		Name: s.Package.Name.String(), App: s.Release.App, Version: s.Release.Version,
		Private: !s.Repository.Public, BuildTools: s.Release.BuildTools,
	}
	if !s.Repository.Default() {
		w.Repository = s.Repository.Name.String()
	}
	all = connect.Entries(p.Registry, w)
	chosen = p.web.Cookie(r, toolCookie)
	if !slices.ContainsFunc(all, func(s connect.Entry) bool { return s.Client == chosen }) {
		chosen = all[0].Client
		if len(s.Release.BuildTools) > 0 && s.Release.BuildTools[0] == "rebar3" {
			chosen = "rebar3"
		}
	}
	return all, chosen
}

// first is what has to be done once before the snippets of a client work; ok is false if there is nothing to say.
func (p *pages) first(s *subject, client string) (connect.Step, bool) {
	organization := ""
	if !s.Repository.Default() {
		organization = s.Repository.Name.String()
	}
	return connect.First(p.Registry, client, organization)
}

// setTool keeps the choice of a tool, and leads back to where it was made.
func (p *pages) setTool(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if tool := form.Get("tool"); slices.Contains(connect.Clients, tool) {
		p.web.SetCookie(w, toolCookie, tool, 365*24*time.Hour)
	}
	to := ui.Local(form.Get("return"))
	if !strings.HasPrefix(to, "/packages/") {
		to = "/packages"
	} else {
		to += "#use"
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
