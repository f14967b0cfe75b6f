package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// clientID is this program's, which every server knows.
const clientID = "b2f4c1de-6d1e-4f0e-9a54-0d6c6e1f7a10"

// scope is what a login may do: the whole API, and fetching from all repositories of its user.
const scope = "api repositories"

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// A Client makes the OAuth calls of logins. The zero value works.
type Client struct {
	HTTP      *http.Client // nil means one that follows no redirects
	UserAgent string
}

// A Refusal is what a server says of a request for tokens that it does not grant.
type Refusal struct {
	Code string `json:"error"` // of RFC 6749 or RFC 8628
	Text string `json:"error_description"`
}

// Error implements error.
func (e *Refusal) Error() string {
	if e.Text == "" {
		return e.Code
	}
	return e.Text
}

// Ended reports whether err says that a login is no more, so that only a new one helps.
func Ended(err error) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && (r.Code == "invalid_grant" || r.Code == "invalid_client")
}

// A Device is a login that waits for its user, who opens an address and types a code.
type Device struct {
	Code     string `json:"device_code"` // a secret
	UserCode string `json:"user_code"`
	URI      string `json:"verification_uri"`
	Expires  int    `json:"expires_in"` // in seconds
	Interval int    `json:"interval"`   // seconds between two questions
}

// Start begins a login. The name is what its user is shown of this machine.
func (c Client) Start(ctx context.Context, server, name string) (Device, error) {
	var d Device
	err := c.post(ctx, server+"/api/oauth/device_authorization", map[string]string{"client_id": clientID, "scope": scope, "name": name}, &d)
	if err == nil && (d.Code == "" || d.UserCode == "" || d.URI == "") {
		err = errors.New("its answer is not that of a Hex registry")
	}
	return d, err
}

// maxFailures is how often in a row a question may find no server before it is given up.
const maxFailures = 5

// Wait asks until the user has answered or the code has expired.
func (c Client) Wait(ctx context.Context, server string, d Device) (Tokens, error) {
	every, failures := time.Duration(max(d.Interval, 1))*time.Second, 0
	for {
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return Tokens{}, ctx.Err()
		}
		t, err := c.tokens(ctx, server, map[string]string{"grant_type": deviceGrant, "device_code": d.Code, "client_id": clientID})
		r, ok := errors.AsType[*Refusal](err)
		switch {
		case err == nil:
			return t, nil
		case !ok:
			if failures++; failures == maxFailures {
				return t, err
			}
			continue
		case r.Code == "slow_down":
			every += 5 * time.Second
		case r.Code != "authorization_pending":
			return Tokens{}, err
		}
		failures = 0
	}
}

// Refresh changes a refresh token for new tokens; the old one is good no more.
func (c Client) Refresh(ctx context.Context, s Server) (Tokens, error) {
	return c.tokens(ctx, s.URL, map[string]string{"grant_type": "refresh_token", "refresh_token": string(s.Tokens.Refresh), "client_id": clientID})
}

// Revoke ends a login at its server.
func (c Client) Revoke(ctx context.Context, s Server) error {
	return c.post(ctx, s.URL+"/api/oauth/revoke", map[string]string{"token": string(s.Tokens.Refresh), "client_id": clientID}, nil)
}

func (c Client) tokens(ctx context.Context, server string, form map[string]string) (Tokens, error) {
	var got struct {
		Access  Secret `json:"access_token"`
		Refresh Secret `json:"refresh_token"`
		Expires int    `json:"expires_in"`
	}
	asked := time.Now()
	if err := c.post(ctx, server+"/api/oauth/token", form, &got); err != nil {
		return Tokens{}, err
	}
	if got.Access == "" || got.Refresh == "" {
		return Tokens{}, errors.New("its answer holds no tokens")
	}
	return Tokens{got.Access, got.Refresh, asked.Add(time.Duration(got.Expires) * time.Second).UTC().Truncate(time.Second)}, nil
}

// timeout is for one call. Its answer is small.
const timeout = 30 * time.Second

// post sends a form as JSON and reads the answer into out, if it is not nil. Errors hold nothing of either.
func (c Client) post(ctx context.Context, target string, form map[string]string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(form)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.UserAgent)
	h := c.HTTP
	if h == nil {
		h = HTTPClient()
	}
	resp, err := h.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return refusalOf(resp, answer)
	}
	if out == nil {
		return nil
	}
	if json.Unmarshal(answer, out) != nil {
		return errors.New("its answer is not that of a Hex registry")
	}
	return nil
}

func refusalOf(resp *http.Response, answer []byte) error {
	var r Refusal
	if json.Unmarshal(answer, &r) == nil && r.Code != "" {
		return &r
	}
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(answer, &said) == nil && said.Message != "" {
		return fmt.Errorf("it answers %s: %s", resp.Status, said.Message)
	}
	return fmt.Errorf("it answers %s", resp.Status)
}

// HTTPClient returns one that follows no redirect, since that might carry a credential to somebody else.
func HTTPClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
