package limit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"hexhub/internal/kernel/store"
)

// An attempt counts one key under one rule, on all nodes.
type attempt struct {
	Key    string    `json:"key"`
	Limit  int       `json:"limit"`
	Millis int64     `json:"window_ms"`
	Index  int64     `json:"index"` // number of the window since the Unix epoch
	Count  int       `json:"count"` // never above Limit
	Ends   time.Time `json:"ends"`
}

func (a attempt) rule() Rule {
	return Rule{Limit: a.Limit, Window: time.Duration(a.Millis) * time.Millisecond}
}

var attempts = store.NewTable("attempt", func(a attempt) string { return path(a.Key, a.rule()) })

// path is where a key is counted under a rule. A rule that is changed begins to count anew.
func path(key string, rule Rule) string {
	return store.Path(key, strconv.Itoa(rule.Limit)+"-"+strconv.FormatInt(rule.Window.Milliseconds(), 10))
}

// maxKey bounds keys in rows, in bytes.
const maxKey = 200

// short returns key, or its hash if it is long.
func short(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "hash:" + hex.EncodeToString(sum[:])
}

// current returns the row of key in the window that holds now, empty if nothing was counted in it. A row one
// window ahead counts as well: a node whose clock is a little fast has begun it, and whoever
// goes from node to node around a boundary must not start afresh each time. A row further ahead is
// from before a clock was set back, and locks nobody out.
func current(r store.Reader, key string, rule Rule, now time.Time) attempt {
	index, key := rule.index(now), short(key)
	if a, ok := attempts.Get(r, path(key, rule)); ok && (a.Index == index || a.Index == index+1) {
		return a
	}
	return attempt{
		Key: key, Limit: rule.Limit, Millis: rule.Window.Milliseconds(), Index: index,
		Ends: time.UnixMilli(rule.end(index)).UTC(),
	}
}

func (a attempt) result(allowed bool) Result {
	return Result{
		Allowed: allowed, Limit: a.Limit, Remaining: max(0, a.Limit-a.Count), Reset: (a.rule().end(a.Index) + 999) / 1000,
	}
}

// Spent reports whether key has used up rule, exactly, counting what all nodes counted. It counts nothing.
//
// Keys rest in readable rows: what somebody typed into a field may be a password in the wrong place, so
// count a user by his id, and what belongs to nobody by its hash.
func Spent(r store.Reader, key string, rule Rule, now time.Time) bool {
	return current(r, key, rule, now).Count >= rule.Limit
}

// SpendTx counts one use of rule by key. What is used up stays so, and writes nothing.
func SpendTx(tx *store.Tx, key string, rule Rule, now time.Time) Result {
	a := current(tx, key, rule, now)
	if a.Count >= rule.Limit {
		return a.result(false)
	}
	a.Count++
	attempts.Put(tx, a)
	return a.result(true)
}

// Spend counts one use of rule by key and says whether it may pass: to be asked before a secret is
// compared, so that guesses at the same moment are counted too. UnspendTx gives it back afterwards.
func Spend(ctx context.Context, db *store.DB, key string, rule Rule, now time.Time) (Result, error) {
	var res Result
	err := db.Update(ctx, func(tx *store.Tx) error {
		res = SpendTx(tx, key, rule, now)
		return nil
	})
	return res, err
}

// UnspendTx gives one use back that turned out to be none, and leaves the others counted: for keys, such
// as addresses, that a guesser might clear by a success of his own.
func UnspendTx(tx *store.Tx, key string, rule Rule, now time.Time) {
	a := current(tx, key, rule, now)
	switch {
	case a.Count > 1:
		a.Count--
		attempts.Put(tx, a)
	case a.Count == 1:
		ForgiveTx(tx, key, rule)
	}
}

// ForgiveTx forgets all that was counted for key under rule: after a success that only the key's owner
// can have.
func ForgiveTx(tx *store.Tx, key string, rule Rule) { attempts.Delete(tx, path(short(key), rule)) }

// Rest is how long the window that holds now still lasts.
func (r Rule) Rest(now time.Time) time.Duration {
	return time.UnixMilli(r.end(r.index(now))).Sub(now)
}
