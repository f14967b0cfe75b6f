//go:build linux

// Package fleet runs HexHub as its operators do, and does to it what the world does.
//
// A fleet is one real process of the built binary, or several that form a cluster. They speak to each
// other on this machine's loopback, or each from a network of its own. They can be killed, paused, cut off
// from each other and damaged on disk. The package knows how nodes are started and where they keep things;
// it knows nothing of what they are asked, and judges nothing.
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
	Apart   bool     // whether each of several nodes gets a network of its own, where that can be had; see Fleet.Apart
	Env     []string // settings of all nodes besides, as NAME=VALUE
}

// A Fleet is a few nodes.
type Fleet struct {
	Nodes   []*Node
	network network // nil for a lone node
	apart   error   // why the nodes share a network
}

// A network is what nodes reach each other by. Its methods are for one caller at a time.
type network interface {
	// plug finds addresses for a node that is not up.
	plug(n *Node) (addresses, error)
	// cut lets nothing through between two nodes, in neither direction.
	cut(a, b *Node) error
	// isolate lets nothing through between a node and all others.
	isolate(n *Node) error
	// mend undoes all that.
	mend() error
	close() error
}

// Addresses of a node, as HOST:PORT.
type addresses struct {
	public  string // where it serves everybody
	cluster string // where it listens to the others
	door    string // where the others find it
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
		f.connect(o.Apart)
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

// connect makes the network between several nodes.
func (f *Fleet) connect(apart bool) {
	f.apart = errors.New("nobody asked for networks of their own")
	if apart {
		var w *wires
		if w, f.apart = newWires(); f.apart == nil {
			f.network = w
			return
		}
	}
	f.network = newMesh()
}

// Apart is nil if each node has a network of its own, in which what is sent over a cut is lost. Otherwise it
// says why they share the loopback, on which proxies stand between them and hold back what is sent over a cut.
func (f *Fleet) Apart() error { return f.apart }

// add makes a node and does not start it.
func (f *Fleet) add(o Options, i int) (*Node, error) {
	name := fmt.Sprintf("n%d", i+1)
	dir := filepath.Join(o.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	n := &Node{Name: name, Data: filepath.Join(dir, "data"), Log: filepath.Join(dir, "log"), dir: dir, program: o.Program}
	f.Nodes = append(f.Nodes, n)
	if o.Disk > 0 {
		if err := n.mountDisk(o.Disk); err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
	}
	at, err := f.plug(n)
	if err != nil {
		return nil, err
	}
	n.URL, n.door = "http://"+at.public, at.door
	// The caller's come last and win. The reserve is for disks, not for tests.
	n.env = append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "HEXHUB_DATA=" + n.Data, "HEXHUB_LISTEN=" + at.public,
		"HEXHUB_REGISTRATION=open", "HEXHUB_DISK_RESERVE=0", "HEXHUB_LOG_FORMAT=json",
		stepVariable + "=" + n.clock(),
	}, o.Env...)
	if f.network != nil {
		n.env = append(n.env, "HEXHUB_CLUSTER_LISTEN="+at.cluster, "HEXHUB_CLUSTER_ADVERTISE="+at.door, "HEXHUB_NODE_NAME="+name)
	}
	return n, nil
}

// plug finds addresses for a node.
func (f *Fleet) plug(n *Node) (addresses, error) {
	if f.network != nil {
		return f.network.plug(n)
	}
	public, err := freeAddress()
	return addresses{public: public}, err
}

// Leader is the node that leads now, as a node that is not among those out of reach tells.
func (f *Fleet) Leader(ctx context.Context, outOfReach ...*Node) (*Node, error) {
	if f.network == nil {
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

// Cut lets nothing through between two nodes, in neither direction, until they are mended. It is as when a
// cable is out: nobody is told. Other pairs notice nothing.
func (f *Fleet) Cut(a, b *Node) error { return f.network.cut(a, b) }

// Isolate cuts a node off from all others.
func (f *Fleet) Isolate(n *Node) error { return f.network.isolate(n) }

// Mend lets everything through again.
func (f *Fleet) Mend() error {
	if f.network == nil {
		return nil
	}
	return f.network.mend()
}

// Close ends all nodes without ceremony. Their logs stay, and their data but for what is on disks of their own.
func (f *Fleet) Close() error {
	var err error
	for _, n := range f.Nodes {
		err = errors.Join(err, n.Kill(), n.unmountDisk())
	}
	if f.network != nil {
		err = errors.Join(err, f.network.close())
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
