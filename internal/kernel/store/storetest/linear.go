package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"hexhub/internal/kernel/store"
)

// An access is one operation on a register: a read, a write, or a compare-and-set.
type access struct {
	kind     string
	key      int
	from, to int
}

// An answer is what an access told: the value read, and whether a compare-and-set held.
type answer struct {
	value int
	done  bool
}

// register is porcupine's model of one of several registers, zero at first.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := make([][]porcupine.Operation, registers)
		for _, op := range history {
			k := op.Input.(access).key
			by[k] = append(by[k], op)
		}
		return by
	},
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		value, in, out := state.(int), input.(access), output.(answer)
		switch in.kind {
		case "put":
			return true, in.to
		case "cas":
			if out.done != (value == in.from) {
				return false, state
			}
			if out.done {
				return true, in.to
			}
			return true, state
		default:
			return out.value == value, state
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

const registers = 3

var errDiffers = errors.New("the register holds another value")

// linearizable records what clients of both nodes do to a few registers. A View, and so an Update that
// gives up because of what it saw, may lag behind the other node by design; so these first wait for
// what the log knows, as a request that carries a revision does.
func linearizable(t *testing.T, p pair) {
	const clients, each = 8, 40
	var mu sync.Mutex // guards history
	var history []porcupine.Operation
	start := time.Now()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(c), 1))
			for range each {
				in := access{kind: []string{"get", "put", "cas"}[rng.IntN(3)], key: rng.IntN(registers), from: rng.IntN(4), to: rng.IntN(4)}
				op := porcupine.Operation{ClientId: c, Input: in, Call: int64(time.Since(start))}
				op.Output = perform(t, p, p.either(c), in)
				op.Return = int64(time.Since(start))
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	switch porcupine.CheckOperationsTimeout(register, history, 5*time.Second) {
	case porcupine.Illegal:
		t.Errorf("a history of %d operations has no order that explains it", len(history))
	case porcupine.Unknown:
		t.Errorf("a history of %d operations took too long to check", len(history))
	}
}

func perform(t *testing.T, p pair, db *store.DB, in access) answer {
	key := fmt.Sprint("register", in.key)
	if in.kind != "put" {
		page, err := p.log.Range(t.Context(), "none", "none\x00", 0, 1)
		if err := errors.Join(err, db.WaitFor(t.Context(), page.At)); err != nil {
			t.Error(err)
		}
	}
	if in.kind == "get" {
		r, _ := rows.Get(db.View(), key)
		return answer{value: r.N}
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if r, _ := rows.Get(tx, key); in.kind == "cas" && r.N != in.from {
			return errDiffers
		}
		rows.Put(tx, row{Name: key, N: in.to})
		return nil
	})
	if err != nil && !errors.Is(err, errDiffers) {
		t.Error(err)
	}
	return answer{done: err == nil}
}
