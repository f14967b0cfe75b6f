package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type publishCmd struct {
	target     `embed:""`
	Files      []string `arg:"" help:"Package tarballs, as mix hex.build and gleam export hex-tarball make them."`
	Key        string   `env:"HEXHUB_API_KEY" placeholder:"KEY" help:"API key. Better in the environment, where other users cannot see it. Default: the login, then HEX_API_KEY."`
	Repository string   `placeholder:"NAME" help:"Organization's repository to publish to. Default: the default one."`
	Replace    bool     `help:"Replace a version that is there, while that is allowed."`
	Docs       string   `placeholder:"PATH" help:"Documentation of the one package: the folder that mix docs, rebar3 edoc or gleam docs build writes, or a .tar.gz of what is in it."`
	DryRun     bool     `help:"Only check the files, here."`
}

// uploadTimeout is for one tarball of 16 MiB on a slow line.
const uploadTimeout = 5 * time.Minute

// An upload is a tarball to be published.
type upload struct {
	file  string
	bytes []byte
	*tarball.Tarball
}

func (u upload) String() string { return u.Metadata.Name + " " + u.Metadata.Version }

// Run checks every file before it sends the first.
func (c publishCmd) Run(s *session) error {
	var uploads []upload
	for _, file := range c.Files {
		u, err := openUpload(file)
		if err != nil {
			return err
		}
		for _, warning := range u.Warnings {
			s.talk.Printf("%s %s: %s\n", s.talk.In(term.Yellow, "Warning:"), file, term.Clean(warning))
		}
		uploads = append(uploads, u)
	}
	docs, err := c.openDocs()
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.tell(s, uploads, nil)
	}
	l, err := c.link(s)
	if err != nil {
		return err
	}
	outcomes, err := c.publishAll(l, uploads, docs)
	if err != nil {
		return err
	}
	return c.tell(s, uploads, outcomes)
}

// publishAll sends one after the other, and the documentation after its package.
func (c publishCmd) publishAll(l *link, uploads []upload, docs []byte) ([]outcome, error) {
	var outcomes []outcome
	for i, u := range uploads {
		done, err := c.publish(l, u)
		if err != nil {
			if i > 0 {
				l.s.talk.Printf("Published %d of %d; %s and what follows are not.\n", i, len(uploads), u)
			}
			return nil, err
		}
		if docs != nil {
			if done.Docs, err = c.publishDocs(l, u, docs); err != nil {
				l.s.talk.Printf("Published %s, without documentation.\n", u)
				return nil, err
			}
		}
		outcomes = append(outcomes, done)
	}
	return outcomes, nil
}

// openUpload reads a tarball and checks it as the server will.
func openUpload(file string) (upload, error) {
	info, err := os.Stat(file)
	if err != nil {
		return upload{}, &failure{what: "read " + file, why: err.Error(), code: exitNotFound}
	}
	if info.Size() > tarball.MaxSize {
		return upload{}, &failure{what: "publish " + file, why: fmt.Sprintf("it has %s; the most is %s", term.Bytes(info.Size()), term.Bytes(tarball.MaxSize))}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return upload{}, &failure{what: "read " + file, why: err.Error()}
	}
	t, err := tarball.Open(bytes.NewReader(data), int64(len(data)))
	if fields, ok := errors.AsType[tarball.FieldErrors](err); ok {
		wrong := map[string]any{}
		for k, v := range fields {
			wrong[k] = v
		}
		return upload{}, &failure{what: "publish " + file, why: "its metadata is not valid", note: strings.Join(fieldLines("", wrong), "\n  ")}
	}
	if err != nil {
		return upload{}, &failure{what: "publish " + file, why: term.Clean(err.Error()), note: "Build it anew with mix hex.build, rebar3 hex build or gleam export hex-tarball."}
	}
	return upload{file, data, t}, nil
}

