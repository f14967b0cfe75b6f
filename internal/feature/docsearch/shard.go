package docsearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search/query"

	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
)

// A set is the documentation of one release as it was put in.
type set struct {
	Ref     catalog.Ref     `json:"-"`
	Version version.Version `json:"-"`
	Hash    tarball.Sum     `json:"hash"`
	Items   int             `json:"items"`
	Newest  bool            `json:"newest"` // what is searched when nobody names a version
	Form    int             `json:"form"`   // see form
	Coverage
}

// form is that of what is kept. A set in another one is put in anew.
const form = 3

// key names a set. No name or version has a slash.
func key(ref catalog.Ref, v version.Version) string {
	return ref.Repository.String() + "/" + ref.Name.String() + "/" + v.String()
}

func (s set) key() string { return key(s.Ref, s.Version) }

func (s set) itemID(n int) string { return s.key() + "/" + strconv.Itoa(n) }

// A shard is the index of one repository. Reading and writing may go on at once; one at a time writes.
type shard struct {
	bleve.Index
	dir string
}

// The fields of what bleve keeps. Those of an item are for finding it, and body is what is told of it.
const (
	fieldKind   = "kind" // of the document: a set or an item
	fieldName   = "name" // what an identifier is called
	fieldTitle  = "title"
	fieldText   = "text"
	fieldType   = "type"
	fieldSet    = "set"
	fieldNewest = "newest"
	fieldBody   = "body"

	isSet, isItem, yes = "s", "i", "y"
)

// layout tells bleve about the fields. Words are cut and stemmed here, so that one finds what the other wrote.
func layout() (mapping.IndexMapping, error) {
	m := bleve.NewIndexMapping()
	m.ScoringModel = "bm25"
	if err := m.AddCustomAnalyzer("cut", map[string]any{"type": custom.Name, "tokenizer": whitespace.Name}); err != nil {
		return nil, err
	}
	d := bleve.NewDocumentStaticMapping()
	for name, analyzer := range map[string]string{
		fieldKind: keyword.Name, fieldType: keyword.Name, fieldSet: keyword.Name, fieldNewest: keyword.Name,
		fieldName: "cut", fieldTitle: "cut", fieldText: "cut",
	} {
		f := bleve.NewTextFieldMapping()
		f.Analyzer, f.Store, f.IncludeInAll, f.IncludeTermVectors, f.DocValues = analyzer, false, false, false, false
		d.AddFieldMappingsAt(name, f)
	}
	body := bleve.NewTextFieldMapping()
	body.Index, body.Store, body.IncludeInAll, body.IncludeTermVectors, body.DocValues = false, true, false, false, false
	d.AddFieldMappingsAt(fieldBody, body)
	m.DefaultMapping = d
	return m, nil
}

// openShard opens the index in dir with the sets in it. One that is not there, or cannot be read, is made.
func openShard(dir string) (*shard, []set, error) {
	index, err := openIndex(dir)
	if err == nil {
		s := &shard{index, dir}
		var sets []set
		if sets, err = s.sets(); err == nil {
			return s, sets, nil
		}
		_ = end(index) // it cannot be read anyway
	}
	s, err := makeShard(dir)
	return s, nil, err
}

// Writes need not wait for the disk, for what a crash takes away is put in again.
// The map is made for each index, since bleve writes into it.
func settings() map[string]any { return map[string]any{"unsafe_batch": true, "bolt_timeout": "2s"} }

func openIndex(dir string) (index bleve.Index, err error) {
	if err := sound(dir); err != nil {
		return nil, err
	}
	err = guard(func() error {
		index, err = bleve.OpenUsing(dir, settings())
		return err
	})
	return index, err
}

func makeShard(dir string) (*shard, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("make an index of documentation: %w", err)
	}
	m, err := layout()
	if err != nil {
		return nil, fmt.Errorf("make an index of documentation: %w", err)
	}
	index, err := bleve.NewUsing(dir, m, scorch.Name, scorch.Name, settings())
	if err != nil {
		return nil, fmt.Errorf("make an index of documentation: %w", err)
	}
	return &shard{index, dir}, nil
}

var errDamaged = errors.New("index of documentation is damaged")

// The most that is put in in one step: bleve takes a hundred times as much memory for it.
const (
	stepItems = 1000
	stepText  = 1 << 20
)

