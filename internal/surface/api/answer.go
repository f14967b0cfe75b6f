package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/erlterm"
)

// object and list are the inner nodes of what presenters make: a tree that both formats write.
type (
	object = map[string]any
	list   = []any
)

// A moment is a time in a tree. JSON shows its microseconds and terms whole seconds, as hex.pm does.
type moment time.Time

// MarshalJSON implements json.Marshaler.
func (m moment) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(m).UTC().Format(`"2006-01-02T15:04:05.000000Z"`)), nil
}

// marshal writes a tree in the format.
func (f format) marshal(tree any) ([]byte, error) {
	if f == termFormat {
		return erlterm.Encode(withoutMoments(tree))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it is not HTML, and "~> 1.0" should look like itself
	if err := enc.Encode(tree); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// withoutMoments returns the tree with its moments as texts.
func withoutMoments(tree any) any {
	switch v := tree.(type) {
	case moment:
		return time.Time(v).UTC().Format("2006-01-02T15:04:05Z")
	case object:
		out := make(object, len(v))
		for k, e := range v {
			out[k] = withoutMoments(e)
		}
		return out
	case list:
		out := make(list, len(v))
		for i, e := range v {
			out[i] = withoutMoments(e)
		}
		return out
	}
	return tree
}

// An answer is what a handler wants to be sent. It is built whole before anything is sent.
type answer struct {
	status   int
	body     any       // a tree; nil sends no body and, for hex_core's sake, no content type
	text     string    // sent as it is in the place of a tree, as the media type below
	media    string    //
	cache    caching   //
	tag      string    // of tag; empty means that the answer cannot be revalidated
	modified time.Time // zero for collections
	location string    // absolute
	next     string    // likewise, of the page that follows
}

// caching says who may keep an answer for a minute.
type caching int

const (
	uncached caching = iota // nobody may keep it
	private                 // the caller
	public                  // anybody on the way
	unkept                  // nobody, not even to ask again: it holds a secret, or says what may be otherwise at once
)

// visible is public for what everybody may see, else private: hex.pm lets shared caches keep private
// packages, and we do not.
func visible(toAll bool) caching {
	if toAll {
		return public
	}
	return private
}

func (c caching) String() string {
	return [...]string{"max-age=0, private, must-revalidate", "private, max-age=60", "public, max-age=60", "no-store"}[c]
}

// noContent is the answer of most deeds.
func noContent() *answer { return &answer{status: http.StatusNoContent} }

// tag makes an entity tag of what identifies a state: 32 digits, sent bare as hex.pm sends them. The
// parts are told apart whatever they contain.
func tag(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// stamp is a time as a part of a tag.
func stamp(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// send writes the answer, or 304 when the client has it already.
func (ans *answer) send(w http.ResponseWriter, r *http.Request, f format) error {
	body, media, err := ans.content(f)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", ans.cache.String())
	if ans.cache != unkept {
		// A cache must not show one caller what another saw, so hex.pm's two are not enough.
		h.Set("Vary", "accept, accept-encoding, authorization")
	}
	setUnless(h, "ETag", ans.tag, "")
	setUnless(h, "Location", ans.location, "")
	if ans.next != "" {
		h.Set("Link", "<"+ans.next+`>; rel="next"`)
	}
	if !ans.modified.IsZero() {
		h.Set("Last-Modified", ans.modified.UTC().Format(http.TimeFormat))
	}
	if ans.status == http.StatusOK && ans.tag != "" && isRead(r) && ans.fresh(r) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if media == "" {
		w.WriteHeader(ans.status)
		return nil
	}
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(ans.status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
	return nil
}

// content returns the bytes to send and their media type, which is empty when there are none.
func (ans *answer) content(f format) (body []byte, media string, err error) {
	switch {
	case ans.media != "":
		return []byte(ans.text), ans.media, nil
	case ans.body == nil:
		return nil, "", nil
	}
	body, err = f.marshal(ans.body)
	return body, f.contentType(), err
}

func setUnless(h http.Header, key, value, not string) {
	if value != not {
		h.Set(key, value)
	}
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// fresh reports whether every validator that the client supplied, and at least one, says that it has
// this answer. An empty If-None-Match, which old rebar3 sends, matches nothing.
func (ans *answer) fresh(r *http.Request) bool {
	match, since := r.Header.Values("If-None-Match"), r.Header.Get("If-Modified-Since")
	if len(match) == 0 && since == "" {
		return false
	}
	if len(match) > 0 && !matches(strings.Join(match, ","), ans.tag) {
		return false
	}
	if since != "" {
		t, err := http.ParseTime(since)
		return err == nil && !ans.modified.IsZero() && !ans.modified.Truncate(time.Second).After(t)
	}
	return true
}

// matches reports whether the list of If-None-Match names tag, bare as we send it or quoted.
func matches(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		if t == "*" || t == tag || t == `"`+tag+`"` {
			return true
		}
	}
	return false
}
