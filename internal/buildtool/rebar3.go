package buildtool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"hexhub/hex/erlterm"
	"hexhub/internal/feature/connect"
)

// A Rebar3 is the configuration that rebar3 reads in every project of somebody.
type Rebar3 struct{ Path string }

// DefaultRebar3 is where rebar3 looks.
func DefaultRebar3() (Rebar3, error) {
	home := os.Getenv("REBAR_GLOBAL_CONFIG_DIR")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return Rebar3{}, fmt.Errorf("find the configuration of rebar3: %w", err)
		}
	}
	return Rebar3{filepath.Join(home, ".config", "rebar3", "rebar.config")}, nil
}

// ErrOwnRepositories says that somebody names repositories in a configuration himself. To rebar3 only the first list
// counts, and where in it another belongs is for its author to say.
var ErrOwnRepositories = errors.New("it names repositories already")

// ErrInPlaceOfHex says that the registry is called hexpm, whose address rebar3 takes from its environment alone.
var ErrInPlaceOfHex = errors.New("rebar3 takes the address of hexpm from HEX_CDN")

// Connect has rebar3 ask the registry for packages, before hex.pm.
func (t Rebar3) Connect(r connect.Registry) error {
	if r.Repository == "hexpm" {
		return ErrInPlaceOfHex
	}
	return t.edit(func(all erlterm.List) erlterm.List {
		mine := repository(r)
		if i := find(all, r.Repository); i >= 0 {
			all[i] = mine
			return all
		}
		return append(erlterm.List{mine}, all...)
	})
}

// Disconnect takes the registry's repository out again, whatever it is.
func (t Rebar3) Disconnect(r connect.Registry) error {
	return t.edit(func(all erlterm.List) erlterm.List {
		if i := find(all, r.Repository); i >= 0 {
			return slices.Delete(all, i, i+1)
		}
		return all
	})
}

// State says whether rebar3 knows the registry by what was written here.
func (t Rebar3) State(r connect.Registry) (State, error) {
	f, err := readFile(t.Path)
	if err != nil {
		return Unknown, err
	}
	_, all, _, err := split(f.text)
	i := find(all, r.Repository)
	switch {
	case err != nil || i < 0:
		return Unknown, err
	case same(all[i], repository(r)):
		return Connected, nil
	}
	return Differs, nil
}

func (t Rebar3) edit(change func(erlterm.List) erlterm.List) error {
	f, err := readFile(t.Path)
	if err != nil {
		return err
	}
	before, all, after, err := split(f.text)
	if err != nil {
		return err
	}
	had := len(all)
	all = change(all)
	if len(all) > had && (ownRepositories.Match(before) || ownRepositories.Match(after)) {
		return ErrOwnRepositories
	}
	block, err := format(all)
	if err != nil {
		return err
	}
	if had == 0 { // else the copy was made when the first repository came
		if err := f.keep(); err != nil {
			return fmt.Errorf("keep a copy: %w", err)
		}
	}
	return f.replace(slices.Concat(before, block, after))
}

// The lines between which a configuration is ours.
const (
	opening = "%% What follows is kept by hexhub connect; hexhub connect rebar3 --undo takes it away.\n"
	closing = "%% Here ends what hexhub connect keeps.\n"
)

// ownRepositories finds where somebody says himself which repositories there are.
var ownRepositories = regexp.MustCompile(`(?m)^[^%\n]*\{\s*hex\s*,`)

// split takes a configuration apart: what stands before our repositories, they, and what stands after them.
func split(text []byte) (before []byte, all erlterm.List, after []byte, err error) {
	before, rest, ours := bytes.Cut(text, []byte(opening))
	if !ours {
		return text, nil, nil, nil
	}
	block, after, closed := bytes.Cut(rest, []byte(closing))
	if !closed {
		return nil, nil, nil, errors.New("the last line of what hexhub connect keeps in it is missing")
	}
	forms, err := erlterm.Consult(block, erlterm.Limits{})
	if err != nil || len(forms) != 1 {
		return nil, nil, nil, errors.New("what hexhub connect keeps in it was changed, and is not understood")
	}
	return before, repositories(forms[0]), after, nil
}

// repositories are those of a form {hex, [{repos, […]}]}.
func repositories(form erlterm.Tuple) erlterm.List {
	if len(form) != 2 {
		return nil
	}
	options, _ := form[1].(erlterm.List)
	for _, o := range options {
		if pair, ok := o.(erlterm.Tuple); ok && len(pair) == 2 && pair[0] == erlterm.Atom("repos") {
			all, _ := pair[1].(erlterm.List)
			return all
		}
	}
	return nil
}

func format(all erlterm.List) ([]byte, error) {
	if len(all) == 0 {
		return nil, nil
	}
	block, err := erlterm.Format([]byte(opening), erlterm.Tuple{erlterm.Atom("hex"), erlterm.List{erlterm.Tuple{erlterm.Atom("repos"), all}}})
	if err != nil {
		return nil, fmt.Errorf("write the repositories: %w", err)
	}
	return append(block, closing...), nil
}

// repository is what rebar3 has to know of the registry.
func repository(r connect.Registry) erlterm.Map {
	return erlterm.Map{
		{Key: erlterm.Atom("name"), Value: erlterm.Binary(r.Repository)},
		{Key: erlterm.Atom("repo_url"), Value: erlterm.Binary(r.URL + "/repo")},
		{Key: erlterm.Atom("api_url"), Value: erlterm.Binary(r.URL + "/api")},
		{Key: erlterm.Atom("repo_public_key"), Value: erlterm.Binary(r.PublicPEM)},
	}
}

// find returns where the repository with the name is, or -1.
func find(all erlterm.List, name string) int {
	return slices.IndexFunc(all, func(x any) bool {
		m, _ := x.(erlterm.Map)
		return slices.Contains(m, erlterm.Pair{Key: erlterm.Atom("name"), Value: erlterm.Binary(name)})
	})
}

func same(x any, want erlterm.Map) bool {
	m, ok := x.(erlterm.Map)
	return ok && slices.Equal(m, want)
}
