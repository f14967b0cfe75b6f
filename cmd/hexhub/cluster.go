package main

import (
	"fmt"
	"net/url"
	"strconv"

	"hexhub/internal/surface/ops"
)

type clusterCmd struct {
	Members clusterMembersCmd `cmd:"" help:"List the nodes."`
	Invite  clusterInviteCmd  `cmd:"" help:"Make a token with which one more machine becomes a node."`
	Remove  clusterRemoveCmd  `cmd:"" help:"Forget a node that is gone or is to go."`
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
}

// Run removes a node, after saying what that means.
func (c clusterRemoveCmd) Run(s *session) error {
	all, err := c.members(s)
	if err != nil {
		return err
	}
	var gone *ops.Member
	for i, m := range all {
		if m.Name == c.Name || m.ID == c.Name {
			gone = &all[i]
		}
	}
	if gone == nil {
		return &failure{why: fmt.Sprintf("no node is called %q", c.Name), fix: []string{"hexhub cluster members"}, code: exitNotFound}
	}
	if !s.Quiet && !s.JSON {
		left := len(all) - 1
		s.talk.Printf("This removes %s (%s, %s). After it: %s.\n", gone.Name, gone.Role, gone.State, sized(left))
		if left%2 == 0 || left == 1 {
			s.talk.Printf("  Add a node first to stay safe:  hexhub cluster invite\n")
		}
	}
	if !s.Yes {
		if !s.canAsk() {
			return &failure{what: "ask whether to remove " + gone.Name, why: "stdin is not a terminal", fix: []string{"hexhub cluster remove " + gone.Name + " --yes"}, code: exitUsage}
		}
		if !s.talk.Confirm("Type "+gone.Name+" to continue: ", gone.Name, s.in) {
			return &failure{why: "nothing was removed"}
		}
	}
	var m ops.Member
	if err := c.ask(s, "DELETE", "nodes", url.Values{"name": {gone.ID}}, nil, &m); err != nil {
		return err
	}
	return s.done(m.Name, "node", m, "Removed %s. Its data folder is not touched; it cannot come back with it.", m.Name)
}

// sized says what so many nodes can bear.
func sized(nodes int) string {
	quorum := nodes/2 + 1
	if nodes == 1 {
		return "1 node, which must not be lost"
	}
	return fmt.Sprintf("%d nodes, quorum %d, can lose %d", nodes, quorum, nodes-quorum)
}
