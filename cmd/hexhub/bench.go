package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/config"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/node"
	"hexhub/internal/term"
)

type benchCmd struct {
	World   benchWorldCmd   `cmd:"" help:"Write a made-up registry into an empty data folder."`
	Measure benchMeasureCmd `cmd:"" help:"Measure start, memory and registry files of a data folder."`
}

type benchWorldCmd struct {
	Data     string `required:"" placeholder:"DIR" help:"Data folder to make; it must not exist."`
	Packages int    `default:"20000" placeholder:"N" help:"How many packages."`
	Releases int    `default:"250000" placeholder:"N" help:"How many releases in all; at least as many."`
	Seed     uint64 `default:"1" placeholder:"N" help:"The same seed makes the same world."`
}

// Run writes the world.
func (c benchWorldCmd) Run(s *session) (err error) {
	if c.Packages < 1 || c.Releases < c.Packages {
		return &failure{why: "a world has at least one package, and a release of each", fix: []string{"hexhub bench world --packages 100 --releases 1000 --data DIR"}, code: exitUsage}
	}
	if _, err := os.Stat(c.Data); err == nil {
		return &failure{what: "make a world in " + c.Data, why: "it exists already", note: "A made-up world is never mixed with a real one.", code: exitConflict}
	}
	n, err := openBench(s.ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	start := time.Now()
	w := &worldMaker{
		node: n, rand: rand.New(rand.NewPCG(c.Seed, c.Seed)), now: time.Now().UTC().Truncate(time.Microsecond),
		packages: c.Packages, releases: c.Releases,
	}
	if err := w.make(s.ctx, s.progress("releases", c.Releases)); err != nil {
		return err
	}
	size, err := folderSize(c.Data)
	if err != nil {
		return err
	}
	took := time.Since(start).Round(time.Millisecond)
	if s.JSON {
		return s.json(map[string]any{"data": c.Data, "packages": c.Packages, "releases": c.Releases, "users": len(w.owners), "bytes": size, "seconds": took.Seconds()})
	}
	_, err = fmt.Fprintf(s.out, "%s: %d packages, %d releases, %d users; %s on disk, in %s\n", c.Data, c.Packages, c.Releases, len(w.owners), term.Bytes(size), took)
	return err
}

// progress returns what counts things that are done, and tells each tenth of them.
func (s *session) progress(noun string, total int) func(n int) {
	done := 0
	return func(n int) {
		before := done * 10 / total
		done += n
		if at := done * 10 / total; at > before && !s.Quiet {
			s.talk.Printf("%d of %d %s\n", done, total, noun)
		}
	}
}

func openBench(ctx context.Context, data string) (*node.Node, error) {
	c := config.Default()
	c.Data, c.Listen = data, "127.0.0.1:0"
	n, err := node.Open(ctx, c, node.Options{Version: version, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, &failure{what: "open " + data, why: err.Error()}
	}
	return n, nil
}

type benchMeasureCmd struct {
	Data    string `required:"" placeholder:"DIR" help:"Data folder of a made-up world. Some of its releases are retired and unretired."`
	Profile string `placeholder:"DIR" help:"Write CPU and heap profiles into this folder."`
}

// A measurement is a number with its name and, where decisions set one, its budget.
type measurement struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"` // ms or MB
	Budget float64 `json:"budget,omitempty"`
}

// Run measures what a node costs.
func (c benchMeasureCmd) Run(s *session) (err error) {
	if _, err := os.Stat(filepath.Join(c.Data, "etcd")); err != nil {
		return &failure{what: "measure " + c.Data, why: "it is no data folder", fix: []string{"hexhub bench world --data " + c.Data}, code: exitNotFound}
	}
	stop, err := c.profile("start")
	if err != nil {
		return err
	}
	start := time.Now()
	n, err := openBench(s.ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	b := &bench{node: n, ctx: s.ctx, repository: name.MustRepository(n.Config.RepositoryName)}
	b.note("start", time.Since(start), 15000)
	if err := stop(); err != nil {
		return err
	}
	b.memory("after the start")
	if stop, err = c.profile("serve"); err != nil {
		return err
	}
	if err := b.files(); err != nil {
		return err
	}
	if err := stop(); err != nil {
		return err
	}
	b.memory("at the end")
	return b.tell(s)
}

// profile starts a CPU profile; what it returns ends it and writes one of the heap, too.
func (c benchMeasureCmd) profile(phase string) (func() error, error) {
	if c.Profile == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(c.Profile, 0o755); err != nil {
		return nil, err
	}
	cpu, err := os.Create(filepath.Join(c.Profile, phase+"-cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(c.Profile, phase+"-heap.pprof"))
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		runtime.GC()
		return errors.Join(pprof.WriteHeapProfile(heap), heap.Close(), cpu.Close())
	}, nil
}

// A bench measures one node.
type bench struct {
	node       *node.Node
	ctx        context.Context // of the one command
	repository name.Repository
	found      []measurement
}

func (b *bench) note(name string, took time.Duration, budget float64) {
	b.found = append(b.found, measurement{name, float64(took.Microseconds()) / 1000, "ms", budget})
}

const residentBudget = 2 << 30 / 1e6

// memory notes what the process takes now, as the system and as the runtime see it.
func (b *bench) memory(when string) {
	peak := resident("VmHWM")
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	mb := func(name string, bytes int64, budget float64) {
		if bytes > 0 {
			b.found = append(b.found, measurement{name + " " + when, float64(bytes) / 1e6, "MB", budget})
		}
	}
	mb("heap in use", int64(m.HeapInuse), 0)
	mb("resident memory", resident("VmRSS"), residentBudget)
	mb("peak resident memory", peak, residentBudget)
}

// resident reads a line of what Linux tells of this process, in bytes; elsewhere it is zero.
func resident(line string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

const (
	rounds       = 10   // changes after which the lists are made anew
	packageFiles = 1000 // that are made
)

// files measures how long signed files take to make: at first, and after a change.
func (b *bench) files() error {
	start := time.Now()
	file, err := b.node.Index.Versions(b.repository, 0)
	if err != nil {
		return err
	}
	b.note("/versions, the first time", time.Since(start), 0)
	b.found = append(b.found, measurement{"/versions, size", float64(len(file.Body)) / 1e6, "MB", 0})
	start = time.Now()
	if _, err := b.node.Index.Names(b.repository, 0); err != nil {
		return err
	}
	b.note("/names, the first time", time.Since(start), 0)
	if err := b.listsAfterChange(); err != nil {
		return err
	}
	return b.packages()
}

// listsAfterChange retires releases and measures the next /versions, as the one who did it is shown it.
func (b *bench) listsAfterChange() error {
	var versions, changes []time.Duration
	actor := access.SystemActor("hexhub bench")
	for _, ref := range b.some(rounds) {
		all := catalog.Releases(b.node.DB.View(), ref)
		v := all[len(all)-1].Version
		start := time.Now()
		if err := b.node.Catalog.Retire(b.ctx, actor, ref, v, catalog.Retirement{Reason: catalog.Other, Message: "measured"}); err != nil {
			return err
		}
		changes = append(changes, time.Since(start))
		start = time.Now()
		if _, err := b.node.Index.Versions(b.repository, b.node.DB.Revision()); err != nil {
			return err
		}
		versions = append(versions, time.Since(start))
		if err := b.node.Catalog.Unretire(b.ctx, actor, ref, v); err != nil {
			return err
		}
	}
	b.note("retire one release, p50", percentile(changes, 50), 0)
	b.note("/versions after a change, p50", percentile(versions, 50), 300)
	b.note("/versions after a change, p99", percentile(versions, 99), 300)
	return nil
}

// packages measures the files of packages: made, and found again.
func (b *bench) packages() error {
	var made, warm []time.Duration
	refs := b.some(packageFiles)
	for _, times := range []*[]time.Duration{&made, &warm} {
		for _, ref := range refs {
			start := time.Now()
			if _, _, err := b.node.Index.Package(ref); err != nil {
				return err
			}
			*times = append(*times, time.Since(start))
		}
	}
	b.note("package file made, p50", percentile(made, 50), 0)
	b.note("package file made, p99", percentile(made, 99), 20)
	b.note("package file found again, p99", percentile(warm, 99), 0)
	return nil
}

// some returns n packages, far apart.
func (b *bench) some(n int) []catalog.Ref {
	var all []catalog.Ref
	for p := range catalog.In(b.node.DB.View(), b.repository) {
		all = append(all, p.Ref())
	}
	rand.New(rand.NewPCG(7, 7)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

// percentile returns the value that p percent do not exceed.
func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)*p/100, len(all)-1)]
}

func (b *bench) tell(s *session) error {
	if s.JSON {
		return s.json(map[string]any{"measurements": b.found, "rows": b.node.DB.Stats().Rows})
	}
	rows := [][]string{{"MEASURED", "VALUE", "BUDGET", ""}}
	for _, m := range b.found {
		budget, verdict := "", ""
		if m.Budget > 0 {
			budget, verdict = fmt.Sprintf("%.0f %s", m.Budget, m.Unit), "kept"
			if m.Value > m.Budget {
				verdict = "EXCEEDED"
			}
		}
		rows = append(rows, []string{m.Name, fmt.Sprintf("%.2f %s", m.Value, m.Unit), budget, verdict})
	}
	s.paint.Table(rows)
	return nil
}
