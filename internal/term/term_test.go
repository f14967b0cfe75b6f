package term_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"hexhub/internal/term"
)

func TestPipesGetNoColourAndNoCarriageReturns(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := term.New(w, "auto")
	p.Println(p.In(term.Red, "FAIL"))
	bar := p.Bar("upload", 100)
	for range 100 {
		bar.Add(1)
	}
	bar.Done()
	_ = w.Close()
	out, _ := io.ReadAll(r)
	if strings.ContainsAny(string(out), "\x1b\r") {
		t.Errorf("a pipe got %q", out)
	}
	if n := strings.Count(string(out), "\n"); n != 11 {
		t.Errorf("%d lines, want FAIL and one for each ten percent:\n%s", n, out)
	}
}

func TestColourCanBeDemandedAndRefused(t *testing.T) {
	if got := term.New(os.Stdout, "always").In(term.Green, "ok"); got != "\x1b[32mok\x1b[0m" {
		t.Errorf("always gave %q", got)
	}
	if got := term.New(os.Stdout, "never").In(term.Green, "ok"); got != "ok" {
		t.Errorf("never gave %q", got)
	}
}

func TestTableLinesUpAndObeysNobody(t *testing.T) {
	var b bytes.Buffer
	term.Plain(&b).Table([][]string{{"NAME", "ROLE"}, {"josé", "admin"}, {"e\x1b[2Jva", ""}})
	want := "NAME     ROLE\njosé     admin\ne?[2Jva\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestBytesReadLikePeopleSpeak(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_960: "1.0 MB", 14_200_000: "14.2 MB", 3e9: "3.0 GB"} {
		if got := term.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}
