package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"hexhub/internal/surface/ops"
)

// drainEvery is how often it is asked how far a node is.
const drainEvery = 500 * time.Millisecond

type clusterDrainCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"As hexhub cluster members lists it."`
	DryRun bool   `help:"Only say what there would be to do."`
}

// Run drains a node, after saying what that means, and returns once it may be stopped.
func (c clusterDrainCmd) Run(s *session) error {
	d, err := c.look(s, c.Name)
	if err != nil {
		return err
	}
	n := d.Node
	if !s.Quiet && !s.JSON {
		s.talk.Printf("This drains %s (%s, %s). It goes on answering until it is stopped, but does not lead, says that it is\n", n.Name, n.Role, n.State)
		s.talk.Printf("not ready, so that load balancers leave it, and takes no chores, no jobs and no new tarballs.\n")
		s.talk.Printf("  Left to do its work: %s. Tarballs only on drained nodes: %s, which are copied first.\n", counted(d.Rest, "node"), soleText(d.SoleBlobs))
	}
	if c.DryRun {
		return s.planned(n.Name, "drain", d)
	}
	if err := s.agree("cluster drain", n.Name, "nothing was drained"); err != nil {
		return err
	}
	if err := c.ask(s, "PUT", "nodes/drain", url.Values{"name": {n.ID}}, nil, nil); err != nil {
		return err
	}
	if d, err = c.wait(s, n.ID); err != nil {
		return err
	}
	return s.done(n.Name, "drain", d, "%s is drained and may be stopped. To take it back: hexhub cluster undrain %s", n.Name, n.Name)
}

func (c clusterDrainCmd) look(s *session, name string) (d ops.Drain, err error) {
	return d, c.ask(s, "GET", "nodes/drain", url.Values{"name": {name}}, nil, &d)
}

// wait returns when nothing depends on the node any more, and tells what does until then.
func (c clusterDrainCmd) wait(s *session, id string) (ops.Drain, error) {
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	told := ""
	for {
		d, err := c.look(s, id)
		if err != nil || d.Done {
			return d, err
		}
		if now := undone(d); now != told && !s.Quiet && !s.JSON {
			s.talk.Println("  " + now)
			told = now
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			s.talk.Printf("%s goes on being drained. To see how far it is, repeat the command; to take it back: hexhub cluster undrain %s\n", d.Node.Name, d.Node.Name)
			return d, s.ctx.Err()
		}
	}
}

// undone says what still depends on a node.
func undone(d ops.Drain) string {
	var left []string
	if d.Node.State != "drained" {
		left = append(left, "it has not heard of it yet")
	}
	if d.Node.Role == "leader" {
		left = append(left, "it still leads")
	}
	if d.SoleBlobs != 0 {
		left = append(left, "tarballs only on drained nodes: "+soleText(d.SoleBlobs))
	}
	if d.Jobs > 0 {
		left = append(left, "it still does "+counted(d.Jobs, "job"))
	}
	return strings.Join(left, ", ")
}

// counted writes a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

type clusterUndrainCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"As hexhub cluster members lists it."`
}

// Run takes a drained node back.
func (c clusterUndrainCmd) Run(s *session) error {
	var m ops.Member
	if err := c.ask(s, "DELETE", "nodes/drain", url.Values{"name": {c.Name}}, nil, &m); err != nil {
		return err
	}
	return s.done(m.Name, "node", m, "%s does its part again.", m.Name)
}
