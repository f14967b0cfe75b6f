package node_test

import (
	"fmt"
	"strings"
	"testing"

	"hexhub/internal/hubtest"
	"hexhub/internal/surface/ops"
)

// The operator's deeds are in the API's document: those that are, and no others.
func TestEveryDeedIsInTheDocument(t *testing.T) {
	document := string(hubtest.World(t, "").Anonymous().Get("/api/openapi.yaml").Expect(t, 200).Body)
	written := map[string]bool{}
	path := ""
	for line := range strings.Lines(document) {
		switch indent := len(line) - len(strings.TrimLeft(line, " ")); {
		case indent == 2:
			path = strings.TrimSuffix(strings.TrimSpace(line), ":")
		case indent == 4 && strings.HasPrefix(path, "/operator/"):
			written[fmt.Sprintf("%s %s", strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(line), ":")), path)] = true
		}
	}
	for _, r := range ops.Routes() {
		route := r.Method + " " + r.Path
		if !written[route] {
			t.Errorf("openapi.yaml does not have %s", route)
		}
		delete(written, route)
	}
	for route := range written {
		t.Errorf("openapi.yaml has %s, which is no deed", route)
	}
}
