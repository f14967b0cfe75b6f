package main

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"hexhub/internal/config"
)

// naming finds commands in what pages and advice say: words, as far as they are no values.
var naming = regexp.MustCompile("hexhub((?: [a-z0-9][a-z0-9-]*)+)([ `\"\\\\.,:;)]|$)")

var comment = regexp.MustCompile("//.*")

// What pages and advice tell people to type is there: each command, down to the last word of its name.
func TestPagesNameCommandsThatExist(t *testing.T) {
	file, _ := config.Read("")
	var c command
	k, err := newKong(&c, file)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, tree := range []string{"internal/surface/web", "internal/feature/doctor"} {
		fsys := os.DirFS("../../" + tree)
		err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(fsys, path)
			for _, m := range naming.FindAllStringSubmatch(comment.ReplaceAllString(string(text), ""), -1) {
				found++
				if unknown := unknownWord(k.Model.Node, strings.Fields(m[1])); unknown != "" {
					t.Errorf("%s/%s says hexhub%s: there is no %q", tree, path, m[1], unknown)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 60 {
		t.Errorf("only %d commands were found: the test looks at too little", found)
	}
}

// unknownWord walks down the commands that words name. Where a command takes arguments, what is no command below it is
// one.
func unknownWord(node *kong.Node, words []string) string {
	for _, w := range words {
		below := child(node, w)
		if below == nil && (len(node.Children) == 0 || node.DefaultCmd != nil) {
			return ""
		}
		if below == nil {
			return w
		}
		node = below
	}
	return ""
}

func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}
