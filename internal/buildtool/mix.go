package buildtool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"hexhub/hex/erlterm"
	"hexhub/internal/feature/connect"
)

// A Mix is Hex in mix, and the configuration it reads in every project of somebody.
type Mix struct {
	Program string
	Path    string // of hex.config
}

// DefaultMix is the mix that a shell finds. Its absence is an error.
func DefaultMix() (Mix, error) {
	program, err := exec.LookPath("mix")
	if err != nil {
		return Mix{}, errors.New("mix is not installed, or not on the PATH")
	}
	home := os.Getenv("HEX_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return Mix{}, fmt.Errorf("find the configuration of Hex: %w", err)
		}
		home = filepath.Join(user, ".hex")
	}
	return Mix{program, filepath.Join(home, "hex.config")}, nil
}

// Connect has mix know the registry's repository. With a key in r, mix also publishes there from now on, and nowhere
// else: Hex knows one address for that.
func (t Mix) Connect(ctx context.Context, r connect.Registry) error {
	before, err := readFile(t.Path)
	if err != nil {
		return err
	}
	if !bytes.Contains(before.text, []byte(r.URL+"/repo")) { // else the copy was made when it came
		if err := before.keep(); err != nil {
			return fmt.Errorf("keep a copy: %w", err)
		}
	}
	if err := t.addRepository(ctx, r); err != nil || r.Key == "" {
		return err
	}
	return t.edit(option{"api_url", r.URL + "/api"}, option{"api_key", r.Key})
}

// addRepository hands the public key over in a file, which every Hex takes.
func (t Mix) addRepository(ctx context.Context, r connect.Registry) error {
	key, err := os.CreateTemp("", "hexhub-*.pem")
	if err != nil {
		return fmt.Errorf("hand over the public key: %w", err)
	}
	defer os.Remove(key.Name())
	_, err = key.WriteString(r.PublicPEM)
	if err = errors.Join(err, key.Close()); err != nil {
		return fmt.Errorf("hand over the public key: %w", err)
	}
	if r.Repository == "hexpm" {
		_, err = t.run(ctx, "hex.repo", "set", "hexpm", "--url", r.URL+"/repo", "--public-key", key.Name())
		return err
	}
	_, err = t.run(ctx, "hex.repo", "add", r.Repository, r.URL+"/repo", "--public-key", key.Name())
	return err
}

// Disconnect takes back what Connect did; where mix publishes only if that is still the registry.
func (t Mix) Disconnect(ctx context.Context, r connect.Registry) error {
	state, err := t.State(ctx, r)
	if err != nil {
		return err
	}
	if state != Unknown {
		if _, err := t.run(ctx, "hex.repo", "remove", r.Repository); err != nil {
			return err
		}
	}
	if here, err := t.PublishesTo(r); err != nil || !here {
		return err
	}
	return t.edit(option{name: "api_url"}, option{name: "api_key"})
}

// PublishesTo reports whether mix publishes to the registry by itself.
func (t Mix) PublishesTo(r connect.Registry) (bool, error) {
	f, err := readFile(t.Path)
	if err != nil {
		return false, err
	}
	line := regexp.MustCompile(`(?m)^\{api_url,<<"` + regexp.QuoteMeta(r.URL+"/api") + `"(/utf8)?>>\}\.$`)
	return line.Match(f.text), nil
}

// State says whether mix knows the registry, as it tells itself.
func (t Mix) State(ctx context.Context, r connect.Registry) (State, error) {
	listed, err := t.run(ctx, "hex.repo", "list")
	if err != nil {
		return Unknown, err
	}
	for line := range strings.Lines(listed) {
		cells := strings.Fields(line)
		if len(cells) < 2 || cells[0] != r.Repository {
			continue
		}
		if cells[1] == r.URL+"/repo" && strings.Contains(line, r.Fingerprint) {
			return Connected, nil
		}
		if r.Repository != "hexpm" || !strings.HasPrefix(cells[1], "https://repo.hex.pm") {
			return Differs, nil
		}
	}
	return Unknown, nil
}

func (t Mix) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, t.Program, args...)
	cmd.Dir = os.TempDir() // a project there may not compile
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("mix %s: %s", strings.Join(args[:min(2, len(args))], " "), bytes.TrimSpace(out))
	}
	return string(out), nil
}

// An option is a line of hex.config, which Hex keeps as it finds it. Without a value it is none.
type option struct{ name, value string }

func (o option) line() []byte {
	if o.value == "" {
		return nil
	}
	text, err := erlterm.Format(nil, erlterm.Tuple{erlterm.Atom(o.name), erlterm.Binary(o.value)})
	if err != nil {
		return nil
	}
	return text
}

// edit writes the options, which no program's arguments should show, since one of them is a key.
func (t Mix) edit(options ...option) error {
	f, err := readFile(t.Path)
	if err != nil {
		return err
	}
	text := f.text
	for _, o := range options {
		old := regexp.MustCompile(`(?m)^\{` + regexp.QuoteMeta(o.name) + `,.*\}\.\n`)
		text = append(old.ReplaceAll(text, nil), o.line()...)
	}
	f.mode = 0o600
	return f.replace(text)
}
