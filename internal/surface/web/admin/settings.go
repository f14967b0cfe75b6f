package admin

import (
	"net/http"
	"net/url"
	"strings"

	"hexhub/internal/feature/setting"
	"hexhub/internal/surface/web/ui"
)

// A rule is a setting that all nodes agree on.
type rule struct {
	setting.Definition
	Value string
	By    setting.Row // who set it; zero while it has its default
}

type settingsPage struct {
	sheet
	Asked   string
	Rules   []rule
	Started []Started
	Open    string // the setting whose form is open
}

func (p *pages) settings(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	page := &settingsPage{sheet: p.sheet(w, r, "Settings", "/admin/settings"), Asked: strings.TrimSpace(r.URL.Query().Get("q")), Open: r.PostForm.Get("name")}
	page.Query = "" // of packages; ours is another
	v := p.DB.View()
	for _, d := range p.Settings.Definitions() {
		value, row := p.Settings.Value(v, d.Name)
		if matches(page.Asked, d.Name, d.Help, value) {
			page.Rules = append(page.Rules, rule{d, value, row})
		}
	}
	for _, s := range p.Started {
		if matches(page.Asked, s.Key, s.Flag, s.Env, s.Help, s.Value) {
			page.Started = append(page.Started, s)
		}
	}
	return page, nil
}

// matches reports whether all that was asked for stands in the texts together.
func matches(asked string, texts ...string) bool {
	all := strings.ToLower(strings.Join(texts, " "))
	for word := range strings.FieldsSeq(strings.ToLower(asked)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

func (p *pages) set(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return "admin-set", "", p.Settings.Set(r.Context(), v.Actor.By(), form.Get("name"), strings.TrimSpace(form.Get("value")))
}

// wrong moves what is wrong with the value, which has the setting's name, to the field of its form.
func (p *settingsPage) form(r rule) (words, value string) {
	if p.Open != r.Name {
		return "", r.Value
	}
	return p.Form.Problem, p.Form.Values.Get("value")
}
