//go:build linux

package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a node may take to get ready or to end.
const patience = 90 * time.Second

// A Node is one process, or would be one if it were not down. Its methods may be called at once, but
// starting and ending it makes sense for one caller only.
type Node struct {
	Name string
	Data string // folder
	Log  string // file that everything it says is added to
	URL  string // without a trailing slash

	dir     string
	program string
	env     []string
	said    int64      // bytes that were in the log before the last start
	door    string     // its address in the cluster; empty for a lone node
	mounted bool       // a disk of its own at Data
	space   *namespace // the network it is in; nil for this process's

	mu    sync.Mutex // guards the others
	cmd   *exec.Cmd  // nil if down
	ended chan struct{}
	how   error // the last process ended; nil if well
	took  time.Duration
}

// Command returns a hexhub command that knows the node's settings and nothing of this machine's.
func (n *Node) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, n.program, args...)
	cmd.Dir, cmd.Env = n.dir, n.env
	return cmd
}

// Run runs such a command and returns what it printed.
func (n *Node) Run(ctx context.Context, args ...string) (string, error) {
	cmd := n.Command(ctx, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	var out []byte
	err := n.space.inside(func() (err error) {
		out, err = cmd.Output()
		return err
	})
	if err != nil {
		return "", fmt.Errorf("%s: hexhub %s: %w\n%s%s", n.Name, strings.Join(args, " "), err, out, said.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

// unavailable is how a command ends that says to try again.
const unavailable = 6

// Insist runs a command as Run does, and again while it says to try again: on a slow disk an election comes by itself.
func (n *Node) Insist(ctx context.Context, args ...string) (out string, err error) {
	for end := time.Now().Add(patience); ; {
		out, err = n.Run(ctx, args...)
		if how, ok := errors.AsType[*exec.ExitError](err); !ok || how.ExitCode() != unavailable || time.Now().After(end) {
			return out, err
		}
	}
}

// Start runs the node until it is ready.
func (n *Node) Start(ctx context.Context) error { return n.launch(ctx, "serve") }

// Join runs a node that knows nothing yet, with an invitation of another, until it is ready.
func (n *Node) Join(ctx context.Context, other *Node) error {
	token, err := other.Insist(ctx, "cluster", "invite", "--quiet")
	if err != nil {
		return err
	}
	return n.launch(ctx, "join", "https://"+other.door, "--token", token)
}

func (n *Node) launch(ctx context.Context, args ...string) error {
	if info, err := os.Stat(n.Log); err == nil {
		n.said = info.Size()
	}
	log, err := os.OpenFile(n.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := n.Command(context.WithoutCancel(ctx), args...)
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	if err := n.space.inside(cmd.Start); err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	ended := make(chan struct{})
	n.mu.Lock()
	n.cmd, n.ended = cmd, ended
	n.mu.Unlock()
	go func() {
		how := cmd.Wait() // whoever waits for the node tells what it said
		n.mu.Lock()
		n.cmd, n.how = nil, how
		n.mu.Unlock()
		close(ended)
	}()
	if err := n.AwaitReady(ctx); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.took = time.Since(began)
	return nil
}

// Took is how long the last start, or joining, took until the node was ready.
func (n *Node) Took() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.took
}

// An EndedError says that a node ended by itself.
type EndedError struct {
	Node *Node
	Said string // the end of its log
}

// Error implements error.
func (e *EndedError) Error() string {
	return fmt.Sprintf("%s ended by itself: %s", e.Node.Name, e.Said)
}

// AwaitReady waits until the node serves and shows what the log says. If it ends instead, the error is
// an EndedError.
func (n *Node) AwaitReady(ctx context.Context) error {
	return n.await(ctx, "ready", n.ready)
}

// AwaitSaid waits until the log of the running process has the words. If it ends instead, the error is an
// EndedError.
func (n *Node) AwaitSaid(ctx context.Context, words string) error {
	return n.await(ctx, "heard to say "+words, func(context.Context) error {
		text, err := os.ReadFile(n.Log)
		if err == nil && !bytes.Contains(text[n.said:], []byte(words)) {
			err = errors.New("it has not said so")
		}
		return err
	})
}

// await asks until there is no error, or the process has ended.
func (n *Node) await(ctx context.Context, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n.mu.Lock()
	ended := n.ended
	n.mu.Unlock()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ended:
			return &EndedError{n, n.tail()}
		case <-ctx.Done():
			return fmt.Errorf("%s is not %s: %w\nits log %s ends so:\n%s", n.Name, what, err, n.Log, n.tail())
		}
	}
}

// ready asks the operator's socket whether the node is ready, and the public address whether it serves.
func (n *Node) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	socket := filepath.Join(n.Data, "ops.sock")
	local := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	public := &http.Transport{DisableKeepAlives: true, DialContext: n.Dial}
	return errors.Join(ask(ctx, local, "http://local/readyz"), ask(ctx, public, n.URL+"/status"))
}

// Dial connects to an address as programs on the node's machine would: the way to speak to it, whatever is cut.
func (n *Node) Dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = n.space.inside(func() (err error) {
		c, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

func ask(ctx context.Context, way http.RoundTripper, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := way.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	words, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", resp.StatusCode, bytes.TrimSpace(words))
	}
	return err
}

// tail is the end of the log.
func (n *Node) tail() string {
	const most = 3000
	text, err := os.ReadFile(n.Log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// Up reports whether the process is there, be it paused.
func (n *Node) Up() bool { return n.pid() != 0 }

func (n *Node) pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return 0
	}
	return n.cmd.Process.Pid
}

// Kill ends the process as a power cut would, if it is there.
func (n *Node) Kill() error {
	n.mu.Lock()
	cmd, ended := n.cmd, n.ended
	n.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	select {
	case <-ended:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s does not end; see %s", n.Name, n.Log)
	}
}

// Stop asks the process to end in order, as operators do, and does not wait for that.
func (n *Node) Stop() error { return n.signal(syscall.SIGTERM) }

// AwaitEnd waits until the process has ended, and returns an EndedError if it did not end well.
func (n *Node) AwaitEnd() error {
	n.mu.Lock()
	ended := n.ended
	n.mu.Unlock()
	select {
	case <-ended:
	case <-time.After(patience):
		return fmt.Errorf("%s does not end; see %s", n.Name, n.Log)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.how != nil {
		return &EndedError{n, n.how.Error() + ": " + n.tail()}
	}
	return nil
}

// Pause stops the process in its tracks, and Resume lets it go on: to everybody else it hangs.
func (n *Node) Pause() error { return n.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (n *Node) Resume() error { return n.signal(syscall.SIGCONT) }

func (n *Node) signal(s syscall.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return fmt.Errorf("%s is down", n.Name)
	}
	return n.cmd.Process.Signal(s)
}

// Memory is what the process takes of the machine's memory now, in bytes.
func (n *Node) Memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.pid()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil {
			return kb << 10, nil
		}
	}
	return 0, fmt.Errorf("the system does not tell the memory of %s", n.Name)
}

// Processor tells for how long the process has used processors.
func (n *Node) Processor() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.pid()))
	if err != nil {
		return 0, err
	}
	var user, system int64
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold anything
	if f := strings.Fields(rest); len(f) > 12 {
		_, err = fmt.Sscan(f[11]+" "+f[12], &user, &system)
	}
	return time.Duration(user+system) * (time.Second / 100), err // the kernel tells hundredths
}

// Wipe takes everything from a node that is down, as a new disk would.
func (n *Node) Wipe() error {
	entries, err := os.ReadDir(n.Data)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(n.Data, e.Name())))
	}
	return err
}
