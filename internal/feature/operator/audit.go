package operator

import (
	"net/url"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// AuditQuery reads which entries are asked for: those of a user, an org, a package as REPOSITORY/NAME, or an exact
// ref; an action, or a family of actions as "key."; from and to, as times of RFC 3339; and after, a cursor.
func (o *Operator) AuditQuery(r store.Reader, form url.Values) (q audit.Query, err error) {
	q = audit.Query{Ref: form.Get("ref"), Action: form.Get("action"), After: form.Get("after")}
	if login := form.Get("user"); login != "" {
		u, ok := account.ByLogin(r, login)
		if !ok {
			return q, fault.New(fault.NotFound, "there is no user %q; of one who is gone ask by ref=user:ID", login)
		}
		q.Ref = audit.UserRef(u.ID)
	}
	if name := form.Get("org"); name != "" {
		q.Ref = audit.OrgRef(name)
	}
	if name := form.Get("package"); name != "" {
		q.Ref = "package:" + name
	}
	for field, at := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if text := form.Get(field); text != "" {
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return q, fault.New(fault.Malformed, "%s must be a time such as 2026-11-24T10:00:00Z, not %q", field, text)
			}
		}
	}
	return q, nil
}
