package cluster

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// mostAsked is how long a request to join may be.
const mostAsked = 16 << 10

// A joinRequest is what a stranger says of itself. Its key is the one that it speaks TLS with.
type joinRequest struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Named    bool              `json:"named"` // by a person, and so not to be changed
	Address  string            `json:"address"`
	Version  string            `json:"version"`
	Settings map[string]string `json:"settings"`
}

// A joinAnswer is what makes a node of it.
type joinAnswer struct {
	Cluster string            `json:"cluster"`
	Name    string            `json:"name"`
	Secret  []byte            `json:"secret"`  // the master key that all nodes share
	Members map[string]string `json:"members"` // addresses by id, the asker's included
}

// parseJoin reads a stranger's bytes.
func parseJoin(b []byte) (r joinRequest, err error) {
	if len(b) > mostAsked {
		return r, fault.New(fault.TooLarge, "a request to join has at most %d bytes", mostAsked)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fault.Wrap(fault.Malformed, err, "this is not a request to join")
	}
	if r.ID == "" || len(r.ID) > 40 || strings.Trim(r.ID, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return r, fault.New(fault.Invalid, "%.60q is not the id of a node", r.ID)
	}
	if !validName(r.Name) {
		return r, fault.New(fault.Invalid, "%.60q cannot name a node: use lower-case letters, digits and dashes", r.Name)
	}
	if len(r.Version) > 100 {
		return r, fault.New(fault.Invalid, "the version is too long")
	}
	return r, checkAddress(r.Address)
}

// checkAddress wants HOST:PORT that others can dial.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	n, notNumber := strconv.ParseUint(port, 10, 16)
	ip := net.ParseIP(host)
	switch {
	case err != nil, notNumber != nil, n == 0, len(address) > 270, host == "",
		ip == nil && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-._") != "":
		return fault.New(fault.Invalid, "%.80q is not an address at which other nodes reach a node: say HOST:PORT with --cluster-advertise", address)
	case ip != nil && ip.IsUnspecified():
		return fault.New(fault.Invalid, "other nodes cannot reach %s: say HOST:PORT with --cluster-advertise", address)
	}
	return nil
}

// joinHandler answers strangers.
func (c *Cluster) joinHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /join", func(w http.ResponseWriter, r *http.Request) {
		answer, err := c.answerJoin(r)
		if err != nil {
			c.refuse(w, r, err)
			return
		}
		c.log.Info("a node was let in", "name", answer.Name, "from", r.RemoteAddr)
		writeJSON(w, http.StatusOK, answer)
	})
	return mux
}

// problemOf is what one that is not let in is told.
func problemOf(err error) *problem {
	p := &problem{Kind: fault.Of(err).String(), Message: "the node could not be let in; see the log of the node that was asked"}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Message != "" {
		p.Message = f.Message
	}
	return p
}

func (c *Cluster) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	c.log.Warn("a node was not let in", "from", r.RemoteAddr, "err", err)
	status := http.StatusUnprocessableEntity
	if p.Kind == fault.Unavailable.String() {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, p)
}

// answerJoin reads nothing but the secret before that is found to be good.
func (c *Cluster) answerJoin(r *http.Request) (joinAnswer, error) {
	db := c.db.Load()
	if db == nil {
		return joinAnswer{}, fault.New(fault.Unavailable, "this node is still starting: try again")
	}
	key, ok := r.TLS.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return joinAnswer{}, errUninvited
	}
	var t token
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if err != nil || len(secret) != len(t.secret) {
		return joinAnswer{}, errUninvited
	}
	copy(t.secret[:], secret)
	if _, ok := invitations.Get(db.View(), t.hash()); !ok {
		return joinAnswer{}, errUninvited
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostAsked+1))
	if err != nil {
		return joinAnswer{}, fault.Wrap(fault.Malformed, err, "the request could not be read")
	}
	q, err := parseJoin(body)
	if err != nil {
		return joinAnswer{}, err
	}
	return c.admit(r.Context(), t.hash(), key, q)
}

// admit makes a learner of who asks. Asked again by the same node, it goes on where it was interrupted. The hash
// is that of its invitation, or empty for one that has proved to know the secret of Kin: it keeps its name, and
// takes the place of the node that had it before.
func (c *Cluster) admit(ctx context.Context, hash string, key ed25519.PublicKey, q joinRequest) (joinAnswer, error) {
	for _, name := range slices.Sorted(maps.Keys(c.o.Settings)) {
		if ours, theirs := c.o.Settings[name], q.Settings[name]; ours != theirs {
			return joinAnswer{}, fault.New(fault.Conflict, "all nodes must have the same %s: here it is %q, and there %q", name, ours, theirs)
		}
	}
	c.joining.Lock() // those who ask one node take turns
	defer c.joining.Unlock()
	if hash == "" {
		q.Named = true
		if err := c.replace(ctx, q); err != nil {
			return joinAnswer{}, err
		}
	}
	all, err := c.etcd.Members(ctx)
	if err != nil {
		return joinAnswer{}, err
	}
	if err := c.mayLearn(all, q.ID, q.Address); err != nil {
		return joinAnswer{}, err
	}
	row, err := c.reserve(ctx, hash, key, q)
	if err != nil {
		return joinAnswer{}, err
	}
	if all, err = c.learn(ctx, all, &row); err != nil {
		return joinAnswer{}, err
	}
	err = c.db.Load().Update(ctx, func(tx *store.Tx) error {
		now, ok := nodes.Get(tx, row.ID)
		if !ok {
			return fault.New(fault.Conflict, "this node was removed while it joined")
		}
		now.Member = row.Member
		nodes.Put(tx, now)
		return nil
	})
	if err != nil {
		return joinAnswer{}, err
	}
	return c.answer(all, row), nil
}

