package ops

import (
	"io"
	"net/http"
	"strconv"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
)

// An AuditPage is a part of the audit log, the newest first.
type AuditPage struct {
	Entries []audit.Entry `json:"entries"`
	Next    string        `json:"next,omitempty"` // what to give as after for the following page
}

const (
	auditPage = 100  // entries, unless more are asked for
	auditMost = 1000 // and however many are
)

// audit lists entries. The query may name a user, an org or a package as REPOSITORY/NAME, or an exact
// ref; an action, or a family of actions as "key."; from and to, as times of RFC 3339; after and limit.
func (o *Ops) audit(r *http.Request) (any, error) {
	q, err := o.Operator.AuditQuery(o.DB.View(), r.URL.Query())
	if err != nil {
		return nil, err
	}
	limit := auditPage
	if text := r.URL.Query().Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return nil, fault.New(fault.Malformed, "limit must be a number of entries, not %q", text)
		}
	}
	entries, next, err := o.Audit.Find(r.Context(), o.DB.View(), q, min(limit, auditMost))
	if err != nil {
		return nil, err
	}
	return AuditPage{append([]audit.Entry{}, entries...), next}, nil
}

// exportAudit sends the entries that the query names as audit does, but for action and after, as lines of
// JSON.
func (o *Ops) exportAudit(r *http.Request) (any, error) {
	q, err := o.Operator.AuditQuery(o.DB.View(), r.URL.Query())
	if err != nil {
		return nil, err
	}
	return stream(func(w io.Writer) error { return o.Audit.Export(r.Context(), w, q.From, q.To, q.Ref) }), nil
}

// verifyAudit reads every sealed segment, which may take a while.
func (o *Ops) verifyAudit(r *http.Request) (any, error) { return o.Audit.Verify(r.Context()) }
