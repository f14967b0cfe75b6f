//go:build linux

package fleet

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
)

// Wires are a network in which each node has a namespace of its own, joined to the others by a pair of virtual
// cards and a switch, which is in a namespace as well. So this machine sees nothing of it, and the addresses may
// be the same as anybody's. What is sent over a cut is lost, and nobody is told, as in the world: the sender's
// system tries again, ever more rarely, and a connection lives on as long as its ends have patience.
type wires struct {
	hub   *namespace // the switch is in it
	nodes []*Node    // the first is number 1
}

const (
	publicPort  = 4000 // and the node's number, so that addresses tell nodes apart
	clusterPort = 4100
	nowhere     = 255 // a number that no node has
)

// newWires makes a network without nodes, or says why there cannot be one here.
func newWires() (*wires, error) {
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, err
	}
	hub, err := newNamespace()
	if err != nil {
		return nil, err
	}
	err = hub.ip(hub,
		"link add name switch type bridge",
		"link set dev switch up",
		"link add name try type veth peer name out", // to know at once whether there can be cards
		"link delete dev try")
	if err != nil {
		return nil, errors.Join(err, hub.close())
	}
	return &wires{hub: hub}, nil
}

func (w *wires) plug(n *Node) (addresses, error) {
	space, err := newNamespace()
	if err != nil {
		return addresses{}, err
	}
	w.nodes = append(w.nodes, n)
	n.space = space
	number := len(w.nodes)
	err = space.ip(w.hub,
		"link set dev lo up",
		fmt.Sprintf("link add name wire address %s type veth peer name port%d netns /proc/self/fd/3", card(number), number),
		fmt.Sprintf("address add %s/24 dev wire", host(number)),
		"link set dev wire up")
	if err != nil {
		return addresses{}, err
	}
	if err := w.hub.ip(w.hub, fmt.Sprintf("link set dev port%d master switch up", number)); err != nil {
		return addresses{}, err
	}
	for _, other := range w.nodes[:number-1] {
		if err := w.introduce(n, other); err != nil {
			return addresses{}, err
		}
	}
	door := fmt.Sprintf("%s:%d", host(number), clusterPort)
	// Everybody is served on the namespace's own loopback, where nobody is told to slow down.
	return addresses{fmt.Sprintf("127.0.0.1:%d", publicPort+number), door, door}, nil
}

// host is the address of the node with a number, and card that of its network card.
func host(number int) string { return fmt.Sprintf("10.83.0.%d", number) }
func card(number int) string { return fmt.Sprintf("02:00:00:00:00:%02x", number) }

func (w *wires) number(n *Node) int { return slices.Index(w.nodes, n) + 1 }

// introduce tells two nodes each other's cards.
func (w *wires) introduce(a, b *Node) error {
	return errors.Join(w.believe(a, b, w.number(b)), w.believe(b, a, w.number(a)))
}

// believe has a node send what is for another one to the card with a number, and ask nobody.
func (w *wires) believe(n, other *Node, number int) error {
	return n.space.ip(w.hub, fmt.Sprintf("neighbour replace %s lladdr %s dev wire nud permanent", host(w.number(other)), card(number)))
}

func (w *wires) cut(a, b *Node) error {
	return errors.Join(w.believe(a, b, nowhere), w.believe(b, a, nowhere))
}

// isolate takes the cable out of the switch.
func (w *wires) isolate(n *Node) error {
	return w.hub.ip(w.hub, fmt.Sprintf("link set dev port%d down", w.number(n)))
}

func (w *wires) mend() error {
	var err error
	for i, n := range w.nodes {
		err = errors.Join(err, w.hub.ip(w.hub, fmt.Sprintf("link set dev port%d up", i+1)))
		for _, other := range w.nodes[:i] {
			err = errors.Join(err, w.introduce(n, other))
		}
	}
	return err
}

// close ends the network once no process is in it.
func (w *wires) close() error {
	err := w.hub.close()
	for _, n := range w.nodes {
		err = errors.Join(err, n.space.close())
		n.space = nil
	}
	return err
}
