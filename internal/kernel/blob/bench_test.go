package blob_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"hexhub/internal/kernel/blob/blobtest"
)

// fresh changes b so that it hashes anew.
func fresh(b []byte, n *uint64) []byte {
	*n++
	binary.LittleEndian.PutUint64(b, *n)
	return b
}

// The bare minimum beside which Put stands: write, fsync, rename, fsync of one directory.
func BenchmarkRawPut100KiB(b *testing.B) {
	dir, data, n := b.TempDir(), blobtest.Bytes(100<<10), uint64(0)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		name := filepath.Join(dir, fmt.Sprint(n))
		f, err := os.Create(name + ".tmp")
		if err != nil {
			b.Fatal(err)
		}
		f.Write(fresh(data, &n))
		f.Sync()
		f.Close()
		os.Rename(name+".tmp", name)
		d, err := os.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Sync(); err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
}

func BenchmarkPut100KiB(b *testing.B) {
	d, data, n := openDisk(b, b.TempDir()), blobtest.Bytes(100<<10), uint64(0)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		put(b, d, fresh(data, &n))
	}
}

func BenchmarkRead1MiB(b *testing.B) {
	dir := b.TempDir()
	data := blobtest.Bytes(1 << 20)
	d := openDisk(b, dir)
	h := put(b, d, data)
	buf := make([]byte, 64<<10)
	read := func(b *testing.B, open func() (io.ReadCloser, error)) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			r, err := open()
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, buf); err != nil || n != 1<<20 {
				b.Fatal(n, err)
			}
			r.Close()
		}
	}
	b.Run("raw file", func(b *testing.B) {
		read(b, func() (io.ReadCloser, error) { return os.Open(path(dir, h)) })
	})
	b.Run("trusted", func(b *testing.B) {
		read(b, func() (io.ReadCloser, error) { return d.Open(b.Context(), h) })
	})
	b.Run("hashed", func(b *testing.B) {
		at := int64(0)
		read(b, func() (io.ReadCloser, error) {
			at++ // a changed file is not trusted
			b.StopTimer()
			touch(b, path(dir, h), at)
			b.StartTimer()
			return d.Open(b.Context(), h)
		})
	})
	if got, err := readAll(b, d, h); err != nil || !bytes.Equal(got, data) {
		b.Fatal(err)
	}
}
