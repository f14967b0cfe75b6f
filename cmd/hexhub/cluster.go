package main

import (
	"fmt"
	"net/url"
	"strconv"

	"hexhub/internal/surface/ops"
)

type clusterCmd struct {
	Members        clusterMembersCmd  `cmd:"" help:"List the nodes."`
	Invite         clusterInviteCmd   `cmd:"" help:"Make a token with which one more machine becomes a node."`
	TransferLeader clusterTransferCmd `cmd:"" help:"Have another node lead."`
	Drain          clusterDrainCmd    `cmd:"" help:"Lay nothing new on a node, so that it can be stopped."`
	Undrain        clusterUndrainCmd  `cmd:"" help:"Take a drained node back."`
	Remove         clusterRemoveCmd   `cmd:"" help:"Forget a node that is gone or is to go."`
	Recover        clusterRecoverCmd  `cmd:"" help:"Make the last node of a lost cluster one of its own. For a stopped node."`
}

type clusterMembersCmd struct {
	target `embed:""`
}

// Run lists the nodes.
func (c clusterMembersCmd) Run(s *session) error {
	all, err := c.members(s)
	if err != nil {
		return err
	}
	rows := [][]string{}
	for _, m := range all {
		rows = append(rows, []string{m.Name, m.Role, m.State, m.Address, m.Version, strconv.FormatInt(m.Revision, 10), minute(m.JoinedAt)})
	}
	return s.list("nodes", all, []string{"NODE", "ROLE", "STATE", "ADDRESS", "VERSION", "REVISION", "JOINED"}, rows)
}

func (t target) members(s *session) (all []ops.Member, err error) {
	return all, t.ask(s, "GET", "nodes", nil, nil, &all)
}

type clusterInviteCmd struct {
	target `embed:""`
}

// Run prints a token, and how it is used.
func (c clusterInviteCmd) Run(s *session) error {
	var j ops.JoinToken
	if err := c.ask(s, "POST", "nodes", nil, nil, &j); err != nil {
		return err
	}
	return s.done(j.Token, "invitation", j,
		"On the new machine, within the hour:\n\n    hexhub join %s --cluster-listen :4001 \\\n        --token %s\n\nThe token is good for one node, and hands it all secrets of this registry: do not show it around.", j.URL, j.Token)
}

type clusterRemoveCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"As hexhub cluster members lists it."`
	DryRun bool   `help:"Only say what it would mean."`
}

// Run removes a node, after saying what that means.
func (c clusterRemoveCmd) Run(s *session) error {
	var p ops.Removal
	if err := c.ask(s, "GET", "nodes/removal", url.Values{"name": {c.Name}}, nil, &p); err != nil {
		return err
	}
	gone := p.Node
	if !s.Quiet && !s.JSON {
		s.talk.Printf("This removes %s (%s, %s). After it: %s.\n", gone.Name, gone.Role, gone.State, sized(p.Nodes))
		s.talk.Printf("  Tarballs only on %s: %s.", gone.Name, soleText(p.SoleBlobs))
		if p.Nodes%2 == 0 || p.Nodes == 1 {
			s.talk.Printf("    Add a node first to stay safe:  hexhub cluster invite")
		}
		s.talk.Printf("\n")
	}
	if c.DryRun {
		return s.planned(gone.Name, "removal", p)
	}
	if err := s.agree("cluster remove", gone.Name, "nothing was removed"); err != nil {
		return err
	}
	var m ops.Member
	if err := c.ask(s, "DELETE", "nodes", url.Values{"name": {gone.ID}}, nil, &m); err != nil {
		return err
	}
	return s.done(m.Name, "node", m, "Removed %s. Its data folder is not touched; it cannot come back with it.", m.Name)
}

// planned tells what would be done and was not.
func (s *session) planned(id, key string, value any) error {
	switch {
	case s.JSON:
		return s.json(map[string]any{"dry_run": true, key: value})
	case s.Quiet:
		return s.done(id, key, value, "")
	}
	s.talk.Println("Nothing was done, as --dry-run says.")
	return nil
}

// agree has somebody type the name of the node that a command is about, unless --yes was said. Otherwise it
// fails, with the words for what was not done.
func (s *session) agree(command, node, not string) error {
	switch {
	case s.Yes:
		return nil
	case !s.canAsk():
		return &failure{what: "ask whether to go on", why: "stdin is not a terminal", fix: []string{"hexhub " + command + " " + node + " --yes"}, code: exitUsage}
	case !s.talk.Confirm("Type "+node+" to continue: ", node, s.in):
		return &failure{why: not}
	}
	return nil
}

// soleText says how many tarballs would be lost.
func soleText(n int) string {
	if n < 0 {
		return "unknown, since not all other nodes answer"
	}
	return strconv.Itoa(n)
}

// sized says what so many nodes can bear.
func sized(nodes int) string {
	quorum := nodes/2 + 1
	if nodes == 1 {
		return "1 node, which must not be lost"
	}
	return fmt.Sprintf("%d nodes, quorum %d, can lose %d", nodes, quorum, nodes-quorum)
}