// put puts a set with its items in the place of what was there of it. A large one takes several steps, and is unfinished
// until the last: if that does not come, it is put in again.
func (s *shard) put(was, now set, items []Item) error {
	unfinished := set{Ref: now.Ref, Version: now.Version, Items: max(was.Items, len(items))}
	b, text := s.NewBatch(), 0
	for n, item := range items {
		if b.Size() == stepItems || text > stepText {
			if err := s.step(b, unfinished); err != nil {
				return err
			}
			b, text = s.NewBatch(), 0
		}
		if err := b.Index(now.itemID(n), fieldsOf(now, item)); err != nil {
			return fmt.Errorf("index %s: %w", now.key(), err)
		}
		text += len(item.Title) + len(item.Text)
	}
	for n := len(items); n < was.Items; n++ {
		b.Delete(was.itemID(n))
	}
	return s.step(b, now)
}

// step writes a batch, and that the set is so far.
func (s *shard) step(b *bleve.Batch, now set) error {
	body, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := b.Index(now.key(), map[string]any{fieldKind: isSet, fieldBody: string(body)}); err != nil {
		return fmt.Errorf("index %s: %w", now.key(), err)
	}
	return guard(func() error { return s.Batch(b) })
}

// patience is how long a shard waits for what was put in to come to the disk before it is closed, and then for that.
const patience = 10 * time.Second

// shut closes the shard once all of it is on the disk.
func (s *shard) shut() error {
	kept := make(chan error, 1)
	b := s.NewBatch()
	b.SetInternal([]byte("shut"), nil)
	b.SetPersistedCallback(func(err error) { kept <- err })
	err := guard(func() error { return s.Batch(b) })
	if err == nil {
		err = within(patience, kept)
	}
	return errors.Join(err, end(s.Index))
}

// end closes an index, or leaves it once a panic of bleve's has held a lock, for then that waits for ever.
func end(index bleve.Index) error {
	closed := make(chan error, 1)
	go func() { closed <- guard(index.Close) }()
	return within(patience, closed)
}

func within(d time.Duration, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		return fmt.Errorf("an index of documentation does not answer: waited %s", d)
	}
}

// remove takes a set out.
func (s *shard) remove(was set) error {
	b := s.NewBatch()
	for n := range was.Items {
		b.Delete(was.itemID(n))
	}
	b.Delete(was.key())
	return guard(func() error { return s.Batch(b) })
}

// fieldsOf is an item as bleve is given it.
func fieldsOf(s set, i Item) map[string]any {
	body, _ := json.Marshal(i) // texts can always be written
	fields := map[string]any{
		fieldKind: isItem, fieldSet: s.key(), fieldType: i.Type, fieldBody: string(body),
		fieldName: strings.Join(names(i.Title), " "), fieldTitle: strings.Join(titleWords(i.Title), " "),
		fieldText: strings.Join(proseWords(i.Text), " "),
	}
	if s.Newest {
		fields[fieldNewest] = yes
	}
	return fields
}

// sets reads which sets are in the index.
func (s *shard) sets() ([]set, error) {
	var all []set
	err := guard(func() error {
		n, err := s.DocCount()
		if err != nil {
			return err
		}
		req := bleve.NewSearchRequestOptions(term(fieldKind, isSet, 1), int(min(n, 1<<30)), 0, false) //nolint:gosec // G115: bounded
		req.Fields, req.Score = []string{fieldBody}, "none"
		res, err := s.SearchInContext(context.Background(), req)
		if err != nil {
			return err
		}
		for _, hit := range res.Hits {
			one, err := parseSet(hit.ID, hit.Fields[fieldBody])
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	return all, err
}

func parseSet(id string, body any) (s set, err error) {
	text, _ := body.(string)
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("%w: %s", errDamaged, id)
	}
	s.Ref, s.Version, err = parseKey(id)
	return s, err
}

// parseKey reads the key of a set, or the id of an item, which begins with that of its set.
func parseKey(id string) (ref catalog.Ref, v version.Version, err error) {
	parts := strings.Split(id, "/")
	if len(parts) < 3 {
		return ref, v, fmt.Errorf("%w: %s", errDamaged, id)
	}
	if err := errors.Join(ref.Repository.UnmarshalText([]byte(parts[0])), ref.Name.UnmarshalText([]byte(parts[1])), v.UnmarshalText([]byte(parts[2]))); err != nil {
		return ref, v, fmt.Errorf("%w: %s", errDamaged, id)
	}
	return ref, v, nil
}

func term(field, value string, boost float64) query.Query {
	t := query.NewTermQuery(value)
	t.SetField(field)
	t.SetBoost(boost)
	return t
}
