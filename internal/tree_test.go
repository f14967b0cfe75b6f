// Package internal holds no code, only the laws of the whole tree, told as tests.
//
// They read the sources and never build them, so they pass or fail by what is written, not by what
// compiles on this machine, and the test cache notices every file that matters.
package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the repository's root.
const module = "hexhub"

// A pkg is one directory of Go files, as the sources tell it.
type pkg struct {
	dir         string // slash-separated, relative to the root
	doc         string // package comments, joined
	hasCode     bool   // has files that are no tests
	imports     set    // of files that are no tests
	testImports set    // of test files
}

type set map[string]bool

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

// packages returns every package of the module, in order of its directory.
func packages(t *testing.T) []*pkg {
	t.Helper()
	root := os.DirFS("..")
	found := map[string]*pkg{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && skipped(root, name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		dir := path.Dir(name)
		if found[dir] == nil {
			found[dir] = &pkg{dir: dir, imports: set{}, testImports: set{}}
		}
		return found[dir].add(root, name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 3 {
		t.Fatalf("found only %d packages; is the root still one folder up?", len(found))
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *pkg) int { return strings.Compare(a.dir, b.dir) })
}

// skipped reports whether the go command ignores dir, or takes it for another module.
func skipped(root fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "node_modules" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	return err == nil
}

func (p *pkg) add(root fs.FS, name string) error {
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	imports := p.imports
	if strings.HasSuffix(name, "_test.go") {
		imports = p.testImports
	} else {
		p.hasCode = true
		p.doc += file.Doc.Text()
	}
	return record(imports, file.Imports)
}

func record(into set, specs []*ast.ImportSpec) error {
	for _, spec := range specs {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		into[name] = true
	}
	return nil
}
