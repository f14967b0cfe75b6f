package api

import (
	_ "embed"
	"net/http"
	"strings"
)

// document describes the API to people and programs. It is written by hand, since two encodings and Hex's
// shapes defeat what is generated; tests hold it to the routes and to what is answered.
//
//go:embed openapi.yaml
var document []byte

// documentOf is the answer that holds the document, with the address of a registry in it.
func documentOf(url string) answer {
	text := strings.ReplaceAll(string(document), "http://127.0.0.1:4000", url)
	return answer{status: http.StatusOK, cache: public, tag: tag("openapi", text), text: text, media: "application/yaml"}
}

func (a *api) getDocument(*request) (*answer, error) {
	ans := a.document // each request has its own
	return &ans, nil
}
