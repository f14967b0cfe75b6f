package dochost

import (
	"net/http"
	"path"
	"strings"
)

// A kind is what browsers are told that a file is.
type kind struct {
	media string
	save  bool // it is for the disc, not for the window
}

// kinds has what files may pass for, by the end of their names. What can run scripts or change what others mean, and is
// neither a page nor made by it, is not among them: it is text, or something to save.
var kinds = map[string]kind{
	".html": {media: htmlPage}, ".htm": {media: htmlPage}, ".xhtml": {media: "application/xhtml+xml"},
	".css": {media: "text/css; charset=utf-8"}, ".js": {media: "text/javascript; charset=utf-8"}, ".mjs": {media: "text/javascript; charset=utf-8"},
	".json": {media: "application/json"}, ".map": {media: "application/json"}, ".wasm": {media: "application/wasm"}, ".webmanifest": {media: "application/manifest+json"},
	".svg": {media: "image/svg+xml"}, ".png": {media: "image/png"}, ".jpg": {media: "image/jpeg"}, ".jpeg": {media: "image/jpeg"}, ".gif": {media: "image/gif"},
	".webp": {media: "image/webp"}, ".avif": {media: "image/avif"}, ".ico": {media: "image/x-icon"},
	".woff": {media: "font/woff"}, ".woff2": {media: "font/woff2"}, ".ttf": {media: "font/ttf"}, ".otf": {media: "font/otf"}, ".eot": {media: "application/vnd.ms-fontobject"},
	".mp4": {media: "video/mp4"}, ".webm": {media: "video/webm"}, ".ogv": {media: "video/ogg"}, ".mp3": {media: "audio/mpeg"}, ".ogg": {media: "audio/ogg"}, ".wav": {media: "audio/wav"},
	".md": {media: "text/markdown; charset=utf-8"}, ".livemd": {media: "text/markdown; charset=utf-8"}, "": text, ".txt": text, ".text": text, ".xml": text, ".csv": text,
	".ex": text, ".exs": text, ".erl": text, ".hrl": text, ".gleam": text, ".edoc": text, ".license": text,
	".epub": {"application/epub+zip", true}, ".pdf": {"application/pdf", true},
}

const htmlPage = "text/html; charset=utf-8"

var text = kind{media: "text/plain; charset=utf-8"}

// kindOf tells the kind of a file by its name alone: what is in it, its publisher chose.
func kindOf(file string) kind {
	if k, ok := kinds[strings.ToLower(path.Ext(file))]; ok {
		return k
	}
	return kind{"application/octet-stream", true}
}

func (k kind) tell(h http.Header) {
	h.Set("Content-Type", k.media)
	if k.save {
		h.Set("Content-Disposition", "attachment")
	}
}
