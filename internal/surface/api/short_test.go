package api_test

import (
	"strings"
	"testing"
)

// mix outdated asks for short addresses without a credential, in terms, and takes 201 only.
func TestShortURLs(t *testing.T) {
	w := newWorld(t)
	want := map[string]any{"url": "https://hex.pm/diffs?diffs[]=ecto:3.0.0:3.1.0"}
	first := tree(t, w.expect(201, "POST", "/short_url", want))["url"].(string)
	if code, here := strings.CutPrefix(first, "https://hub.test/l/"); !here || len(code) != 5 {
		t.Errorf("short address = %s", first)
	}
	if again := tree(t, w.expect(201, "POST", "/repos/hexhub/short_url", want, inTerms, w.as("bob")))["url"]; again != first {
		t.Errorf("the second time it is %v, not %s", again, first)
	}
	for address, why := range map[any]string{
		"javascript:alert(1)": "must use http or https scheme", "https://evil.com/": "domain must match hub.test, ", nil: "can't be blank", 1: "expected type string",
	} {
		rec := w.expect(422, "POST", "/short_url", map[string]any{"url": address})
		errs, _ := tree(t, rec)["errors"].(map[string]any)
		if text, _ := errs["url"].(string); !strings.HasPrefix(text, why) {
			t.Errorf("W7 %v: %s, want %s", address, rec.Body, why)
		}
	}
}

func TestShortURLsAreLimited(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.expect(201, "POST", "/short_url", map[string]any{"url": "https://hex.pm/" + strings.Repeat("x", i)})
	}
	rec := w.expect(429, "POST", "/short_url", map[string]any{"url": "https://hex.pm/another"})
	if rec.Header().Get("Retry-After") == "" {
		t.Errorf("headers = %v", rec.Header())
	}
	w.expect(201, "POST", "/short_url", map[string]any{"url": "https://hex.pm/another"}, from("198.51.100.7"))
}
