package browser

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/stats"
	"hexhub/internal/feature/world"
	"hexhub/internal/hubtest"
)

var pictures = flag.String("pictures", "", "a folder to which the pictures of README and of the manual are written")

// shown are the pictures, by the names of their files: what is at an address, as an administrator sees it or anybody.
var shown = []struct {
	file, path string
	admin      bool
}{
	{file: "home", path: "/"},
	{file: "package", path: "/packages/money"},
	{file: "search", path: "/search?q=add"},
	{file: "changes", path: "/diff/money/1.0.0..1.1.0"},
	{file: "overview", path: "/admin", admin: true},
}

// fetched is how often the newest versions of some packages were downloaded.
var fetched = []struct {
	name, version string
	times         int
}{{"quill", "1.4.1", 1840}, {"ferry", "1.15.1", 1312}, {"money", "1.1.0", 968}, {"harbour", "1.7.1", 707}, {"beacon", "1.3.0", 540}, {"rowan", "2.1.0", 333}}

// TestPictures takes pictures of the world of the demo, when it is told where to put them.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no folder is named by -pictures")
	}
	hub, cookie := exhibition(t)
	b := openTab(t)
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	for _, p := range shown {
		var by string
		if p.admin {
			by = cookie
		}
		file, err := chromedp.Run(ctx, shot("http://"+hub.Addr()+p.path, by))
		if err != nil {
			t.Fatalf("%s: %v", p.path, err)
		}
		if err := os.WriteFile(filepath.Join(*pictures, p.file+".webp"), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// exhibition is the registry to be shown, and the cookie of its administrator.
func exhibition(t *testing.T) (*hubtest.Hub, string) {
	t.Helper()
	hub := hubtest.At(t, `user root admin`, hubtest.Addresses{Site: "https://hub.example.com"})
	if err := world.Demo(t.Context(), hub.Rooms()); err != nil {
		t.Fatal(err)
	}
	for _, f := range fetched {
		for range f.times {
			hub.Stats.Count(stats.Ref{Repository: name.MustRepository("hexhub"), Package: name.MustPackage(f.name), Version: version.MustParse(f.version)})
		}
	}
	if err := errors.Join(hub.Stats.Flush(t.Context()), hub.Manuals.Settle(t.Context())); err != nil {
		t.Fatal(err)
	}
	root, _ := account.ByName(hub.DB.View(), "root")
	_, cookie, err := hub.Accounts.StartSession(t.Context(), audit.By{UserID: root.ID, Username: "root"}, root.ID, "127.0.0.1", "test")
	if err != nil {
		t.Fatal(err)
	}
	return hub, cookie
}

// shot goes to a page with a cookie, unless that is empty, and returns the picture of its first screen.
func shot(address, cookie string) chromedp.Action[[]byte] {
	return func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		if cookie != "" {
			c := network.SetCookieParams{Name: "__Host-hexhub", Value: cookie, URL: address, Path: "/", Secure: new(true)}
			if _, err := cdp.Call(ctx, t, network.SetCookie, c); err != nil {
				return nil, err
			}
		}
		for _, step := range []chromedp.Action[chromedp.Void]{
			chromedp.EmulateViewport(1280, 800), theme(light), chromedp.Navigate(address),
		} {
			if _, err := step(ctx, t); err != nil {
				return nil, err
			}
		}
		if _, err := chromedp.Evaluate[string](load, chromedp.EvalAwaitPromise)(ctx, t); err != nil {
			return nil, err
		}
		r, err := cdp.Call(ctx, t, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{Format: cdppage.CaptureScreenshotFormatWebp, Quality: new(int64(80))})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	}
}
