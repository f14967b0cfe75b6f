package dochost

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
)

// A versionNode is one line of the menu of versions.
type versionNode struct {
	Version string `json:"version"`
	URL     string `json:"url"`
	Latest  bool   `json:"latest,omitempty"`
	Retired bool   `json:"retired,omitempty"`
}

// A searchNode names documentation in which ExDoc's pages search.
type searchNode struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// asksForConfig reports whether a path is that of the script from which pages learn of other versions. ExDoc asks for it
// beside the page or in the folder above, so it is found in every folder.
func asksForConfig(file string) bool { return path.Base(file) == "docs_config.js" }

// sendConfig sends what pages learn of other versions. It is told by the rows of this moment, whatever the archive has.
func (a *asked) sendConfig(w http.ResponseWriter, r *http.Request) error {
	body, err := a.config()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, no-cache")
	sum := sha256.Sum256(body)
	return sendBytes(w, r, `"`+hex.EncodeToString(sum[:16])+`"`, body)
}

// config is the script. What encoding/json writes is safe in a script: it escapes <, > and & and the two line ends that
// older scripts do not have in strings.
func (a *asked) config() ([]byte, error) {
	versions := make([]versionNode, 0, len(a.set))
	latest, _ := a.set.Latest()
	for _, rel := range slices.Backward(a.set) {
		versions = append(versions, versionNode{
			Version: "v" + rel.Version.String(), URL: a.base + "/" + rel.Version.String(), Latest: rel.Version == latest.Version, Retired: rel.Retirement != nil,
		})
	}
	search := []searchNode{{Name: a.place.Name.String(), Version: a.release.Version.String()}}
	var b strings.Builder
	for _, node := range []struct {
		name  string
		nodes any
	}{{"versionNodes", versions}, {"searchNodes", search}} {
		text, err := json.Marshal(node.nodes)
		if err != nil {
			return nil, err
		}
		b.WriteString("var " + node.name + " = " + string(text) + ";\n")
	}
	return []byte(b.String()), nil
}