// link finds out where to and as whom, if that was not said.
func (c publishCmd) link(s *session) (*link, error) {
	server := c.Server
	if !c.elsewhere(s) {
		var here ops.Connect
		if err := c.ask(s, "GET", "connect", nil, nil, &here); err != nil {
			return nil, &failure{
				what: "publish", why: "no server is named, and none runs on the data folder " + c.folder(),
				fix: []string{"hexhub publish --server https://hub.example.com …"}, code: exitUnavailable,
			}
		}
		server = here.URL
	}
	l, err := s.linkTo(server, c.OTP)
	if err != nil {
		return nil, err
	}
	l.http.Timeout = uploadTimeout
	if l.key = c.Key; l.key == "" && l.login.Name == "" {
		l.key = os.Getenv("HEX_API_KEY") // mix's, which may be for another server: last of all
	}
	if l.key != "" || l.login.Name != "" {
		return l, nil
	}
	if !s.canAsk() {
		return nil, &failure{
			what: "publish", why: "no API key is given", note: "Log in, or put a key into the environment; an administrator of this machine can make one:",
			fix: []string{"hexhub login " + l.base, "export HEXHUB_API_KEY=$(hexhub key create USER publish --permission api:write)"}, code: exitDenied,
		}
	}
	l.key, err = s.talk.ReadPassword("API key: ", s.in)
	return l, err
}

// An outcome is what the server says of a release that it took.
type outcome struct {
	Created bool
	URL     string
	Docs    string // where its documentation is read, if some was sent
}

func (c publishCmd) publish(l *link, u upload) (outcome, error) {
	resp, answer, err := l.upload(u.String(), c.api("/publish"), url.Values{"replace": {strconv.FormatBool(c.Replace)}}, u.bytes) //nolint:bodyclose // upload closes it
	if err != nil {
		return outcome{}, err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return outcome{}, l.rejected("publish "+u.String(), resp, answer)
	}
	var release struct {
		HTMLURL string `json:"html_url"`
		URL     string `json:"url"`
	}
	if err := json.Unmarshal(answer, &release); err != nil {
		return outcome{}, l.noRegistry()
	}
	if release.HTMLURL == "" {
		release.HTMLURL = release.URL
	}
	return outcome{Created: resp.StatusCode == http.StatusCreated, URL: release.HTMLURL}, nil
}

// rejected says why the API refused something, field by field, and under which id its log has it.
func (l *link) rejected(what string, resp *http.Response, answer []byte) error {
	var said struct {
		Message string         `json:"message"`
		Errors  map[string]any `json:"errors"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Message == "" {
		said.Message = "the server answered " + resp.Status
	}
	f := &failure{what: what, why: term.Clean(said.Message), code: codeOfStatus(resp.StatusCode)}
	lines := fieldLines("", said.Errors)
	if exists(lines) {
		f.code = exitConflict
	}
	if id := resp.Header.Get("X-Request-Id"); id != "" {
		lines = append(lines, "request "+term.Clean(id))
	}
	f.note = strings.Join(lines, "\n  ")
	if resp.StatusCode == http.StatusUnauthorized {
		return l.hint(resp, f)
	}
	return f
}

func codeOfStatus(status int) int {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return exitDenied
	case status == http.StatusNotFound:
		return exitNotFound
	case status == http.StatusConflict:
		return exitConflict
	case status == http.StatusTooManyRequests, status >= 500:
		return exitUnavailable
	}
	return exitFailed
}

// tell prints what was published or, without outcomes, what would be.
func (c publishCmd) tell(s *session, uploads []upload, outcomes []outcome) error {
	var all []map[string]any
	for i, u := range uploads {
		fields := map[string]any{"file": u.file, "name": u.Metadata.Name, "version": u.Metadata.Version, "checksum": u.Outer, "size": len(u.bytes)}
		word, at := "Would publish", ""
		if outcomes != nil {
			fields["created"], fields["url"] = outcomes[i].Created, outcomes[i].URL
			word, at = "Replaced", "  "+outcomes[i].URL
			if outcomes[i].Created {
				word = "Published"
			}
			if outcomes[i].Docs != "" {
				fields["docs_url"] = outcomes[i].Docs
				at += " · documentation " + outcomes[i].Docs
			}
		}
		all = append(all, fields)
		switch {
		case s.JSON:
		case s.Quiet:
			fmt.Fprintln(s.out, u)
		default:
			fmt.Fprintf(s.out, "%s %s (%s)%s\n", word, u, term.Bytes(int64(len(u.bytes))), term.Clean(at))
		}
	}
	if s.JSON {
		return s.json(map[string]any{"dry_run": c.DryRun, "packages": all})
	}
	return nil
}
