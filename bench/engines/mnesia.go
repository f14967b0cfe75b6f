//go:build linux

package main

import (
	"context"
	"crypto/rand"
	_ "embed" // the peer's source
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

//go:embed mnesia_peer.erl
var mnesiaPeer []byte

// errNoErlang tells that there is nothing to compare with.
var errNoErlang = errors.New("Mnesia is not installed: apt-get install erlang-base erlang-mnesia")

// Mnesia's settings. Its log is dumped into the tables' files after so many writes, where the default of 1000
// would have it dump all the time; what runs Mnesia in earnest sets it so. Schedulers do not spin while they
// have nothing to do, for three nodes share the processors of one machine.
var mnesiaFlags = []string{"+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "-mnesia", "dump_log_write_threshold", "50000"}

// A mnesia is all that its nodes need beside their data: the compiled peer, a cookie and an epmd of their own.
type mnesia struct {
	dir  string
	port string
	epmd *exec.Cmd
}

// newMnesia prepares for nodes of Mnesia, in dir. It returns errNoErlang where there is none.
func newMnesia(ctx context.Context, dir string) (*mnesia, error) {
	for _, program := range []string{"erl", "erlc", "epmd"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, errNoErlang
		}
	}
	if exec.CommandContext(ctx, "erl", "-noinput", "-eval", "case code:which(mnesia) of non_existing -> halt(1); _ -> halt(0) end.").Run() != nil {
		return nil, errNoErlang
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	m := &mnesia{dir: dir}
	source := filepath.Join(dir, "mnesia_peer.erl")
	if err := errors.Join(
		os.WriteFile(source, mnesiaPeer, 0o600),
		os.WriteFile(filepath.Join(dir, ".erlang.cookie"), []byte(rand.Text()), 0o400),
	); err != nil {
		return nil, err
	}
	if said, err := exec.CommandContext(ctx, "erlc", "-Werror", "-o", dir, source).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile Mnesia's peer: %w\n%s", err, said)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	m.port = port
	m.epmd = exec.CommandContext(ctx, "epmd", "-port", port, "-address", "127.0.0.1")
	m.epmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.epmd.Start(); err != nil {
		return nil, err
	}
	return m, m.awaitEpmd(ctx)
}

// awaitEpmd returns when the epmd takes connections.
func (m *mnesia) awaitEpmd(ctx context.Context) error {
	var d net.Dialer
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", m.port))
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("epmd does not start: %w", err), m.close())
		}
	}
}

// freePort finds a port of the loopback that nobody listens at.
func freePort(ctx context.Context) (string, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// close ends the epmd.
func (m *mnesia) close() error {
	err := m.epmd.Process.Kill()
	_ = m.epmd.Wait() // killed, as asked
	return err
}

// engine tells how to start a node.
func (m *mnesia) engine() engine {
	return engine{name: "Mnesia", command: func(ctx context.Context, name, dir string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "erl", append([]string{
			"-noshell", "-name", name + "@127.0.0.1", "-start_epmd", "false", "-kernel", "inet_dist_use_interface", "{127,0,0,1}",
			"-kernel", "logger", "[{handler,default,logger_std_h,#{config=>#{type=>standard_error}}}]", "-pa", m.dir, "-mnesia", "dir", fmt.Sprintf("%q", dir), "-s", "mnesia_peer", "main",
		}, mnesiaFlags...)...)
		cmd.Env = append(os.Environ(), "HOME="+m.dir, "ERL_EPMD_PORT="+m.port, "ERL_CRASH_DUMP_BYTES=0")
		return cmd
	}}
}
