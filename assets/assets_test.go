package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A name tells the content, so that what is kept for ever is never wrong.
func TestNamesAreThoseOfTheContent(t *testing.T) {
	for name, f := range Files() {
		sum := sha256.Sum256(f.Plain)
		if parts := strings.Split(name, "."); len(parts) != 3 || parts[1] != hex.EncodeToString(sum[:5]) {
			t.Errorf("%s has the hash %x", name, sum[:5])
		}
	}
}

func TestVariantsAreTheSameContent(t *testing.T) {
	for name, f := range Files() {
		small, ok := f.Small["gzip"]
		if !ok {
			continue
		}
		r, err := gzip.NewReader(bytes.NewReader(small))
		if err != nil {
			t.Fatal(name, err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, f.Plain) {
			t.Errorf("%s.gz is something else: %v", name, err)
		}
	}
}

// Nothing is asked of other sites, and all that the style sheet asks for is here.
func TestStyleSheetNamesOurFilesOnly(t *testing.T) {
	css := files[strings.TrimPrefix(Path("app.css"), "/assets/")]
	rest := regexp.MustCompile(`url\("data:[^"]*"\)`).ReplaceAllString(string(css.Plain), "")
	for _, m := range regexp.MustCompile(`url\(["']?([^)"']+)`).FindAllStringSubmatch(rest, -1) {
		if _, ours := files[m[1]]; !ours {
			t.Errorf("the style sheet asks for %s", m[1])
		}
	}
}

// What a page needs before it can be read is small: styles and scripts, as browsers fetch them.
func TestStylesAndScriptsAreSmall(t *testing.T) {
	size := 0
	for _, name := range []string{"app.css", "app.js"} {
		size += len(files[strings.TrimPrefix(Path(name), "/assets/")].Small["br"])
	}
	if size > 45_000 {
		t.Errorf("they take %d bytes, want 45,000 at most", size)
	}
}

// A page that names an icon shows one.
func TestIconsOfPagesAreHere(t *testing.T) {
	pages, err := filepath.Glob("../internal/surface/web/*/*.templ")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bIcon\("([^"]+)"\)`).FindAllStringSubmatch(string(text), -1) {
			if Icon(m[1]) == "" {
				t.Errorf("%s shows %q, which src/icons.txt lacks", page, m[1])
			}
		}
	}
}
