package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tabs is how many pages are looked at at once where one look is all that is done.
const tabs = 2

// A tab is one page of a browser, with cookies of its own.
type tab struct {
	ctx context.Context

	mu   sync.Mutex // guards said
	said []string   // errors on the console
}

// shared is the browser of all tests that want nothing special of one: it takes seconds to begin, and what its visitors keep
// is each one's own. TestMain ends it.
var shared struct {
	sync.Once
	ctx context.Context
	end func()
	err error
}

// scratch is a folder for what tests share. TestMain removes it.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "hexhub-browser"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if shared.end != nil {
		shared.end()
	}
	os.RemoveAll(scratch)
	os.Exit(code)
}

// openTab opens a tab in the browser of all tests, or in one of its own if that is to be another, or skips the test where
// there is none.
func openTab(t testing.TB, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no Chromium here: make test installs it")
	}
	if len(more) > 0 {
		ctx, end, err := begin(path, more...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(end)
		return tabOf(ctx, t)
	}
	shared.Do(func() { shared.ctx, shared.end, shared.err = begin(path) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return tabOf(shared.ctx, t)
}

// begin begins a browser, and returns what ends it.
func begin(path string, more ...chromedp.ExecAllocatorOption) (context.Context, func(), error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, leave := chromedp.NewContext(allocated)
	end := func() {
		leave()
		stop()
		chromedp.FromContext(ctx).Allocator.Wait()
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, nil, err
	}
	return ctx, end, nil
}

// tabOf opens a tab of a visitor who has nothing in common with others, until the test ends.
func tabOf(browser context.Context, t testing.TB) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	b := &tab{ctx: ctx}
	if err := errors.Join(chromedp.Listen(ctx, b.hear), chromedp.Do(ctx, inFront())); err != nil {
		t.Fatal(err)
	}
	return b
}

// inFront has the tab take itself for the one that its visitor looks at, however many others are open.
func inFront() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})
}

// hear notes what a page complains of.
func (b *tab) hear(event any) {
	var said string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		said = e.Entry.Text + " " + e.Entry.URL
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError {
			return
		}
		said = "console.error"
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, said)
}

// heard returns what was said since the last time.
func (b *tab) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said
	b.said = nil
	return said
}

// become lets the tab be a visitor's.
func (b *tab) become(s *site, visitor string) error { return b.keep(s.URL, s.cookies[visitor]) }

// keep lets the tab have the cookie of a session and no other; none if it is empty.
func (b *tab) keep(url, cookie string) error {
	return chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{}); err != nil || cookie == "" {
			return err
		}
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: "hexhub", Value: cookie, URL: url, Path: "/"})
		return err
	}))
}

// theme has the tab prefer the light theme, or the dark one.
func theme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}

// ask evaluates an expression that becomes JSON.
func ask[T any](ctx context.Context, expression string) (v T, err error) {
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(text), &v)
}

// evaluate runs a script for what it does.
func evaluate(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](script+"\n;true")(ctx, t)
		return err
	})
}
