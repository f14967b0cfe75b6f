package health_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/health"
)

// members are nodes n1, n2 and so on of which the first leads and those not up do not answer.
func members(up ...bool) []health.Seen {
	var out []health.Seen
	for i, up := range up {
		s := health.Seen{ID: string(rune('a' + i)), Name: "n" + string(rune('1'+i)), Address: "10.0.0.1:4001", Err: errors.New("no answer")}
		if up {
			s.Vital = &health.Vital{ID: s.ID, Name: s.Name, Address: s.Address, Member: uint64(i + 1), Leader: 1, Term: 7, Revision: 500}
		}
		out = append(out, s)
	}
	return out
}

func TestTheSentenceTellsWhatCanBeLost(t *testing.T) {
	leaderless := members(true, true, true)
	for _, s := range leaderless {
		s.Vital.Leader = 0
	}
	full := members(true, true, true)
	for _, s := range full {
		s.Vital.ReadOnly = "the disk is nearly full"
	}
	oneFull := members(true, true, true)
	oneFull[2].Vital.ReadOnly = "the disk is nearly full"
	learning := members(true, true, true, true)
	learning[3].Vital.Learner = true
	learning[3].Vital.Revision = 20
	going := members(true, true, true)
	going[1].Vital.Drained, going[1].Vital.NotReady = true, "it is drained"
	joining := members(true, false)
	joining[1].Learner = true
	elsewhere := func(up ...bool) []health.Seen {
		out := members(up...)
		for _, s := range out {
			if s.Vital != nil {
				*s.Vital = health.Vital{ID: s.ID, Name: s.Name, External: true, Chores: s.ID == "a"}
			}
		}
		return out
	}
	noEtcd := elsewhere(true, true)
	for _, s := range noEtcd {
		s.Vital.ReadOnly = "etcd does not answer"
	}
	for _, c := range []struct {
		name     string
		seen     []health.Seen
		state    string
		sentence string
		advised  bool
	}{
		{"alone", members(true), "healthy", "healthy: 1 of 1 node, can lose 0", false},
		{"alone in memory", []health.Seen{{Name: "n1", Vital: &health.Vital{Name: "n1"}}}, "healthy", "healthy: 1 of 1 node, can lose 0", false},
		{"three", members(true, true, true), "healthy", "healthy: 3 of 3 nodes, can lose 1", false},
		{"five", members(true, true, true, true, true), "healthy", "healthy: 5 of 5 nodes, can lose 2", false},
		{"one of three is gone", members(true, true, false), "degraded", "degraded: 2 of 3 nodes, can lose 0", false},
		{"two of three are gone", members(true, false, false), "read-only", "Read-only: 1 of 3 nodes reachable, 2 needed", false},
		{"two are even", members(true, true), "healthy", "healthy: 2 of 2 nodes, can lose 0", true},
		{"four are even", members(true, true, true, true), "healthy", "healthy: 4 of 4 nodes, can lose 1", true},
		{"learners have no vote", learning, "degraded", "degraded: 3 of 3 nodes, can lose 1", false},
		{"one that joins and is silent", joining, "degraded", "degraded: 1 of 1 node, can lose 0", false},
		{"one is drained", going, "healthy", "healthy: 3 of 3 nodes, can lose 1", true},
		{"two whose rows are elsewhere", elsewhere(true, true), "healthy", "healthy: 2 of 2 nodes, can lose 1; rows are in an etcd that is run elsewhere", false},
		{"one of them is gone", elsewhere(true, false), "degraded", "degraded: 1 of 2 nodes, can lose 0; rows are in an etcd that is run elsewhere", false},
		{"the etcd elsewhere is gone", noEtcd, "read-only", "Read-only: etcd does not answer; rows are in an etcd that is run elsewhere", false},
		{"an election", leaderless, "read-only", "Read-only: there is no leader at this moment, 3 of 3 nodes reachable", false},
		{"all are full", full, "read-only", "Read-only: the disk is nearly full", false},
		{"one is full", oneFull, "degraded", "degraded: 3 of 3 nodes, can lose 1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := health.Judge(c.seen)
			if r.State != c.state || r.Sentence != c.sentence || (len(r.Advice) > 0) != c.advised {
				t.Errorf("judged %q %q %q, want %q %q, advice: %t", r.State, r.Sentence, r.Advice, c.state, c.sentence, c.advised)
			}
		})
	}
}

