// Package health puts what nodes tell of themselves together into a sentence about the whole: whether the
// registry takes writes, and how many nodes it can still lose.
//
// It knows nodes, majorities and leaders. It asks nobody: who gathers the answers hands them in, those that
// did not come among them.
package health

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Vital is what a node tells of itself.
type Vital struct {
	ID        string    `json:"id,omitempty"`
	Name      string    `json:"name"`
	Address   string    `json:"address,omitempty"` // of its cluster port; empty for a node without one
	Zone      string    `json:"zone,omitempty"`    // where it stands, as its operator calls that
	Version   string    `json:"version"`
	StartedAt time.Time `json:"started_at"`

	Member  uint64 `json:"member,string,omitempty"` // its number in the log; zero when the log is not etcd's
	Leader  uint64 `json:"leader,string,omitempty"` // the one it follows; zero without
	Term    uint64 `json:"term,omitempty"`
	Learner bool   `json:"learner,omitempty"`

	External bool `json:"external,omitempty"` // its rows are in an etcd that is run elsewhere, of which it is no member
	Chores   bool `json:"chores,omitempty"`   // then: it does what only one node does

	Now       time.Time `json:"now"`                  // by its clock
	Revision  int64     `json:"revision"`             // zero where it is not told
	DiskFree  uint64    `json:"disk_free,omitempty"`  // bytes
	DiskTotal uint64    `json:"disk_total,omitempty"` // bytes; zero where nobody can tell
	Lacks     int64     `json:"lacks,omitempty"`      // copies of tarballs that it is to hold and has yet to fetch
	Memory    uint64    `json:"memory,omitempty"`     // bytes that the process has of the machine; zero where it is not told
	Traffic
	Drained  bool   `json:"drained,omitempty"`   // nothing new is laid on it, because somebody wants to stop it
	NotReady string `json:"not_ready,omitempty"` // why nothing should be sent to it
	Stale    string `json:"stale,omitempty"`     // how old what it serves may be
	ReadOnly string `json:"read_only,omitempty"` // why it takes no writes
}

// Traffic is the requests of a node over the last minute.
type Traffic struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50"` // seconds
	P99       float64 `json:"p99"`
	Failed    float64 `json:"failed"` // share of them, by the server's fault
}

// leads reports whether the node takes itself for the leader.
func (v Vital) leads() bool { return v.Member != 0 && v.Leader == v.Member }

// A Seen is a member as the one who asks knows it, with what it told.
type Seen struct {
	ID, Name, Address string
	Learner           bool          // has no vote, as far as the one who asks knows
	Skew              time.Duration // by which its clock is ahead of the asker's
	Vital             *Vital        // nil when it did not answer
	Err               error         // why, then
}

// The states of a node, and of the whole.
const (
	Healthy     = "healthy"
	Lagging     = "lagging"     // a node that shows older rows than another
	ReadOnly    = "read-only"   // takes no writes
	Drained     = "drained"     // a node that somebody wants to stop, and that answers until then
	NotReady    = "not ready"   // a node that should not be asked
	Unreachable = "unreachable" // a node that did not answer
	Degraded    = "degraded"    // the whole, when it works and a node does not
)

// A Node is one member in a Report.
type Node struct {
	Vital
	Role   string        `json:"role"`  // leader, follower or learner
	State  string        `json:"state"` // as above
	Behind int64         `json:"behind"`
	Skew   time.Duration `json:"skew"`           // nanoseconds by which its clock is ahead of the asker's
	Note   string        `json:"note,omitempty"` // why it is not healthy
}

// A Report is how the whole does.
type Report struct {
	State    string   `json:"state"`
	Sentence string   `json:"sentence"`
	External bool     `json:"external,omitempty"` // the rows are in an etcd that is run elsewhere: what that can lose is not told
	Needed   int      `json:"needed"`             // voters that must reach each other
	CanLose  int      `json:"can_lose"`           // more voters; negative when there are too few already
	Advice   []string `json:"advice"`             // what somebody should think about
	Nodes    []Node   `json:"nodes"`              // by name

	LedSince time.Time `json:"led_since,omitzero"` // by the node that leads; zero where it is not known
}

