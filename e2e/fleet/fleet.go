//go:build linux

// Package fleet runs HexHub as its operators do, and does to it what the world does.
//
// A fleet is one real process of the built binary, or several that form a cluster, on this machine's
// loopback. They can be killed, paused, cut off from each other and damaged on disk. The package knows
// how nodes are started and where they keep things; it knows nothing of what they are asked, and
// judges nothing.
package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Options say what a fleet is made of.
type Options struct {
	Program string   // the hexhub to run; see Build
	Dir     string   // where the nodes keep their data and logs, and what is left when all is over
	Nodes   int      // zero means one
	Disk    int64    // bytes of each node's own disk, which can be filled; zero, or no privilege to mount, is that of Dir
	Env     []string // settings of all nodes besides, as NAME=VALUE
}

// A Fleet is a few nodes.
type Fleet struct {
	Nodes []*Node
	mesh  *mesh // nil for a lone node
}

// Build builds the program into a folder and returns its path. The flags go to go build.
func Build(ctx context.Context, dir string, flags ...string) (string, error) {
	program := filepath.Join(dir, "hexhub")
	build := exec.CommandContext(ctx, "go", slices.Concat([]string{"build"}, flags, []string{"-o", program, "hexhub/cmd/hexhub"})...)
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build hexhub: %w\n%s", err, said)
	}
	return program, nil
}

// Start starts a fleet: one node, and then those that join it. It must be closed, also after an error.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	f := &Fleet{}
	count := max(o.Nodes, 1)
	if count > 1 {
		f.mesh = newMesh()
	}
	for i := range count {
		n, err := f.add(o, i)
		if err != nil {
			return f, err
		}
		if i == 0 {
			err = n.Start(ctx)
		} else {
			err = n.Join(ctx, f.Nodes[0])
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// add makes a node and does not start it.
func (f *Fleet) add(o Options, i int) (*Node, error) {
	name := fmt.Sprintf("n%d", i+1)
	dir := filepath.Join(o.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	n := &Node{
		Name: name, Data: filepath.Join(dir, "data"), Log: filepath.Join(dir, "log"), URL: "http://" + listen,
		dir: dir, program: o.Program,
	}
	f.Nodes = append(f.Nodes, n)
	if o.Disk > 0 {
		if err := n.mountDisk(o.Disk); err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
	}
	// The caller's come last and win. The reserve is for disks, not for tests.
	n.env = append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "HEXHUB_DATA=" + n.Data, "HEXHUB_LISTEN=" + listen,
		"HEXHUB_REGISTRATION=open", "HEXHUB_DISK_RESERVE=0", "HEXHUB_LOG_FORMAT=json",
		stepVariable + "=" + n.clock(),
	}, o.Env...)
	if f.mesh == nil {
		return n, nil
	}
	if listen, err = freeAddress(); err != nil {
		return nil, err
	}
	door, err := f.mesh.open(n, listen)
	if err != nil {
		return nil, err
	}
	n.door = door
	n.env = append(n.env, "HEXHUB_CLUSTER_LISTEN="+listen, "HEXHUB_CLUSTER_ADVERTISE="+door, "HEXHUB_NODE_NAME="+name)
	return n, nil
}

// Leader is the node that leads now, as a node that is not among those out of reach tells.
func (f *Fleet) Leader(ctx context.Context, outOfReach ...*Node) (*Node, error) {
	if f.mesh == nil {
		return f.Nodes[0], nil
	}
	err := errors.New("no node can be asked who leads")
	for _, n := range f.Nodes {
		if !n.Up() || slices.Contains(outOfReach, n) {
			continue
		}
		var said string
		if said, err = n.Run(ctx, "status", "--json"); err != nil {
			continue
		}
		var status struct {
			Nodes []struct{ Address, Role string }
		}
		if err = json.Unmarshal([]byte(said), &status); err != nil {
			continue
		}
		for _, row := range status.Nodes {
			for _, leader := range f.Nodes {
				if row.Role == "leader" && row.Address == leader.door {
					return leader, nil
				}
			}
		}
		err = fmt.Errorf("%s names no leader: %s", n.Name, said)
	}
	return nil, err
}

// Cut lets nothing through between two nodes, in neither direction, until they are mended. What is on
// its way waits, as it does when a cable is out: nobody is told.
func (f *Fleet) Cut(a, b *Node) { f.mesh.between(a, b).shut() }

// Isolate cuts a node off from all others.
func (f *Fleet) Isolate(n *Node) {
	for _, other := range f.Nodes {
		if other != n {
			f.Cut(n, other)
		}
	}
}

// Mend lets everything through again.
func (f *Fleet) Mend() {
	if f.mesh != nil {
		f.mesh.mend()
	}
}

// Close ends all nodes without ceremony. Their logs stay, and their data but for what is on disks of their own.
func (f *Fleet) Close() error {
	var err error
	for _, n := range f.Nodes {
		err = errors.Join(err, n.Kill(), n.unmountDisk())
	}
	if f.mesh != nil {
		err = errors.Join(err, f.mesh.close())
	}
	return err
}

// freeAddress finds an address that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
