package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/docs"
	"hexhub/internal/term"
)

// openDocs reads the documentation that goes with a package, and checks it by what the server checks it by, before
// the package is sent, which may be there to stay: an archive as mix and rebar3 upload it, or the folder that a generator wrote.
func (c publishCmd) openDocs() ([]byte, error) {
	if c.Docs == "" {
		return nil, nil
	}
	if len(c.Files) != 1 {
		return nil, &failure{what: "publish documentation", why: "it belongs to one package, and several are named", fix: []string{"hexhub publish --docs doc PACKAGE.tar"}, code: exitUsage}
	}
	data, err := readDocs(c.Docs)
	if err == nil {
		err = docs.Check(bytes.NewReader(data), int64(len(data)))
	}
	if err != nil {
		return nil, &failure{what: "publish the documentation in " + c.Docs, why: term.Clean(err.Error()), note: "It is the folder that mix docs, rebar3 edoc or gleam docs build writes, or a .tar.gz of what is in it."}
	}
	return data, nil
}

func readDocs(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return packDocs(os.DirFS(path))
	case info.Size() > tarball.MaxSize:
		return nil, fmt.Errorf("it has %s; the most is %s", term.Bytes(info.Size()), term.Bytes(tarball.MaxSize))
	}
	return os.ReadFile(path)
}

// packDocs packs the regular files of a folder.
func packDocs(folder fs.FS) ([]byte, error) {
	var files []tarball.Source
	err := fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(folder, path)
		files = append(files, tarball.Source{Path: path, Content: content})
		return err
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = tarball.WriteDocs(&b, files)
	return b.Bytes(), err
}

// publishDocs uploads documentation of a release that is there, and returns where it is read.
func (c publishCmd) publishDocs(l *link, u upload, archive []byte) (string, error) {
	where := "/packages/" + url.PathEscape(u.Metadata.Name) + "/releases/" + url.PathEscape(u.Metadata.Version) + "/docs"
	resp, answer, err := l.upload("documentation of "+u.String(), c.api(where), nil, archive) //nolint:bodyclose // upload closes it
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", l.rejected("publish the documentation of "+u.String(), resp, answer)
	}
	return resp.Header.Get("Location"), nil
}

// api is the address of something in the repository to publish to.
func (c publishCmd) api(path string) string {
	if c.Repository == "" {
		return "/api" + path
	}
	return "/api/repos/" + url.PathEscape(c.Repository) + path
}

// upload sends bytes, with a bar for who waits, and reads the answer.
func (l *link) upload(what, path string, query url.Values, body []byte) (*http.Response, []byte, error) {
	bar := l.s.talk.Bar(what, int64(len(body)))
	m := message{method: "POST", path: path, query: query, body: body, kind: "application/octet-stream"}
	if !l.s.Quiet {
		m.watch = func(body io.Reader) io.Reader { return io.TeeReader(body, bar) }
	}
	resp, err := l.send(m)
	bar.Done()
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, nil, l.unreachable(err)
	}
	return resp, answer, nil
}
