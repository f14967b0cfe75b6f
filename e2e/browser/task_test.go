package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// People who have turned scripts off find a package, log in, make a key, revoke it, take that back, and retire a version.
func TestTasksNeedNoScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithTimeout(openTab(t).ctx, 3*time.Minute)
	defer cancel()
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			at, _ := chromedp.Run(ctx, chromedp.Location())
			t.Fatalf("%s, at %s: %v", what, at, err)
		}
	}
	do("turn scripts off", noScripts())
	css := func(selector string) chromedp.CSS { return chromedp.CSS(selector) }
	do("search", chromedp.Navigate(s.URL+"/"), chromedp.SendKeys(css(`form[action="/packages"] input[name="search"]`), "decimal\r"),
		chromedp.WaitVisible(css(`main a[href="/packages/decimal"]`)))
	do("look at a package", chromedp.Click(css(`main a[href="/packages/decimal"]`)), chromedp.WaitVisible(css(`main a[href="/packages/decimal/versions"]`)))
	do("look at its versions", chromedp.Click(css(`main a[href="/packages/decimal/versions"]`)), chromedp.WaitVisible(css(`main a[href="/packages/decimal/0.9.0"]`)))
	do("log in", chromedp.Navigate(s.URL+"/login"), chromedp.SendKeys(css("#login"), "pat"), chromedp.SendKeys(css("#password"), "the password of pat\r"),
		chromedp.WaitVisible(css(`a[href="/dashboard"], a[href="/dashboard/keys"]`)))
	do("make a key", chromedp.Navigate(s.URL+"/dashboard/keys"), chromedp.SendKeys(css(`main form[action="/dashboard/keys"] input[name="name"]`), "laptop\r"),
		chromedp.WaitVisible(chromedp.Search(`//main//*[contains(text(), "laptop")]`)))
	revoke := `//form[@action="/dashboard/keys/revoke"][.//input[@value="laptop"]]//button`
	do("revoke it, and take that back", chromedp.Navigate(s.URL+"/dashboard/keys"), chromedp.Click(chromedp.Search(revoke)), chromedp.WaitVisible(css(`form[action="/dashboard/keys/restore"] button`)),
		chromedp.Click(css(`form[action="/dashboard/keys/restore"] button`)), chromedp.WaitVisible(chromedp.Search(`//main//*[contains(text(), "The key lives again")]`)))
	retire := `//form[.//input[@name="deed"][@value="retire"]]`
	do("retire a version", chromedp.Navigate(s.URL+"/packages/decimal/settings"), chromedp.SendKeys(chromedp.Search(retire+`//select[@name="reason"]`), "Sec"),
		chromedp.SendKeys(chromedp.Search(retire+`//input[@name="message"]`), "use 1.1\r"), chromedp.WaitVisible(chromedp.Search(`//main//*[contains(text(), "The version is retired")]`)))
	do("look at what is retired", chromedp.Navigate(s.URL+"/packages/decimal/1.0.0"), chromedp.WaitVisible(chromedp.Search(`//main//*[contains(text(), "use 1.1")]`)))
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`true`)); err != nil {
		t.Fatal(err)
	}
	if !s.hasKey("pat", "laptop") {
		t.Error("there is no key")
	}
	if answer := string(s.Anonymous().Get("/api/packages/decimal/releases/1.0.0").Body); !strings.Contains(answer, `"retirement":{"message":"use 1.1","reason":"security"}`) {
		t.Errorf("the version is not retired for its reason: %s", answer)
	}
}
