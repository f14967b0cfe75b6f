package api

import (
	"mime"
	"net/http"
	"strings"
)

// A format is one of the two notations of the API. They write the same tree.
type format int

const (
	jsonFormat format = iota // the default
	termFormat               // Erlang's external term format, which mix and rebar3 speak
)

// contentType is what an answer with a body says of itself. Clients look for the vendor type of terms
// in it and drop the body without; JSON never carries the vendor type.
func (f format) contentType() string {
	if f == termFormat {
		return "application/vnd.hex+erlang; charset=utf-8"
	}
	return "application/json; charset=utf-8"
}

// negotiate returns the format to answer in: that of the parameter _format, else the first in Accept
// that we write, in the order given. Without a wish it is JSON. ok is false when none will do.
func negotiate(r *http.Request) (f format, ok bool) {
	if name := r.URL.Query().Get("_format"); name != "" {
		f, ok = map[string]format{"json": jsonFormat, "erlang": termFormat}[name]
		return f, ok
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return jsonFormat, true
	}
	for wish := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(wish)
		if err != nil || strings.Trim(params["q"], "0.") == "" && params["q"] != "" {
			continue
		}
		if kind == "*/*" || kind == "application/*" {
			return jsonFormat, true
		}
		if f, ok = formatOf(kind); ok {
			return f, true
		}
	}
	return jsonFormat, false
}

// formatOf tells the format of a media type without parameters: JSON in all its dialects, and terms as
// application/vnd.hex+erlang, also with a version such as vnd.hex.beta+erlang.
func formatOf(mediaType string) (format, bool) {
	kind, ok := strings.CutPrefix(mediaType, "application/")
	if !ok {
		return 0, false
	}
	if kind == "json" || strings.HasSuffix(kind, "+json") {
		return jsonFormat, true
	}
	vendor, ok := strings.CutSuffix(kind, "+erlang")
	version, dotted := strings.CutPrefix(vendor, "vnd.hex.")
	if ok && (vendor == "vnd.hex" || dotted && version != "" && strings.Trim(version, versionLetters) == "") {
		return termFormat, true
	}
	return 0, false
}

const versionLetters = "abcdefghijklmnopqrstuvwxyz0123456789"
