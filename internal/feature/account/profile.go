package account

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Profile is what a user says of himself to everybody.
type Profile struct {
	FullName string
	URL      string            // of a page of his own; empty without
	Handles  map[string]string // by the names of HandleServices; empty ones are dropped
}

// HandleServices are where a user may say that he is known, as rows name them. freenode is Libera today.
func HandleServices() []string {
	return []string{"github", "twitter", "bluesky", "elixirforum", "freenode", "slack"}
}

const maxHandle = 100 // characters

// SetProfile replaces what the user says of himself. A handle may be given as an address or with an @.
func (a *Accounts) SetProfile(ctx context.Context, by audit.By, userID string, p Profile) error {
	p, err := p.Checked()
	if err != nil {
		return err
	}
	return a.change(ctx, by, userID, func(_ *store.Tx, u *User, _ time.Time) (deed, error) {
		if u.FullName == p.FullName && u.URL == p.URL && maps.Equal(u.Handles, p.Handles) {
			return deed{}, nil
		}
		u.FullName, u.URL, u.Handles = p.FullName, p.URL, p.Handles
		return deed{action: "user.update"}, nil
	})
}

// Checked returns the profile as rows keep it, or what is wrong with it by field.
func (p Profile) Checked() (Profile, error) {
	wrong, out := fault.Fields{}, Profile{FullName: strings.TrimSpace(p.FullName), URL: strings.TrimSpace(p.URL)}
	if len([]rune(out.FullName)) > maxFullName {
		wrong["full_name"] = fmt.Sprintf("should be at most %d character(s)", maxFullName)
	}
	if out.URL != "" && !isPage(out.URL) {
		wrong["url"] = "must be an address such as https://example.com"
	}
	for service, text := range p.Handles {
		handle := bareHandle(text)
		switch {
		case !slices.Contains(HandleServices(), service):
			wrong[service] = "is unknown"
		case len([]rune(handle)) > maxHandle:
			wrong[service] = fmt.Sprintf("should be at most %d character(s)", maxHandle)
		case strings.ContainsFunc(handle, unprintable):
			wrong[service] = "has invalid format"
		case handle != "":
			if out.Handles == nil {
				out.Handles = map[string]string{}
			}
			out.Handles[service] = handle
		}
	}
	if len(wrong) > 0 {
		return p, fault.Validation(wrong)
	}
	return out, nil
}

const maxURL = 255 // bytes

// isPage reports whether the text is the address of a page that a browser may be led to.
func isPage(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && len(text) <= maxURL && !strings.ContainsFunc(text, unprintable)
}

// bareHandle returns the handle in what people paste for one: an address of a profile, or @handle.
func bareHandle(text string) string {
	text = strings.TrimSpace(text)
	if u, err := url.Parse(text); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		text = parts[len(parts)-1]
	}
	return strings.TrimPrefix(text, "@")
}

// Open reports whether everybody may make an account for himself.
func (r Registration) Open() bool { return r.open }

// Domains returns at which domains one must have an address to make an account for himself, if not
// everybody may. It must not be changed.
func (r Registration) Domains() []string { return r.domains }
