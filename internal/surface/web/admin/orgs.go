package admin

import (
	"net/http"
	"net/url"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

func (p *pages) createOrg(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	n, err := name.ParseRepository(strings.TrimSpace(form.Get("name")))
	if err != nil {
		return "", "", fault.Field(err.Error(), "name")
	}
	u, ok := account.ByLogin(p.DB.View(), strings.TrimSpace(form.Get("username")))
	if !ok {
		return "", "", fault.Field("is no user here", "username")
	}
	deciding := p.Orgs.If(func(rows store.Reader) error { return access.May(rows, v.Actor, access.Administer, access.Thing{}) })
	_, err = deciding.Create(r.Context(), v.Actor.By(), n, u.ID)
	return "admin-org", "", err
}
