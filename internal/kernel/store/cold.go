package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

// A Cold table keeps its rows in the log only: read by key or prefix, at a Reader's revision, with a
// small cache in front. It is for what is big or rarely asked for. A View does not notice changes
// of cold rows.
type Cold[T any] struct {
	d   declaration
	key func(T) string
}

// NewCold declares a cold table; see NewTable.
func NewCold[T any](name string, key func(T) string) *Cold[T] {
	return &Cold[T]{key: key, d: declaration{name: checkName(name), decode: decodeRow[T], encode: encodeRow}}
}

func (c *Cold[T]) declared() *declaration { return &c.d }

// Get returns the row with the key. Within a Tx it is guarded. It fails when the log cannot be read,
// or no longer knows the Reader's revision because it is very old.
func (c *Cold[T]) Get(ctx context.Context, r Reader, key string) (T, bool, error) {
	var none T
	rec, ok, err := r.at().record(ctx, logKey(c.d.name, key))
	if err != nil || !ok {
		return none, false, err
	}
	row, err := c.row(rec)
	return row, err == nil, err
}

// Put writes the row, in place of any with the same key: unlike a hot Put it does not look first, so
// fields that this binary does not know are dropped.
func (c *Cold[T]) Put(tx *Tx, row T) {
	value, err := json.Marshal(row)
	if err != nil {
		tx.fail(fmt.Errorf("encode row of %s: %w", c.d.name, err))
		return
	}
	tx.write(logKey(c.d.name, c.key(row)), value)
}

// Delete removes the row with the key, if it is there.
func (c *Cold[T]) Delete(tx *Tx, key string) {
	tx.ops[logKey(c.d.name, key)] = Op{Key: logKey(c.d.name, key), Delete: true}
}

// Page returns at most limit rows whose key starts with prefix and is greater than after (which may
// be empty), in key order, and the key to go on after, empty when none is left.
func (c *Cold[T]) Page(ctx context.Context, v *View, prefix, after string, limit int) (rows []T, next string, err error) {
	from, end := logKey(c.d.name, prefix), PrefixEnd(logKey(c.d.name, prefix))
	if after != "" {
		from = max(from, logKey(c.d.name, after)+"\x00")
	}
	page, err := v.db.log.Range(ctx, from, end, v.Revision(), limit)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", c.d.name, err)
	}
	for _, rec := range page.Records {
		row, err := c.row(rec)
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, row)
		next = strings.TrimPrefix(rec.Key, c.d.name+"/")
	}
	if !page.More {
		next = ""
	}
	return rows, next, nil
}

func (c *Cold[T]) row(rec Record) (T, error) {
	row, _, err := c.d.decode(rec.Value)
	if err != nil {
		var none T
		return none, fmt.Errorf("decode row %s: %w", rec.Key, err)
	}
	return *row.(*T), nil
}

// record reads a cold key at the moment: a View's through the cache, a Tx's with its own writes and a guard.
func (m *moment) record(ctx context.Context, key string) (Record, bool, error) {
	if m.own != nil {
		return m.own.record(ctx, key)
	}
	return m.db.cold.record(ctx, key, m.revision())
}

func (tx *Tx) record(ctx context.Context, key string) (Record, bool, error) {
	if op, mine := tx.ops[key]; mine {
		return Record{Key: key, Value: op.Value}, !op.Delete, nil
	}
	rec, ok, err := tx.db.cold.record(ctx, key, tx.base)
	if err != nil {
		return Record{}, false, err
	}
	if _, noted := tx.guards[key]; !noted {
		tx.guards[key] = rec.Revision
	}
	return rec, ok, nil
}

// coldCache keeps cold records that are current. A record in it has not changed since it was written,
// as far as this node has heard; so it is right for every moment from its revision on.
type coldCache struct {
	log Log

	mu      sync.Mutex // guards through, and keeps forgetting apart from keeping
	through Revision   // changes up to here have been forgotten
	kept    *lru.Cache[string, Record]
}

const coldKept = 4096

func newColdCache(log Log) *coldCache {
	kept, _ := lru.New[string, Record](coldKept) // fails only for a size below one
	return &coldCache{log: log, kept: kept}
}

func (c *coldCache) record(ctx context.Context, key string, at Revision) (Record, bool, error) {
	if rec, ok := c.kept.Get(key); ok && rec.Revision <= at {
		return rec, true, nil
	}
	page, err := c.log.Range(ctx, key, key+"\x00", at, 1)
	if err != nil {
		return Record{}, false, fmt.Errorf("read %s: %w", key, err)
	}
	if len(page.Records) == 0 {
		return Record{}, false, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if at >= c.through { // what was read is still current
		c.kept.Add(key, page.Records[0])
	}
	return page.Records[0], true, nil
}

// forget drops what changed. It is called before the tables show the change.
func (c *coldCache) forget(changes []Change, through Revision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.through = through
	for _, ch := range changes {
		c.kept.Remove(ch.Key)
	}
}

func (c *coldCache) clear(through Revision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.through = through
	c.kept.Purge()
}