// mayLag is how many revisions a node may be behind before it is called lagging: some commits happen while
// nodes are asked one after the other.
const mayLag = 100

const catchingUp = "catching up"

// Judge puts together what was seen of all members.
func Judge(seen []Seen) Report {
	leader, newest := leaderOf(seen)
	r := Report{Advice: []string{}, Nodes: []Node{}}
	voters, up := 0, 0
	for _, s := range seen {
		n := node(s, leader, newest)
		r.Nodes = append(r.Nodes, n)
		if n.Role == "learner" {
			continue
		}
		voters++
		if s.Vital != nil {
			up++
		}
	}
	slices.SortStableFunc(r.Nodes, func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	r.External = slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.External })
	r.Needed = voters/2 + 1
	if r.External {
		r.Needed = 1 // the majority that counts is of others
	}
	r.CanLose = up - r.Needed
	r.say(voters, up, leader != 0 || r.External)
	if voters > 0 && voters%2 == 0 && !r.External {
		r.Advice = append(r.Advice, fmt.Sprintf("%d nodes survive no more losses than %d: add one with hexhub cluster invite, or remove one.", voters, voters-1))
	}
	for _, n := range r.Nodes {
		if n.Lacks > 0 {
			r.Advice = append(r.Advice, n.lacking())
		}
		if n.State == Drained {
			r.Advice = append(r.Advice, fmt.Sprintf("%s is drained: stop it, or take it back with hexhub cluster undrain %s.", n.Name, n.Name))
		}
	}
	return r
}

// lacking says what it means that copies of tarballs are missing on the node.
func (n Node) lacking() string {
	copies := fmt.Sprintf("%d copies of tarballs that it is", n.Lacks)
	if n.Lacks == 1 {
		copies = "1 copy of a tarball that it is"
	}
	return fmt.Sprintf("%s lacks %s to hold, and fetches what it can from the other nodes: until then that is on one disk fewer than it should be.", n.Name, copies)
}

// leaderOf finds the leader of the latest term, and the newest revision. A leader whom no majority follows
// may not know that yet, so the highest term decides.
func leaderOf(seen []Seen) (leader uint64, newest int64) {
	term := uint64(0)
	for _, s := range seen {
		if s.Vital == nil {
			continue
		}
		newest = max(newest, s.Vital.Revision)
		if s.Vital.Term >= term && s.Vital.Leader != 0 {
			leader, term = s.Vital.Leader, s.Vital.Term
		}
	}
	return leader, newest
}

func node(s Seen, leader uint64, newest int64) Node {
	n := Node{Vital: Vital{ID: s.ID, Name: s.Name, Address: s.Address}, Role: "follower", State: Healthy}
	if s.Vital == nil {
		n.State = Unreachable
		if s.Learner {
			n.Role = "learner"
		}
		if s.Err != nil {
			n.Note = s.Err.Error()
		}
		return n
	}
	n.Vital, n.Behind, n.Skew = *s.Vital, newest-s.Vital.Revision, s.Skew
	if n.Revision == 0 {
		n.Behind = 0
	}
	switch {
	case n.External:
		if n.Chores {
			n.Role = "leader"
		}
	case n.Learner:
		n.Role = "learner"
	case n.leads() && n.Leader == leader || n.Member == 0:
		n.Role = "leader" // without etcd a node is alone
	}
	switch {
	case n.Vital.Drained:
		n.State = Drained
	case n.Vital.NotReady != "":
		n.State, n.Note = NotReady, n.Vital.NotReady
	case n.Vital.ReadOnly != "":
		n.State, n.Note = ReadOnly, n.Vital.ReadOnly
	case n.Stale != "":
		n.State, n.Note = Lagging, n.Stale
	case n.Behind > mayLag:
		n.State, n.Note = Lagging, catchingUp
	}
	return n
}

