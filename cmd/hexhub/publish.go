package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type publishCmd struct {
	local      `embed:""`
	Files      []string `arg:"" help:"Package tarballs, as mix hex.build and gleam export hex-tarball make them."`
	Server     string   `env:"HEXHUB_SERVER" placeholder:"URL" help:"Server to publish to. Default: the one that runs on the data folder."`
	Key        string   `env:"HEXHUB_API_KEY,HEX_API_KEY" placeholder:"KEY" help:"API key. Better in the environment, where other users cannot see it."`
	Repository string   `placeholder:"NAME" help:"Organization's repository to publish to. Default: the default one."`
	Replace    bool     `help:"Replace a version that is there, while that is allowed."`
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
	if c.DryRun {
		return c.tell(s, uploads, nil)
	}
	if err := c.complete(s); err != nil {
		return err
	}
	client := &http.Client{Timeout: uploadTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var outcomes []outcome
	for i, u := range uploads {
		done, err := c.publish(s, client, u)
		if err != nil {
			if i > 0 {
				s.talk.Printf("Published %d of %d; %s and what follows are not.\n", i, len(uploads), u)
			}
			return err
		}
		outcomes = append(outcomes, done)
	}
	return c.tell(s, uploads, outcomes)
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

// complete finds out where to and as whom, if that was not said.
func (c *publishCmd) complete(s *session) error {
	if c.Server == "" {
		var here ops.Connect
		if err := c.operator().ask(s.ctx, "GET", "connect", nil, nil, &here); err != nil {
			return &failure{
				what: "publish", why: "no server is named, and none runs on the data folder " + c.folder(),
				fix: []string{"hexhub publish --server https://hub.example.com …"}, code: exitUnavailable,
			}
		}
		c.Server = here.URL
	}
	u, err := url.Parse(c.Server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return &failure{why: fmt.Sprintf("--server %q is not an address; write it like https://hub.example.com", c.Server), code: exitUsage}
	}
	c.Server = strings.TrimSuffix(strings.TrimSuffix(c.Server, "/"), "/api")
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		s.talk.Printf("%s the key travels unencrypted to %s.\n", s.talk.In(term.Yellow, "Warning:"), u.Host)
	}
	if c.Key != "" {
		return nil
	}
	if !s.canAsk() {
		return &failure{
			what: "publish", why: "no API key is given", note: "Put one into the environment; an administrator of this machine can make one:",
			fix: []string{"export HEXHUB_API_KEY=$(hexhub key create USER publish --permission api:write)"}, code: exitDenied,
		}
	}
	c.Key, err = s.talk.ReadPassword("API key: ", s.in)
	return err
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// An outcome is what the server says of a release that it took.
type outcome struct {
	Created bool
	URL     string
}

func (c publishCmd) publish(s *session, client *http.Client, u upload) (outcome, error) {
	where := "/api/publish"
	if c.Repository != "" {
		where = "/api/repos/" + url.PathEscape(c.Repository) + "/publish"
	}
	bar := s.talk.Bar(u.String(), int64(len(u.bytes)))
	var body io.Reader = bytes.NewReader(u.bytes)
	if !s.Quiet {
		body = io.TeeReader(body, bar)
	}
	req, err := http.NewRequestWithContext(s.ctx, "POST", fmt.Sprintf("%s%s?replace=%t", c.Server, where, c.Replace), body)
	if err != nil {
		return outcome{}, fmt.Errorf("make request: %w", err)
	}
	req.ContentLength = int64(len(u.bytes))
	req.Header.Set("Authorization", c.Key)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "hexhub/"+version)
	resp, err := client.Do(req)
	bar.Done()
	if err != nil {
		return outcome{}, unreached(s.ctx, c.Server, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return outcome{}, unreached(s.ctx, c.Server, err)
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return outcome{}, rejected(u, resp, answer)
	}
	var release struct {
		HTMLURL string `json:"html_url"`
		URL     string `json:"url"`
	}
	if err := json.Unmarshal(answer, &release); err != nil {
		return outcome{}, &failure{what: "publish " + u.String(), why: c.Server + " is not a Hex registry: its answer cannot be understood"}
	}
	if release.HTMLURL == "" {
		release.HTMLURL = release.URL
	}
	return outcome{resp.StatusCode == http.StatusCreated, release.HTMLURL}, nil
}

func unreached(ctx context.Context, server string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the address, which the words have already
	}
	return &failure{what: "reach " + server, why: err.Error(), fix: []string{"curl -I " + server + "/status"}, code: exitUnavailable}
}

// rejected says why the server refused a tarball, field by field, and under which id its log has it.
func rejected(u upload, resp *http.Response, answer []byte) error {
	var said struct {
		Message string         `json:"message"`
		Errors  map[string]any `json:"errors"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Message == "" {
		said.Message = "the server answered " + resp.Status
	}
	f := &failure{what: "publish " + u.String(), why: term.Clean(said.Message), code: codeOfStatus(resp.StatusCode)}
	lines := fieldLines("", said.Errors)
	if exists(lines) {
		f.code = exitConflict
	}
	if id := resp.Header.Get("X-Request-Id"); id != "" {
		lines = append(lines, "request "+term.Clean(id))
	}
	f.note = strings.Join(lines, "\n  ")
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