func TestNodesHaveRolesAndStates(t *testing.T) {
	seen := members(true, true, true, false)
	seen[1].Vital.Revision = 1
	seen[2].Vital.Learner, seen[2].Vital.NotReady = true, "loading"
	var got []string
	for _, n := range health.Judge(seen).Nodes {
		got = append(got, n.Name+" "+n.Role+" "+n.State+" "+n.Note)
	}
	want := "n1 leader healthy |n2 follower lagging catching up|n3 learner not ready loading|n4 follower unreachable no answer"
	if strings.Join(got, "|") != want {
		t.Errorf("nodes %q, want %q", strings.Join(got, "|"), want)
	}
}

// Whoever asks how all do is told on which node copies are missing, though all of them are healthy.
func TestMissingCopiesAreTold(t *testing.T) {
	seen := members(true, true, true)
	seen[1].Vital.Lacks, seen[2].Vital.Lacks = 1, 20
	r := health.Judge(seen)
	said := strings.Join(r.Advice, "|")
	if r.State != health.Healthy || !strings.Contains(said, "n2 lacks 1 copy of a tarball") || !strings.Contains(said, "n3 lacks 20 copies of tarballs") {
		t.Errorf("%s, and it is said %q", r.State, said)
	}
}

// Two looks tell how long a node takes to catch up, and that another does not.
func TestTwoLooksTellHowLongCatchingUpTakes(t *testing.T) {
	look := func(second int, revisions ...int64) health.Report {
		seen := members(true, true, true, true)
		for i := range seen {
			seen[i].Vital.Revision = revisions[i]
			seen[i].Vital.Now = time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC)
		}
		return health.Judge(seen)
	}
	first := look(0, 10_000, 1_000, 5_000, 9_990)
	if !first.CatchesUp() || look(0, 10_000, 10_000, 9_990, 9_990).CatchesUp() {
		t.Error("one look does not tell who lags")
	}
	var got []string
	for _, n := range look(2, 10_500, 3_500, 5_400, 10_500).Since(first).Nodes {
		got = append(got, n.Note)
	}
	if want := "|catching up, about 7s|not catching up|"; strings.Join(got, "|") != want {
		t.Errorf("notes %q, want %q", strings.Join(got, "|"), want)
	}
	if n := first.Nodes[1]; n.Note != "catching up" {
		t.Errorf("the first report was changed: %q", n.Note)
	}
}

// A leader that was cut off goes on believing in itself until it is told of a later term.
func TestTheLatestTermHasTheLeader(t *testing.T) {
	seen := members(true, true, true)
	seen[1].Vital.Leader, seen[1].Vital.Term = 2, 8
	seen[2].Vital.Leader, seen[2].Vital.Term = 2, 8
	nodes := health.Judge(seen).Nodes
	if nodes[0].Role != "follower" || nodes[1].Role != "leader" {
		t.Errorf("roles %s %s, want the leader of term 8", nodes[0].Role, nodes[1].Role)
	}
}

// Who leads is told with since when, as far as that is known.
func TestHeadlineSaysSinceWhenTheLeaderLeads(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	r := health.Judge([]health.Seen{
		{ID: "1", Name: "n1", Vital: &health.Vital{ID: "1", Name: "n1", Member: 1, Leader: 1, Term: 1, Now: now}},
		{ID: "2", Name: "n2", Vital: &health.Vital{ID: "2", Name: "n2", Member: 2, Leader: 1, Term: 1, Now: now}},
		{ID: "3", Name: "n3", Vital: &health.Vital{ID: "3", Name: "n3", Member: 3, Leader: 1, Term: 1, Now: now}},
	})
	for since, want := range map[time.Time]string{
		{}: "Leader n1.", now.Add(-4*time.Hour - time.Minute): "Leader n1 since 4 h.", now.Add(-9 * 24 * time.Hour): "Leader n1 since 9 days.", now.Add(time.Second): "Leader n1.",
	} {
		r.LedSince = since
		if got := r.Headline(); got != "3 of 3 nodes healthy. "+want+" Can lose 1 node." {
			t.Errorf("%s: %q", since, got)
		}
	}
}