// Since tells of nodes that lag how long they take to catch up, from how they did in the earlier report.
func (r Report) Since(earlier Report) Report {
	r.Nodes = slices.Clone(r.Nodes)
	for i := range r.Nodes {
		n := &r.Nodes[i]
		at := slices.IndexFunc(earlier.Nodes, func(e Node) bool { return e.ID == n.ID })
		if at < 0 || n.Note != catchingUp || earlier.Nodes[at].Note != catchingUp {
			continue
		}
		was := earlier.Nodes[at]
		if took, gained := n.Now.Sub(was.Now), was.Behind-n.Behind; took > 0 && gained > 0 {
			left := time.Duration(float64(took) * float64(n.Behind) / float64(gained))
			n.Note += ", about " + max(left, time.Second).Round(time.Second).String()
		} else {
			n.Note = "not catching up"
		}
	}
	return r
}

// CatchesUp reports whether a node lags and is about to catch up, as far as one look can tell.
func (r Report) CatchesUp() bool {
	return slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Note == catchingUp })
}

// say makes the sentence.
func (r *Report) say(voters, up int, led bool) {
	nodes := fmt.Sprintf("%d of %d nodes", up, voters)
	if voters == 1 {
		nodes = fmt.Sprintf("%d of 1 node", up)
	}
	alone := voters == 1 && r.Nodes[0].Member == 0
	switch why, refused := r.refused(); {
	case r.CanLose < 0:
		r.State, r.Sentence = ReadOnly, fmt.Sprintf("Read-only: %s reachable, %d needed", nodes, r.Needed)
	case !led && !alone:
		r.State, r.Sentence = ReadOnly, fmt.Sprintf("Read-only: there is no leader at this moment, %s reachable", nodes)
	case refused:
		r.State, r.Sentence = ReadOnly, "Read-only: "+why
	case up < voters || slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.State != Healthy && n.State != Drained }):
		r.State, r.Sentence = Degraded, fmt.Sprintf("%s: %s, can lose %d", Degraded, nodes, r.CanLose)
	default:
		r.State, r.Sentence = Healthy, fmt.Sprintf("%s: %s, can lose %d", Healthy, nodes, r.CanLose)
	}
	if r.External {
		r.Sentence += "; rows are in an etcd that is run elsewhere"
	}
}

// Headline is the Sentence as people put it, with who leads.
func (r Report) Headline() string {
	if r.State == ReadOnly || len(r.Nodes) == 0 {
		return r.Sentence + "."
	}
	healthy, leader := 0, ""
	for _, n := range r.Nodes {
		if n.State == Healthy {
			healthy++
		}
		if n.Role == "leader" {
			leader = n.Name
		}
	}
	if len(r.Nodes) == 1 {
		return fmt.Sprintf("%d of 1 node healthy. Can lose none.", healthy)
	}
	words := fmt.Sprintf("%d of %d nodes healthy.", healthy, len(r.Nodes))
	if leader != "" {
		words += " Leader " + leader + r.led() + "."
	}
	switch {
	case r.External:
		return words + " Rows are in an etcd that is run elsewhere."
	case r.CanLose == 0:
		return words + " Can lose none."
	case r.CanLose == 1:
		return words + " Can lose 1 node."
	}
	return words + fmt.Sprintf(" Can lose %d nodes.", r.CanLose)
}

// led says for how long the leader has been, as of when the nodes were asked.
func (r Report) led() string {
	for _, n := range r.Nodes {
		if took := n.Now.Sub(r.LedSince); n.Role == "leader" && !r.LedSince.IsZero() && took > 0 {
			return " since " + roughly(took)
		}
	}
	return ""
}

// roughly is a duration to one figure, as people say it.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// refused reports whether every node that answers refuses writes, and why the first does.
func (r *Report) refused() (why string, all bool) {
	for _, n := range r.Nodes {
		switch {
		case n.State == Unreachable || n.Role == "learner":
		case n.Vital.ReadOnly == "":
			return "", false
		case why == "":
			why = n.Vital.ReadOnly
		}
	}
	return why, why != ""
}
