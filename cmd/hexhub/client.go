package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"hexhub/internal/config"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

// A local is the flag of every command that talks to the node of this machine.
type local struct {
	Data string `key:"data" default:"./data" placeholder:"DIR" help:"Data folder of the server."`
}

// folder is the data folder as messages name it: absolute, so that the words hold anywhere.
func (l local) folder() string {
	if dir, err := filepath.Abs(l.Data); err == nil {
		return dir
	}
	return l.Data
}

// operator returns a client of the node that runs on the data folder.
func (l local) operator() operator {
	dir := l.folder()
	socket := config.Server{Data: dir}.OpsSocket()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return operator{dir, &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// An operator talks to a node through its socket.
type operator struct {
	dir  string
	http *http.Client
}

// user is the query that names a user.
func user(name string) url.Values { return url.Values{"user": {name}} }

// ask sends in as JSON and reads the answer into out. Either may be nil. An error is a failure already.
func (o operator) ask(ctx context.Context, method, path string, query url.Values, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	target := url.URL{Scheme: "http", Host: "ops", Path: "/operator/" + path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", "hexhub/"+version)
	resp, err := o.http.Do(req)
	if err != nil {
		return o.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return o.unreachable(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		return refused(answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}

// unreachable says why the socket could not be talked through.
func (o operator) unreachable(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrPermission):
		return &failure{
			what: "reach the server", why: "its socket in " + o.dir + " is closed to this user",
			note: "Run the command as the user that runs the server.", fix: []string{"sudo -u hexhub hexhub …"}, code: exitDenied,
		}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return &failure{
			what: "reach the server", why: "none runs on the data folder " + o.dir,
			note: "Start it, or name the folder of the one that runs with --data.", fix: []string{"hexhub serve --data " + o.dir}, code: exitUnavailable,
		}
	}
	return &failure{what: "reach the server", why: err.Error(), fix: []string{"hexhub doctor --data " + o.dir}, code: exitUnavailable}
}

// refused turns a node's problem into a failure.
func refused(answer []byte) error {
	var p ops.Problem
	if err := json.Unmarshal(answer, &p); err != nil || p.Kind == "" {
		return &failure{what: "do this", why: "the server gave an answer that is not understood", note: "Are the command and the running server of the same version?"}
	}
	f := &failure{why: term.Clean(p.Message), code: codeOfKind(p.Kind)}
	if lines := fieldLines("", p.Fields); len(lines) > 0 {
		f.why, f.note = "this is not valid", strings.Join(lines, "\n  ")
		if exists(lines) {
			f.code = exitConflict
		}
	}
	if p.Kind == fault.Internal.String() {
		f.note = "request " + p.Request
	}
	return f
}

func codeOfKind(kind string) int {
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == kind {
			return codeOf(fault.New(k, "%s", ""))
		}
	}
	return exitFailed
}

// exists reports whether what a server says of fields is that something is there already.
func exists(lines []string) bool {
	return slices.ContainsFunc(lines, func(l string) bool {
		return strings.Contains(l, "already") || strings.Contains(l, "--replace")
	})
}

// fieldLines writes nested messages as lines such as "emails.email: already in use", in order.
func fieldLines(prefix string, fields map[string]any) []string {
	var out []string
	for k, v := range fields {
		switch v := v.(type) {
		case map[string]any:
			out = append(out, fieldLines(prefix+k+".", v)...)
		default:
			out = append(out, fmt.Sprintf("%s%s: %s", prefix, term.Clean(k), term.Clean(fmt.Sprint(v))))
		}
	}
	slices.Sort(out)
	return out
}

// canAsk reports whether there is somebody to ask.
func (s *session) canAsk() bool { return term.New(s.in, "never").Terminal() }

// newPassword asks for a password twice at a terminal, or reads a line of stdin if told to. It never
// takes one from the command line, where others could see it.
func (s *session) newPassword(fromStdin bool) (string, error) {
	if fromStdin {
		return s.talk.ReadPassword("Password: ", s.in)
	}
	if !s.canAsk() {
		return "", &failure{
			what: "ask for a password", why: "stdin is not a terminal", note: "Pipe the password in:",
			fix: []string{os.Args[0] + " … --password-stdin < password-file"}, code: exitUsage,
		}
	}
	first, err := s.talk.ReadPassword("Password: ", s.in)
	if err != nil {
		return "", err
	}
	again, err := s.talk.ReadPassword("Once more: ", s.in)
	if err != nil {
		return "", err
	}
	if first != again {
		return "", &failure{what: "set the password", why: "the two are not the same"}
	}
	return first, nil
}

// done tells that something was done: a sentence for people, the id alone when quiet, or JSON.
func (s *session) done(id, key string, value any, sentence string, args ...any) error {
	switch {
	case s.JSON:
		return s.json(map[string]any{key: value})
	case s.Quiet:
		_, err := fmt.Fprintln(s.out, term.Clean(id))
		return err
	}
	_, err := fmt.Fprintf(s.out, sentence+"\n", args...)
	return err
}

// list prints things as a table, one id a line when quiet, or JSON.
func (s *session) list(key string, value any, heading []string, rows [][]string) error {
	switch {
	case s.JSON:
		return s.json(map[string]any{key: value})
	case s.Quiet:
		for _, row := range rows {
			if _, err := fmt.Fprintln(s.out, term.Clean(row[0])); err != nil {
				return err
			}
		}
		return nil
	}
	s.paint.Table(append([][]string{heading}, rows...))
	return nil
}

// words are the public ones of a fault, else those of the error.
func words(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Message != "" {
		return f.Message
	}
	return err.Error()
}
