// Package audit remembers who did what: one entry per deed, written in the transaction that did it,
// so that there is no deed without its entry and no entry without its deed.
//
// It knows actors and references as text. It refuses to know what an action means, and whoever asks
// for entries must be asked for his right to them before.
//
// Actions are those of hex.pm by their names: docs.publish docs.revert, key.generate key.remove,
// policy.create policy.update policy.delete,
// owner.add owner.update owner.transfer owner.remove, release.publish release.revert release.retire
// release.unretire, email.add email.remove email.primary email.public email.verify, user.create user.update
// user.delete user.delete.request, password.add password.update password.remove password.reset.init
// password.reset.finish, security.update security.rotate_recovery_codes, session.create session.revoke,
// organization.create organization.member.add organization.member.remove organization.member.role,
// organization.invitation.create organization.invitation.accept organization.invitation.revoke (also by whoever
// declines). Our own are organization.update, organization.delete, user.deactivate, user.reactivate, user.invite, user.uninvite,
// security.use_recovery_code, key.restore, badge.share, badge.hide, and user.admin: its params show whether the right was given or taken. What is done
// to the machinery has entries of its own, written after the deed (see operator): node.invite node.remove
// node.lead node.drain node.undrain, job.retry job.delete, letter.send letter.delete letter.test, scrub.start,
// backup.create backup.verify.
package audit

import (
	"context"
	"strings"
	"time"

	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// By is who did a deed, as it was at that time. A user acts in one of his sessions or through one of his
// keys, an organization through one of its keys; the machine's own deeds have a Username only.
type By struct {
	UserID    string `json:"user_id,omitempty"`
	Username  string `json:"username,omitempty"`
	Org       string `json:"org,omitempty"`
	KeyID     string `json:"key_id,omitempty"`
	KeyName   string `json:"key_name,omitempty"`
	Session   string `json:"session,omitempty"` // its id, which opens nothing
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"` // at most 255 bytes
	Reason    string `json:"reason,omitempty"`     // why, in the words of an administrator who had to give one
}

// An Entry is one deed. Entries are never changed.
type Entry struct {
	ID     string         `json:"id"` // sorts the newest first
	At     time.Time      `json:"at"`
	Action string         `json:"action"`
	By     By             `json:"by"`
	Params map[string]any `json:"params,omitempty"` // a snapshot; never holds a secret
	Refs   []string       `json:"refs,omitempty"`   // whom and what it concerns
}

// A link leads from a reference to an entry.
type link struct {
	Ref string `json:"ref"`
	ID  string `json:"id"`
}

var (
	entries = store.NewCold("audit", func(e Entry) string { return e.ID })
	links   = store.NewCold("audit-by", linkKey)
)

func linkKey(l link) string { return store.Path(l.Ref, l.ID) }

// Tables are what the package keeps.
var Tables = store.Schema{entries, links, segments, hints}

// PackageRef refers to a package of a repository.
func PackageRef(repository, name string) string { return "package:" + repository + "/" + name }

// UserRef refers to the user with the id.
func UserRef(id string) string { return "user:" + id }

// OrgRef refers to the organization with the name.
func OrgRef(name string) string { return "org:" + name }

// maxUserAgent is how much of a User-Agent is kept, in bytes, as on hex.pm.
const maxUserAgent = 255

// CutAgent returns what is kept of a User-Agent, wherever one is.
func CutAgent(userAgent string) string {
	return strings.ToValidUTF8(userAgent[:min(len(userAgent), maxUserAgent)], "")
}

// RecordTx writes an entry for each of refs to find. Params are encoded as JSON at once. The user and
// the organization of by are always among the references.
func RecordTx(tx *store.Tx, by By, action string, params map[string]any, at time.Time, refs ...string) {
	by.UserAgent = CutAgent(by.UserAgent)
	at = at.UTC().Truncate(time.Microsecond)
	// The id is random within Update, which is harmless: only the run that commits leaves one behind.
	e := Entry{ID: id.Newest(at), At: at, Action: action, By: by, Params: params, Refs: withActor(refs, by)}
	entries.Put(tx, e)
	for _, ref := range e.Refs {
		links.Put(tx, link{Ref: ref, ID: e.ID})
	}
}

// withActor returns refs and those of by, each once.
func withActor(refs []string, by By) []string {
	all := append([]string(nil), refs...)
	if by.UserID != "" {
		all = append(all, UserRef(by.UserID))
	}
	if by.Org != "" {
		all = append(all, OrgRef(by.Org))
	}
	seen, out := map[string]bool{}, all[:0]
	for _, ref := range all {
		if !seen[ref] {
			seen[ref] = true
			out = append(out, ref)
		}
	}
	return out
}

// List returns at most limit entries that concern ref, the newest first, or all entries if ref is
// empty. It starts behind the entry with the id after, if that is not empty; next is what to give as
// after for the following page, empty when there is none. It sees no further back than rows are kept: who
// wants all asks an [Audit].
func List(ctx context.Context, v *store.View, ref, after string, limit int) (page []Entry, next string, err error) {
	if ref == "" {
		return entries.Page(ctx, v, "", after, limit)
	}
	found, next, err := listIDs(ctx, v, ref, after, limit)
	if err != nil {
		return nil, "", err
	}
	for _, f := range found {
		e, ok, err := entries.Get(ctx, v, f.ID)
		if err != nil {
			return nil, "", err
		}
		if ok {
			page = append(page, e)
		}
	}
	return page, next, nil
}

// listIDs is List for entries of which only the id is wanted, with a reference.
func listIDs(ctx context.Context, v *store.View, ref, after string, limit int) (page []Entry, next string, err error) {
	prefix := store.Path(ref) + "/"
	if after != "" {
		after = prefix + after
	}
	found, next, err := links.Page(ctx, v, prefix, after, limit)
	if err != nil {
		return nil, "", err
	}
	for _, l := range found {
		page = append(page, Entry{ID: l.ID})
	}
	return page, strings.TrimPrefix(next, prefix), nil
}
