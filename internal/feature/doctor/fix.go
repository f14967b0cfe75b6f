package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"hexhub/internal/kernel/fault"
)

// fixes are what can be mended without anybody's judgement: nothing that could be missed is removed, and
// nothing is opened to anybody. Each says what it did, or nothing.
var fixes = map[string]func(*examination) (string, error){
	"data":          func(x *examination) (string, error) { return narrow(0o700, x.Dir) },
	"secret":        func(x *examination) (string, error) { return narrow(0o600, x.secretFile()) },
	"socket":        func(x *examination) (string, error) { return narrow(0o600, x.socket()) },
	"private-files": func(x *examination) (string, error) { open, _ := x.openPrivate(); return narrow(0o600, open...) },
	"temp":          (*examination).removeLeftovers,
	"setup":         (*examination).removeSetup,
}

// Fix mends what the checks with the ids are about, and says what it did; there is nothing to say where all was
// well. It refuses checks whose faults somebody must think about.
func Fix(d Deps, ids []string) (did []string, err error) {
	if err := Known(ids); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if fixes[id] == nil {
			return nil, fault.New(fault.Conflict, "what %s finds cannot be mended by itself; hexhub doctor %s says what to do. What can: %s", id, id, strings.Join(Fixable(), ", "))
		}
	}
	if d.Dir == "" {
		return nil, fault.New(fault.Conflict, "nothing is kept on disk, so there is nothing to mend")
	}
	x := newExamination(d)
	for _, id := range ids {
		what, err := fixes[id](x)
		if err != nil {
			return did, fmt.Errorf("mend %s: %w", id, err)
		}
		if what != "" {
			did = append(did, what)
		}
	}
	return did, nil
}

// Fixable lists the checks whose faults can be mended, in the order of Checks.
func Fixable() []string {
	var out []string
	for _, c := range checks {
		if fixes[c.ID] != nil {
			out = append(out, c.ID)
		}
	}
	return out
}

// narrow takes from others what mode does not allow them.
func narrow(mode os.FileMode, names ...string) (string, error) {
	var done []string
	for _, name := range names {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if info.Mode().Perm()&^mode == 0 {
			continue
		}
		if err := os.Chmod(name, info.Mode().Perm()&mode); err != nil {
			return "", err
		}
		done = append(done, name)
	}
	if len(done) == 0 {
		return "", nil
	}
	return "closed to others: " + strings.Join(done, ", "), nil
}

func (x *examination) removeLeftovers() (string, error) {
	names, bytes, err := x.leftovers()
	if err != nil || len(names) == 0 {
		return "", err
	}
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	return fmt.Sprintf("removed %s, %s", plural(len(names), "temporary file"), size(bytes)), err
}

func (x *examination) removeSetup() (string, error) {
	if checkSetup(context.Background(), x).Level != Warn {
		return "", nil
	}
	return "removed " + x.setupFile(), os.Remove(x.setupFile())
}
