package admin

import (
	"net/http"
	"net/url"
	"strings"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

type auditPage struct {
	sheet
	Asked   url.Values
	Entries []audit.Entry
	Next    string // path of the older ones; empty when there are none
}

// auditPage is how many entries are shown at a time.
const auditEntries = 100

func (p *pages) auditLog(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	q := r.URL.Query()
	page := &auditPage{sheet: p.sheet(w, r, "Audit log", "/admin/audit-logs"), Asked: q}
	page.Form.Values = q
	v := p.DB.View()
	asked, err := p.Operator.AuditQuery(v, q)
	if err != nil {
		page.Form.Refuse(err, fields...)
		if f := fault.Of(err); f == fault.NotFound || f == fault.Malformed {
			page.Form.Problem = err.Error()
		}
		return page, nil
	}
	entries, next, err := p.Audit.Find(r.Context(), v, asked, auditEntries)
	if err != nil {
		return nil, err
	}
	page.Entries = entries
	if next != "" {
		more := url.Values{"after": {next}}
		for _, name := range []string{"user", "org", "package", "action", "from", "to", "ref"} {
			if text := q.Get(name); text != "" {
				more.Set(name, text)
			}
		}
		page.Next = "/admin/audit-logs?" + more.Encode()
	}
	return page, nil
}

// doer names who did a deed, and through what.
func doer(by audit.By) (name, through string) {
	name = by.Username
	if name == "" {
		name = by.Org
	}
	if name == "" {
		name = "the registry"
	}
	var how []string
	if by.KeyName != "" {
		how = append(how, "key "+by.KeyName)
	}
	if by.IP != "" {
		how = append(how, by.IP)
	}
	return name, strings.Join(how, ", ")
}
