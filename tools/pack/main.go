// Command pack gives built files the names under which browsers keep them for ever, which have a hash of their
// content, and lays smaller variants beside those that shrink.
//
//	pack FROM TO
//
// What stands in style sheets as url("NAME") becomes the new name. Whatever else was in TO is removed.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/andybalholm/brotli"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack FROM TO")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	// What style sheets name comes before them.
	var renames []string
	for _, sheets := range []bool{false, true} {
		for _, e := range entries {
			if (filepath.Ext(e.Name()) == ".css") != sheets {
				continue
			}
			body, err := os.ReadFile(filepath.Join(from, e.Name()))
			if err != nil {
				return err
			}
			if sheets {
				body = []byte(strings.NewReplacer(renames...).Replace(string(body)))
			}
			name := named(e.Name(), body)
			renames = append(renames, `url("`+e.Name()+`")`, "url("+name+")", "url("+e.Name()+")", "url("+name+")")
			if err := write(filepath.Join(to, name), body); err != nil {
				return err
			}
		}
	}
	return nil
}

func named(name string, body []byte) string {
	sum := sha256.Sum256(body)
	ext := filepath.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
}

// write writes a file, and its variants if they are a tenth smaller.
func write(path string, body []byte) error {
	var small, smaller bytes.Buffer
	g, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return err
	}
	b := brotli.NewWriterLevel(&smaller, brotli.BestCompression)
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{g, b} {
		if _, err := w.Write(body); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		ext  string
		body []byte
	}{{"", body}, {".gz", small.Bytes()}, {".br", smaller.Bytes()}} {
		if x.ext != "" && len(x.body) > len(body)*9/10 {
			continue
		}
		if err := os.WriteFile(path+x.ext, x.body, 0o644); err != nil {
			return err
		}
	}
	return nil
}
