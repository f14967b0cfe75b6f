//go:build linux

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"hexhub/internal/kernel/store"
)

// A release is the row that is measured: it has the shape of a registry's release, and some 500 bytes.
type release struct {
	Key          string        `json:"key"`
	Package      string        `json:"package"`
	Version      string        `json:"version"`
	Published    int64         `json:"published"`
	Inner        string        `json:"inner"`
	Outer        string        `json:"outer"`
	Requirements []requirement `json:"requirements"`
	Description  string        `json:"description"`
	Downloads    int64         `json:"downloads"`
}

type requirement struct {
	Name        string `json:"name"`
	App         string `json:"app"`
	Requirement string `json:"requirement"`
}

var (
	releases  = store.NewTable("release", func(r release) string { return r.Key })
	byPackage = releases.Index("package", func(r release) []string { return []string{r.Package} })
)

// perPackage is how many releases a package has, and thus how many rows one value of the index finds.
const perPackage = 12

// writeRows writes so many records to a file, from which both engines take them: one a line, fields between
// tabs, requirements between semicolons.
func writeRows(path string, count int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for n := range count {
		name, version := fmt.Sprintf("package_%06d", n/perPackage), fmt.Sprintf("1.%d.0", n%perPackage)
		inner, outer := sha256.Sum256([]byte("inner "+name+version)), sha256.Sum256([]byte("outer "+name+version))
		fmt.Fprintf(w, "%s/%s\t%s\t%s\t%d\t%x\t%x\t%s\t%s\n", name, version, name, version, 1_700_000_000+n, inner, outer,
			"jason|jason|~> 1.4;telemetry|telemetry|~> 1.0 or ~> 0.4",
			"Decides what "+name+" is for, and does it well.")
	}
	return errors.Join(w.Flush(), f.Sync(), f.Close()) // synced, for it may lie on a volume whose power is cut
}

// readRows reads what writeRows wrote.
func readRows(path string) ([]release, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var rows []release
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		row, err := parseRow(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

func parseRow(line string) (release, error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 8 {
		return release{}, fmt.Errorf("a record has %d fields and not 8: %q", len(fields), line)
	}
	published, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return release{}, err
	}
	row := release{
		Key: fields[0], Package: fields[1], Version: fields[2], Published: published,
		Inner: fields[4], Outer: fields[5], Description: fields[7],
	}
	if _, err := hex.DecodeString(row.Inner + row.Outer); err != nil {
		return release{}, err
	}
	for one := range strings.SplitSeq(fields[6], ";") {
		parts := strings.Split(one, "|")
		if len(parts) != 3 {
			return release{}, fmt.Errorf("a requirement has %d parts and not 3: %q", len(parts), one)
		}
		row.Requirements = append(row.Requirements, requirement{parts[0], parts[1], parts[2]})
	}
	return row, nil
}
