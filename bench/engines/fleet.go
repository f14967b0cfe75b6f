//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticketVariable names the variable of the environment that tells a new peer what it is to join, or "found".
const ticketVariable = "PEER_TICKET"

// patience is how long a peer may take to answer anything.
const patience = 5 * time.Minute

// An engine is what the nodes of a fleet run: its command starts the node called name, whose data is in dir.
//
// A peer says "ready" when it has all rows and serves. Then it answers each line with one that begins with "ok"
// or "error"; lines that begin with "ack" may come before. It ends when its input does, or is told to quit:
//
//	version              what it is
//	invite               a ticket with which one more node may join
//	remove NAME          forget a node
//	leads                whether this node leads: true or false
//	whole COUNT          answer when so many nodes are full members
//	rows FILE            remember the keys of records, for later runs
//	load FILE            write all records
//	size                 how many rows there are
//	run DEED CLIENTS MILLISECONDS SEED       do a thing over and over: how often, in how many microseconds
//	flood DEED CLIENTS MILLISECONDS PREFIX   write new rows, with an "ack KEY" for each that is acknowledged
//	write DEED KEY MILLISECONDS              write one row, or give up
//	missing FILE         how many of the keys in a file are not there
//	quit                 stop in order
type engine struct {
	name    string
	command func(ctx context.Context, name, dir string) *exec.Cmd
}

// A fleet is the nodes of one engine, each a process.
type fleet struct {
	engine  engine
	rows    int    // in the table, once it is loaded
	records string // file of these rows, whose keys every node is told
	peers   []*peer
}

// A peer is one node. Its methods are for one goroutine.
type peer struct {
	name, dir string
	fleet     *fleet
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       *os.File
	lines     *bufio.Scanner
	began     time.Time
	took      time.Duration // from the start of the process until it served
}

// startFleet starts so many nodes for so many rows, with data below dir. The first founds, the others join.
func startFleet(ctx context.Context, e engine, dir string, rows, nodes int) (*fleet, error) {
	f := &fleet{engine: e, rows: rows, records: filepath.Join(dir, "rows")}
	if err := writeRows(f.records, rows); err != nil {
		return f, err
	}
	for n := range nodes {
		p := &peer{name: fmt.Sprintf("n%d", n+1), fleet: f}
		p.dir = filepath.Join(dir, p.name)
		ticket := "found"
		var err error
		if n > 0 {
			if ticket, err = f.peers[0].ask("invite"); err != nil {
				return f, err
			}
		}
		f.peers = append(f.peers, p)
		if err := p.start(ctx, ticket); err != nil {
			return f, err
		}
		if _, err := f.peers[0].ask("whole", len(f.peers)); err != nil {
			return f, err
		}
	}
	return f, nil
}

// close kills what still runs.
func (f *fleet) close() error {
	var err error
	for _, p := range f.peers {
		err = errors.Join(err, p.kill())
		p.out.Close()
	}
	return err
}

// leader is the node that leads, or the first where none does.
func (f *fleet) leader() (*peer, error) {
	for _, p := range f.peers {
		leads, err := p.ask("leads")
		if err != nil {
			return nil, err
		}
		if leads == "true" {
			return p, nil
		}
	}
	return f.peers[0], nil
}

// others are all nodes but one.
func (f *fleet) others(than *peer) []*peer {
	var all []*peer
	for _, p := range f.peers {
		if p != than {
			all = append(all, p)
		}
	}
	return all
}

// start starts the node, and returns when it serves.
func (p *peer) start(ctx context.Context, ticket string) error {
	if err := p.launch(ctx, ticket); err != nil {
		return err
	}
	return p.awaitReady()
}

// launch starts the process.
func (p *peer) launch(ctx context.Context, ticket string) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	complaints, err := os.OpenFile(p.complaints(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer complaints.Close()
	p.cmd = p.fleet.engine.command(ctx, p.name, p.dir)
	p.cmd.Env = append(p.cmd.Environ(), ticketVariable+"="+ticket)
	p.cmd.Stderr = complaints
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	// Not StdoutPipe, which Wait closes: what a killed node said last is read after its end.
	out, its, err := os.Pipe()
	if err != nil {
		return err
	}
	defer its.Close()
	p.cmd.Stdout = its
	p.out.Close()
	p.out, p.lines, p.began = out, bufio.NewScanner(out), time.Now()
	return p.cmd.Start()
}

// awaitReady returns when a node that was launched serves.
func (p *peer) awaitReady() error {
	var before []string // Mnesia tells what it repairs
	for {
		line, err := p.next()
		if err != nil {
			return fmt.Errorf("%s of %s does not start: %w\n%s%s", p.name, p.fleet.engine.name, err, strings.Join(before, "\n"), p.lastWords())
		}
		if line == "ready" {
			break
		}
		before = append(before, line)
	}
	p.took = time.Since(p.began)
	_, err := p.ask("rows", p.fleet.records)
	return err
}

func (p *peer) complaints() string { return p.dir + ".log" }

// lastWords are the end of what the node complained of.
func (p *peer) lastWords() string {
	text, _ := os.ReadFile(p.complaints())
	if len(text) == 0 {
		return ""
	}
	return "\n" + string(text[max(0, len(text)-2000):])
}

// kill ends the process at once, and forgets nothing that it has on disk.
func (p *peer) kill() error {
	if p.cmd == nil || p.cmd.Process == nil || p.cmd.ProcessState != nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = p.cmd.Wait() // killed, as asked
	return nil
}

// next reads a line.
func (p *peer) next() (string, error) {
	if !p.lines.Scan() {
		return "", errors.Join(io.ErrUnexpectedEOF, p.lines.Err())
	}
	return p.lines.Text(), nil
}

// say sends a command.
func (p *peer) say(words ...any) error {
	_, err := fmt.Fprintln(p.in, words...)
	return err
}

// hear reads the answer to a command, and what was acknowledged before it.
func (p *peer) hear() (answer string, acknowledged []string, err error) {
	for {
		line, err := p.next()
		if err != nil {
			return "", acknowledged, err
		}
		if key, ok := strings.CutPrefix(line, "ack "); ok {
			acknowledged = append(acknowledged, key)
			continue
		}
		if said, ok := strings.CutPrefix(line, "ok"); ok {
			return strings.TrimSpace(said), acknowledged, nil
		}
		return "", acknowledged, errors.New(strings.TrimPrefix(line, "error "))
	}
}

// ask sends a command and waits for its answer.
func (p *peer) ask(words ...any) (string, error) {
	if err := p.say(words...); err != nil {
		return "", fmt.Errorf("%s of %s takes no orders: %w%s", p.name, p.fleet.engine.name, err, p.lastWords())
	}
	stop := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() }) // ends the wait for its answer
	defer stop.Stop()
	answer, _, err := p.hear()
	if err != nil {
		return "", fmt.Errorf("%s of %s, asked to %s: %w%s", p.name, p.fleet.engine.name, words[0], err, p.lastWords())
	}
	return answer, nil
}

// number asks for one.
func (p *peer) number(words ...any) (int, error) {
	answer, err := p.ask(words...)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(answer)
}

// memory is how many bytes of the process lie in memory.
func (p *peer) memory() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("the kernel does not tell the memory of %s", p.name)
}
