// Package mail writes to people: a letter is a row, written in the transaction that is its cause, and
// sent afterwards by a job.
//
// It knows every text that is ever sent, how a letter rests and how it leaves. It does not know when
// there is cause for one, nor who may be written to: rooms say so, by address.
//
// What fills a text may be secret (a reset token) or a stranger's (the name of a key). So it is sealed at
// rest and dropped once sent, it is in no log and no error, and it reaches a text only without line
// breaks and control characters. Links begin with the configured public address, never with what a
// request said.
//
// Without a transport letters rest in the outbox, where the administrator reads them. When a transport
// is configured later, what is younger than a day is sent; older ones stay at rest, for their
// links are dead and their news is stale. After thirty days every letter is forgotten.
package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// A Letter is what somebody is to be told.
type Letter struct {
	Kind   Kind
	To     []string          // addresses; each gets a mail of its own, and sees no other
	Params map[string]string // what the text is filled with; see the Kinds
}

// Stored is a letter as it rests.
type Stored struct {
	ID     string     `json:"id"` // sorts the newest first
	Kind   Kind       `json:"kind"`
	To     []string   `json:"to"`
	At     time.Time  `json:"at"`
	Sealed []byte     `json:"sealed,omitempty"` // the params; dropped when sent
	SentAt *time.Time `json:"sent_at,omitempty"`
}

var letters = store.NewCold("letter", func(s Stored) string { return s.ID })

// Tables are what the package keeps. The jobs that send are in job.Tables.
var Tables = store.Schema{letters}

// Options say how letters look and leave.
type Options struct {
	URL      string // public address of the server, without a trailing slash: links begin with it
	From     string // address of the sender
	Registry string // what the registry is called in texts

	// Named is what the operator calls the registry by now, in place of that; nil or empty leaves it.
	Named func(store.Reader) string

	Transport Transport    // nil lets letters rest
	Log       *slog.Logger // nil discards
}

// A Transport hands one mail to the world. An error that will not go away by itself is job.Permanent.
type Transport interface {
	Send(ctx context.Context, m Message) error
}

// A Message is a mail as it leaves, to one address.
type Message struct {
	ID       string // unique, and the same when it is sent again
	From, To string
	Subject  string
	Text     string
	At       time.Time
}

// Mail writes letters. It is safe for concurrent use; a nil *Mail sends nothing.
type Mail struct {
	db     *store.DB
	sealer *seal.Sealer
	Options
}

// jobKind is the kind of the jobs that send letters; their key is the letter's id.
const jobKind = "mail"

// New returns a Mail whose letters are sent by queue, if there is a transport.
func New(db *store.DB, queue *job.Queue, sealer *seal.Sealer, o Options) *Mail {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m := &Mail{db: db, sealer: sealer, Options: o}
	if o.Transport != nil {
		queue.Handle(jobKind, job.Handler{Do: m.deliver, Tries: tries, Timeout: sendLimit, First: firstWait})
	}
	return m
}

// registry is what texts call it now.
func (m *Mail) registry() string {
	if m.Named == nil {
		return m.Registry
	}
	return cmp.Or(m.Named(m.db.View()), m.Registry)
}

// Configured reports whether letters leave.
func (m *Mail) Configured() bool { return m != nil && m.Transport != nil }

// SendTx writes a letter. It is written with the Tx's other rows or not at all, and costs two rows
// however many it is to. A kind that does not exist, or a param that its text needs and lacks, is a
// wrong program, and panics.
func (m *Mail) SendTx(tx *store.Tx, l Letter, at time.Time) {
	if m == nil {
		return
	}
	l.check()
	to := slices.Clone(l.To)
	slices.Sort(to)
	if to = slices.Compact(to); len(to) == 0 {
		return
	}
	m.putTx(tx, l.Kind, to, l.Params, at)
}

func (m *Mail) putTx(tx *store.Tx, kind Kind, to []string, params map[string]string, at time.Time) {
	at = at.UTC().Truncate(time.Microsecond)
	// Id and seal are random within Update, which is harmless: only the run that commits leaves them behind.
	s := Stored{ID: id.Newest(at), Kind: kind, To: to, At: at}
	s.Sealed = m.seal(s.ID, params)
	letters.Put(tx, s)
	job.EnqueueTx(tx, jobKind, s.ID, nil, at)
}

// label binds what is sealed to its letter.
func label(letterID string) string { return "mail/letter/" + letterID }

func (m *Mail) seal(letterID string, params map[string]string) []byte {
	clean := map[string]string{}
	for k, v := range params {
		clean[k] = Clean(v)
	}
	text, err := json.Marshal(clean)
	if err != nil {
		panic(err) // strings can be encoded
	}
	return m.sealer.Seal(label(letterID), text)
}

// Open returns what fills the text of a letter that has not been sent.
func (m *Mail) Open(s Stored) (map[string]string, error) {
	text, err := m.sealer.Unseal(label(s.ID), s.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open letter %s: %w", s.ID, err)
	}
	var params map[string]string
	if err := json.Unmarshal(text, &params); err != nil {
		return nil, fmt.Errorf("read letter %s: %w", s.ID, err)
	}
	return params, nil
}

// maxParam is how much of a param reaches a text, in runes.
const maxParam = 256

// Clean makes a stranger's text fit for one line of a mail: what is no printable character becomes a
// space, what would become a link does not, and what is endless is cut.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if !printable(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.ReplaceAll(s, "://", ": //")
	if runes := []rune(s); len(runes) > maxParam {
		s = string(runes[:maxParam]) + "…"
	}
	return strings.TrimSpace(s)
}
