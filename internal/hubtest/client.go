package hubtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"hexhub/hex/tarball"
)

// A Client asks a registry, and fails its test when there is no answer. It may be used from many
// goroutines only through Try.
type Client struct {
	T             testing.TB
	URL           string      // of the server, without a trailing slash
	Authorization string      // sent as it is; empty for none
	Header        http.Header // sent besides; may be nil, and may say another Host
}

// With returns the client with an Authorization, such as the secret of a key.
func (c Client) With(authorization string) Client {
	c.Authorization = authorization
	return c
}

// Basic returns the client with a user's name and password.
func (c Client) Basic(username, password string) Client {
	return c.With("Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password)))
}

// An Answer is a response, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get asks for a path.
func (c Client) Get(path string) Answer {
	c.T.Helper()
	return c.Do(http.MethodGet, path, nil)
}

// Do sends the body as JSON; values as the form that they are, and bytes as they are; nil is none.
func (c Client) Do(method, path string, body any) Answer {
	c.T.Helper()
	a, err := c.Try(method, path, body)
	if err != nil {
		c.T.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// Try is Do for requests that may find no server.
func (c Client) Try(method, path string, body any) (Answer, error) {
	content, kind := []byte(nil), "application/octet-stream"
	switch body := body.(type) {
	case nil:
	case []byte:
		content = body
	case url.Values:
		content, kind = []byte(body.Encode()), "application/x-www-form-urlencoded"
	default:
		var err error
		if content, err = json.Marshal(body); err != nil {
			return Answer{}, err
		}
		kind = "application/json"
	}
	req, err := http.NewRequestWithContext(c.T.Context(), method, c.URL+path, bytes.NewReader(content))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	maps.Copy(req.Header, c.Header)
	req.Host = c.Header.Get("Host")
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if c.Authorization != "" {
		req.Header.Set("Authorization", c.Authorization)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header, got}, err
}

// Publish uploads a tarball to the default repository.
func (c Client) Publish(tarball []byte) Answer {
	c.T.Helper()
	return c.Do(http.MethodPost, "/api/publish?replace=false", tarball)
}

// Expect fails the test unless the answer has the status, and returns the answer.
func (a Answer) Expect(t testing.TB, status int) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %.500s", a.Status, status, a.Body)
	}
	return a
}

// JSON reads the body into v.
func (a Answer) JSON(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("%v in %.500s", err, a.Body)
	}
}

// Docs packs documentation of one page.
func Docs(t testing.TB, page string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, []tarball.Source{{Path: "index.html", Content: []byte(page)}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Tarball packs a release with one file.
func Tarball(t testing.TB, name, version string, requires ...tarball.Requirement) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := tarball.Write(&b, tarball.Metadata{
		Name: name, Version: version, App: name, Description: new("The package " + name + "."),
		Licenses: []string{"MIT"}, BuildTools: []string{"rebar3"}, Requirements: requires,
	}, []tarball.Source{{Path: "src/" + name + ".app.src", Content: []byte(`{application, ` + name + `, [{vsn, "` + version + `"}]}.` + "\n")}})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
