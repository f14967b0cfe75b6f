// Package login remembers on which servers somebody is logged in from this machine, and keeps fresh what
// lets him in: an API key, or tokens that the OAuth device flow gave.
//
// It knows one file and the few OAuth calls of a server. It asks nobody and prints nothing; commands do.
package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"hexhub/internal/kernel/wholefile"
)

// A Secret hides itself from printing and logging. In the file it is plain.
type Secret string

const hidden = "[hidden]"

// String hides the secret.
func (Secret) String() string { return hidden }

// GoString hides the secret.
func (Secret) GoString() string { return hidden }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// A Server is one that somebody is logged in to.
type Server struct {
	Name string `json:"name"` // as in @NAME
	URL  string `json:"url"`  // without a slash at its end
	User string `json:"user"` // whose login it is

	Key    Secret `json:"key,omitempty"` // an API key, or else
	Tokens Tokens `json:"tokens,omitzero"`
}

// Tokens are what a login by OAuth leaves behind.
type Tokens struct {
	Access    Secret    `json:"access,omitempty"`
	Refresh   Secret    `json:"refresh,omitempty"` // good once
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Authorization is what is sent with each request.
func (s Server) Authorization() string {
	if s.Key != "" {
		return string(s.Key)
	}
	return "Bearer " + string(s.Tokens.Access)
}

// Servers are all of them.
type Servers struct {
	V       int      `json:"v"` // of the file's form
	Default string   `json:"default,omitempty"`
	Servers []Server `json:"servers"`
}

// index finds a server by its name.
func (s *Servers) index(name string) int {
	return slices.IndexFunc(s.Servers, func(x Server) bool { return x.Name == name })
}

// Find returns the server that is meant by @NAME, by @ alone, which is the default one, or by an address.
// Of several logins at one address it is the default one or else the first.
func (s *Servers) Find(text string) (Server, bool) {
	if name, ok := strings.CutPrefix(text, "@"); ok {
		if name == "" {
			name = s.Default
		}
		if i := s.index(name); i >= 0 {
			return s.Servers[i], true
		}
		return Server{}, false
	}
	var found Server
	for _, x := range s.Servers {
		if x.URL == text && (found.URL == "" || x.Name == s.Default) {
			found = x
		}
	}
	return found, found.URL != ""
}

// ParseURL reads the address of a server, with or without the path of its API behind.
func ParseURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(strings.TrimSuffix(text, "/"), "/api"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is not an address; write it like https://hub.example.com", text)
	}
	return strings.TrimSuffix(u.Scheme+"://"+strings.ToLower(u.Host)+u.EscapedPath(), "/"), nil
}

// A File is where logins are kept. Only its owner can read it.
type File struct{ Path string }

// DefaultFile is in the user's folder for configuration.
func DefaultFile() (File, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return File{}, fmt.Errorf("find where logins are kept: %w", err)
	}
	return File{filepath.Join(dir, "hexhub", "servers.json")}, nil
}

// An OpenError says that others can read the file. What was in it should be taken as known to them.
type OpenError struct{ Path string }

// Error implements error.
func (e *OpenError) Error() string { return e.Path + " is open to other users" }

// Read returns what the file holds, nothing if there is none.
func (f File) Read() (Servers, error) {
	s := Servers{V: 1}
	text, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the logins: %w", err)
	}
	if info, err := os.Stat(f.Path); err != nil {
		return s, fmt.Errorf("read the logins: %w", err)
	} else if info.Mode().Perm()&0o077 != 0 {
		return s, &OpenError{f.Path}
	}
	// What stands there is not told along: it may be a secret.
	if json.Unmarshal(text, &s) != nil || s.V != 1 {
		return s, fmt.Errorf("read the logins: %s is not understood; remove it and log in again", f.Path)
	}
	return s, nil
}

// Save adds a login, in the place of one with the same name. The first becomes the default.
func (f File) Save(ctx context.Context, x Server) error {
	return f.update(ctx, func(s *Servers) error {
		if i := s.index(x.Name); i >= 0 {
			s.Servers[i] = x
		} else {
			s.Servers = append(s.Servers, x)
		}
		if s.index(s.Default) < 0 {
			s.Default = x.Name
		}
		return nil
	})
}

// Prefer makes a login the default one.
func (f File) Prefer(ctx context.Context, name string) error {
	return f.update(ctx, func(s *Servers) error {
		if s.index(name) >= 0 {
			s.Default = name
		}
		return nil
	})
}

// Forget removes a login. If it was the default, the first that is left becomes it.
func (f File) Forget(ctx context.Context, name string) error {
	return f.update(ctx, func(s *Servers) error {
		s.Servers = slices.DeleteFunc(s.Servers, func(x Server) bool { return x.Name == name })
		if s.Default == name {
			s.Default = ""
			if len(s.Servers) > 0 {
				s.Default = s.Servers[0].Name
			}
		}
		return nil
	})
}

// freshFor is how long an access token must last to be used without another look.
const freshFor = 5 * time.Minute

// Fresh returns the login with the name, with an access token that is not about to expire and is not the
// one given, which was refused. Of several programs that need a new one, one fetches it and the others
// wait for it: a refresh token that is shown twice ends the login.
//
// While the server cannot be asked, a token that still works is good enough.
func (f File) Fresh(ctx context.Context, name string, refused Secret, refresh func(context.Context, Server) (Tokens, error)) (Server, error) {
	fresh := func(x Server) bool {
		return x.Key != "" || x.Tokens.Access != refused && time.Until(x.Tokens.ExpiresAt) >= freshFor
	}
	s, err := f.Read()
	if err != nil {
		return Server{}, err
	}
	if i := s.index(name); i >= 0 && fresh(s.Servers[i]) {
		return s.Servers[i], nil
	}
	var got Server
	err = f.update(ctx, func(s *Servers) error {
		i := s.index(name)
		if i < 0 {
			return fmt.Errorf("the login %s is gone", name)
		}
		if got = s.Servers[i]; fresh(got) {
			return nil
		}
		t, err := refresh(ctx, got)
		if err != nil {
			if got.Tokens.Access != refused && time.Now().Before(got.Tokens.ExpiresAt) && !Ended(err) {
				return nil
			}
			return err
		}
		got.Tokens = t
		s.Servers[i] = got
		return nil
	})
	if err != nil {
		return Server{}, err
	}
	return got, nil
}

// update changes the file while no other program does. It is written anew and put in its place, so that
// whoever reads it finds all or nothing of the change.
func (f File) update(ctx context.Context, edit func(*Servers) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return fmt.Errorf("make a folder for the logins: %w", err)
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := f.Read()
	if err != nil {
		return err
	}
	before := slices.Clone(s.Servers)
	was := s.Default
	if err := edit(&s); err != nil || s.Default == was && slices.Equal(before, s.Servers) {
		return err
	}
	if err := f.write(s); err != nil {
		return fmt.Errorf("write the logins: %w", err)
	}
	return nil
}

func (f File) write(s Servers) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return wholefile.Replace(f.Path, bytes.NewReader(append(text, '\n')), 0o600)
}

// lockEvery is how often a lock that another program holds is tried again.
const lockEvery = 20 * time.Millisecond

// lock takes the lock beside the file, which is never removed: whoever waits for it has it open.
func (f File) lock(ctx context.Context) (unlock func(), err error) {
	l, err := os.OpenFile(f.Path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the logins: %w", err)
	}
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(l.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = l.Close() }, nil // which gives the lock back
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock the logins: %w", err), l.Close())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), l.Close())
		}
	}
}
