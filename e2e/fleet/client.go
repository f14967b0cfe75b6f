//go:build linux

package fleet

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"hexhub/hex/tarball"
)

// A Client asks nodes. It is safe for concurrent use.
type Client struct {
	Authorization string // sent as it is; empty for none
	ways          *ways
}

// ways are connections to nodes, which may be in networks of their own, so that one pool does not do.
type ways struct {
	patience time.Duration

	mu sync.Mutex // guards to
	to map[*Node]*http.Transport
}

func (w *ways) way(n *Node) *http.Transport {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.to[n] == nil {
		w.to[n] = &http.Transport{MaxIdleConnsPerHost: 128, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, w.patience)
			defer cancel()
			return n.Dial(ctx, network, address)
		}}
	}
	return w.to[n]
}

// NewClient returns a client that waits so long for an answer.
func NewClient(patience time.Duration) *Client {
	return &Client{ways: &ways{patience: patience, to: map[*Node]*http.Transport{}}}
}

// With returns a client that shares connections with this one and sends an Authorization, such as the
// secret of a key.
func (c *Client) With(authorization string) *Client {
	return &Client{authorization, c.ways}
}

// An Answer is a response, read whole.
type Answer struct {
	Status   int
	Header   http.Header
	Body     []byte
	Revision int64 // that the node had seen; zero if it did not say
}

// RevisionHeader names the header that tells what one has heard of, and must be shown.
const RevisionHeader = "X-HexHub-Revision"

// Do sends a request: bytes as they are, all else as JSON, nil as no body. A revision other than zero is
// one that the node must have seen before it answers.
func (c *Client) Do(ctx context.Context, n *Node, method, path string, body any, revision int64) (Answer, error) {
	content, kind := []byte(nil), "application/octet-stream"
	switch body := body.(type) {
	case nil:
	case []byte:
		content = body
	default:
		var err error
		if content, err = json.Marshal(body); err != nil {
			return Answer{}, err
		}
		kind = "application/json"
	}
	ctx, cancel := context.WithTimeout(ctx, c.ways.patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.URL+path, bytes.NewReader(content))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if c.Authorization != "" {
		req.Header.Set("Authorization", c.Authorization)
	}
	if revision > 0 {
		req.Header.Set(RevisionHeader, strconv.FormatInt(revision, 10))
	}
	resp, err := c.ways.way(n).RoundTrip(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	a.Revision, _ = strconv.ParseInt(resp.Header.Get(RevisionHeader), 10, 64)
	a.Body, err = io.ReadAll(resp.Body)
	return a, err
}

// NeverSent reports whether an error of Do means that no node has seen the request.
func NeverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

const password = "four unrelated words here"

// Register makes a user, and returns a client with a key for the whole API.
func (c *Client) Register(ctx context.Context, n *Node, username string) (*Client, error) {
	a, err := c.Do(ctx, n, http.MethodPost, "/api/users", map[string]any{
		"username": username, "email": username + "@example.com", "password": password,
	}, 0)
	if err != nil || a.Status != http.StatusCreated {
		return nil, fmt.Errorf("register %s: %d %s: %w", username, a.Status, a.Body, err)
	}
	basic := c.With("Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password)))
	secret, a, err := basic.NewKey(ctx, n, "first", a.Revision)
	if err != nil || secret == "" {
		return nil, fmt.Errorf("make a key for %s: %d %s: %w", username, a.Status, a.Body, err)
	}
	return c.With(secret), nil
}

// NewKey makes a key for the API and returns its secret, which is empty if the answer tells of none.
func (c *Client) NewKey(ctx context.Context, n *Node, name string, revision int64) (string, Answer, error) {
	a, err := c.Do(ctx, n, http.MethodPost, "/api/keys", map[string]any{
		"name": name, "permissions": []map[string]string{{"domain": "api"}},
	}, revision)
	if err != nil || a.Status != http.StatusCreated {
		return "", a, err
	}
	var key struct{ Secret string }
	err = json.Unmarshal(a.Body, &key)
	return key.Secret, a, err
}

// Tarball packs a release with one file, which holds the given words.
func Tarball(name, version, words string) []byte {
	var b bytes.Buffer
	description := "The package " + name + "."
	_, err := tarball.Write(&b, tarball.Metadata{
		Name: name, Version: version, App: name, Description: &description, Licenses: []string{"MIT"}, BuildTools: []string{"rebar3"},
	}, []tarball.Source{{Path: "src/" + name + ".app.src", Content: []byte("%% " + words + "\n{application, " + name + ", [{vsn, \"" + version + "\"}]}.\n")}})
	if err != nil {
		panic(err) // the names are ours, and memory takes all
	}
	return b.Bytes()
}
