package dochost

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// A shown is what is told of all documentation of a package, for as long as its releases stay as they are.
type shown struct {
	view   *store.View
	set    docs.Set
	config []byte // the script from which pages learn of other versions
	tag    string // entity tag of that
}

// A memory keeps what is shown of the packages asked for lately.
type memory struct {
	db  *store.DB
	all *lru.Cache[catalog.Ref, *shown]
}

const (
	rememberedPackages = 1024
	rememberedPages    = 8192 // whose manner is known: 200 bytes each
	rememberedBars     = 128  // pages with a bar, of 50 kB or so; see rememberedBar
)

// of returns what is shown of the package, made anew if a row that it was made of has changed.
func (m *memory) of(ref catalog.Ref, a *asked) (*shown, error) {
	if s, ok := m.all.Get(ref); ok && !s.view.Stale() {
		return s, nil
	}
	v := m.db.View()
	defer v.Close()
	repository, _ := org.Repositories.Get(v, ref.Repository.String()) // anew, so that the View tells when it changes
	s := &shown{view: v, set: docs.Of(v, ref)}
	var err error
	if s.config, err = a.unticketed().config(s.set, repository.Public); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(s.config)
	s.tag = `"` + hex.EncodeToString(sum[:16]) + `"`
	m.all.Add(ref, s)
	return s, nil
}

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

//go:embed shim.js
var shim string

//go:embed theme.js
var theme string

// config is the script. It is told by rows, whatever the archive has. What encoding/json writes is safe in a script: it
// escapes <, > and & and the two line ends that older scripts do not have in strings.
func (a *asked) config(set docs.Set, public bool) ([]byte, error) {
	latest, _ := set.Latest()
	versions := make([]versionNode, 0, len(set))
	for _, rel := range slices.Backward(set) {
		versions = append(versions, versionNode{
			Version: "v" + rel.Version.String(), URL: a.base + "/" + rel.Version.String(), Latest: rel.Version == latest.Version, Retired: rel.Retirement != nil,
		})
	}
	search := []searchNode{}
	if public {
		search = []searchNode{{a.place.Name.String(), latest.Version.String()}}
	}
	var b strings.Builder
	if !a.own {
		b.WriteString(shim)
	}
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
	return []byte(b.String() + theme), nil
}