// mayLearn wants no other node to be on its way. The log may know the node by its address alone, if what it was
// told of the node was not answered.
func (c *Cluster) mayLearn(all []etcdlog.Member, id, address string) error {
	for _, m := range all {
		if n := c.byMember(m.ID); m.Learner && n.ID != id && (n.ID != "" || m.URL != "https://"+address) {
			name := n.Name
			if name == "" {
				name = m.URL
			}
			return fault.New(fault.Unavailable, "another node is joining (%s): try again when it has caught up, or give it up with: hexhub cluster remove %s", name, name)
		}
	}
	return nil
}

func (c *Cluster) byMember(member uint64) Node {
	for n := range nodes.All(c.db.Load().View()) {
		if n.Member == member {
			return n
		}
	}
	return Node{}
}

// reserve writes the node's row and uses the invitation up, if it came by one, both or neither.
func (c *Cluster) reserve(ctx context.Context, hash string, key ed25519.PublicKey, q joinRequest) (row Node, err error) {
	now := time.Now().UTC().Truncate(time.Second)
	// Names and addresses are compared on a View: who joins at the same moment by another node is refused by
	// mayLearn there, or renames itself later.
	others := members(c.db.Load().View())
	err = c.db.Load().Update(ctx, func(tx *store.Tx) error {
		if hash != "" {
			i, ok := invitations.Get(tx, hash)
			if !ok || !i.admits(q.ID, now) {
				return errUninvited
			}
			i.UsedBy = q.ID
			invitations.Put(tx, i)
		}
		var ok bool
		row, ok = nodes.Get(tx, q.ID)
		if ok && !key.Equal(ed25519.PublicKey(row.Key)) {
			return errUninvited
		}
		if !ok {
			row = Node{ID: q.ID, Joined: now}
		}
		row.Address, row.Key, row.Version = q.Address, key, q.Version
		if row.Name, err = freeName(others, q); err != nil {
			return err
		}
		nodes.Put(tx, row)
		return nil
	})
	return row, err
}

// freeName is the name that was asked for, or one like it if that is taken and was nobody's wish.
func freeName(others []Node, q joinRequest) (string, error) {
	name := q.Name
	for n := 2; ; n++ {
		at := slices.IndexFunc(others, func(o Node) bool { return o.ID != q.ID && (o.Name == name || o.Address == q.Address) })
		switch {
		case at < 0:
			return name, nil
		case others[at].Address == q.Address:
			return "", fault.New(fault.Conflict, "%s already is the address of %s: give each node its own with --cluster-listen, or if that node is gone for good: hexhub cluster remove %s",
				q.Address, others[at].Name, others[at].Name)
		case q.Named:
			return "", fault.New(fault.Conflict, "another node is called %s: choose a name with --node-name", name)
		}
		name = fmt.Sprintf("%.58s-%d", q.Name, n)
	}
}

// learn makes the row's node known to the log, if it is not yet, and returns all members then.
func (c *Cluster) learn(ctx context.Context, all []etcdlog.Member, row *Node) ([]etcdlog.Member, error) {
	url := "https://" + row.Address
	at := slices.IndexFunc(all, func(m etcdlog.Member) bool { return m.ID == row.Member || m.URL == url })
	if at >= 0 { // it was added before
		row.Member = all[at].ID
		if all[at].URL == url {
			return all, nil
		}
		if err := c.etcd.SetURL(ctx, row.Member, url); err != nil {
			return nil, err
		}
		all[at].URL = url
		return all, nil
	}
	all, err := c.etcd.AddLearner(ctx, url)
	if err != nil {
		return nil, err
	}
	at = slices.IndexFunc(all, func(m etcdlog.Member) bool { return m.URL == url })
	if at < 0 {
		return nil, errors.New("the log does not know the node it was just told of")
	}
	row.Member = all[at].ID
	return all, nil
}

func (c *Cluster) answer(all []etcdlog.Member, row Node) joinAnswer {
	a := joinAnswer{Cluster: c.identity.Cluster, Name: row.Name, Secret: c.sealer.Master(), Members: map[string]string{}}
	for _, m := range all {
		id := c.byMember(m.ID).ID
		if m.ID == row.Member {
			id = row.ID
		}
		if id == "" {
			id = fmt.Sprintf("m%x", m.ID) // without a row yet; only the address matters
		}
		a.Members[id] = strings.TrimPrefix(m.URL, "https://")
	}
	return a
}
