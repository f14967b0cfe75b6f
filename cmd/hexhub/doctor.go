package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"hexhub/internal/config"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/node"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type doctorCmd struct {
	target `embed:""`
	Checks []string `arg:"" optional:"" name:"check" help:"Ids of the checks to make. Default: all; --list shows them."`
	Fix    []string `placeholder:"CHECK" help:"Mend what these checks find, where that needs no judgement: files open to others, leftover files."`
	List   bool     `help:"List the checks, and make none."`
	Deep   bool     `help:"Read every file whole, however long it takes."`
}

// Run examines the node that runs on the data folder or, if none does, the folder itself.
func (c doctorCmd) Run(s *session) error {
	if c.List {
		return c.list(s)
	}
	if err := doctor.Known(c.Checks); err != nil {
		return &failure{why: words(err), fix: []string{"hexhub doctor --list"}, code: exitUsage}
	}
	if len(c.Fix) > 0 {
		return c.mend(s)
	}
	var findings []doctor.Finding
	query := url.Values{"only": c.Checks, "deep": {strconv.FormatBool(c.Deep)}}
	err := c.ask(s, "GET", "doctor", query, nil, &findings)
	if f, ok := errors.AsType[*failure](err); ok && f.code == exitUnavailable && !c.elsewhere(s) {
		findings, err = c.offline(s)
	}
	if err != nil {
		return err
	}
	return c.tell(s, findings)
}

// mend has the checks' faults mended, and looks again.
func (c doctorCmd) mend(s *session) error {
	if err := doctor.Known(c.Fix); err != nil {
		return &failure{why: words(err), fix: []string{"hexhub doctor --list"}, code: exitUsage}
	}
	var done ops.Mended
	err := c.ask(s, "POST", "doctor", url.Values{"only": c.Fix}, nil, &done)
	if f, ok := errors.AsType[*failure](err); ok && f.code == exitUnavailable && !c.elsewhere(s) {
		done.Did, err = doctor.Fix(doctor.Deps{Dir: c.folder()}, c.Fix)
		if err != nil {
			err = &failure{what: "mend", why: words(err), code: exitConflict}
		}
	}
	if err != nil {
		return err
	}
	if !s.Quiet {
		for _, what := range done.Did {
			s.talk.Println("Mended: " + term.Clean(what) + ".")
		}
		if len(done.Did) == 0 {
			s.talk.Println("There was nothing to mend.")
		}
	}
	c.Checks, c.Fix = append(c.Checks, c.Fix...), nil
	return c.Run(s)
}

// offline examines the folder of a node that does not run.
func (c doctorCmd) offline(s *session) ([]doctor.Finding, error) {
	dir := c.folder()
	if _, err := os.Stat(dir); err != nil {
		return nil, &failure{
			what: "examine " + dir, why: "there is no such data folder", note: "Start a server on it, or name the folder of another with --data.",
			fix: []string{"hexhub serve --data " + dir}, code: exitNotFound,
		}
	}
	if !s.Quiet {
		s.talk.Println("No server runs on " + dir + "; examining its files.")
	}
	settings, _ := config.Load(s.file) // what is wrong with it is not about the data
	settings.Data = dir
	deps, closeAll := node.Examine(s.ctx, settings)
	deps.Deep = c.Deep
	findings := doctor.Run(s.ctx, deps, c.Checks)
	return findings, closeAll()
}

func (c doctorCmd) list(s *session) error {
	fields, rows := []map[string]any{}, [][]string{}
	for _, x := range doctor.Checks() {
		fields = append(fields, map[string]any{"id": x.ID, "title": x.Title, "sentence": x.Sentence, "fixable": slices.Contains(doctor.Fixable(), x.ID)})
		rows = append(rows, []string{x.ID, x.Sentence, mends(x.ID)})
	}
	return s.list("checks", fields, []string{"CHECK", "WHAT MUST BE SO", ""}, rows)
}

// mends says that --fix mends what the check finds.
func mends(id string) string {
	if slices.Contains(doctor.Fixable(), id) {
		return "--fix mends it"
	}
	return ""
}

// tell prints the findings and fails if one of them is a problem.
func (c doctorCmd) tell(s *session, findings []doctor.Finding) error {
	count := map[doctor.Level]int{}
	for _, f := range findings {
		count[f.Level]++
	}
	var err error
	switch {
	case s.JSON:
		err = s.json(map[string]any{"ok": count[doctor.OK], "warnings": count[doctor.Warn], "problems": count[doctor.Fail], "findings": findings})
	case s.Quiet:
		for _, f := range findings {
			if f.Level == doctor.Fail {
				fmt.Fprintln(s.out, f.ID)
			}
		}
	default:
		for _, f := range findings {
			printFinding(s.paint, f)
		}
		s.paint.Println(tally(count))
	}
	if err == nil && count[doctor.Fail] > 0 {
		err = &failure{code: exitProblems}
	}
	return err
}

func printFinding(p *term.Printer, f doctor.Finding) {
	word := map[doctor.Level]string{
		doctor.OK: p.In(term.Green, "ok  "), doctor.Warn: p.In(term.Yellow, "warn"), doctor.Fail: p.In(term.Red, "FAIL"), doctor.Skip: p.In(term.Dim, "skip"),
	}[f.Level]
	p.Printf("  %s  %-18s %s\n", word, title(f.ID), term.Clean(f.Evidence))
	if f.Fix == "" {
		return
	}
	line := "fix: " + term.Clean(f.Fix)
	if f.More != "" {
		line += "      more: " + f.More
	}
	p.Printf("          %s\n", line)
}

// title is how people call the check; one of a newer server goes by its id.
func title(id string) string {
	all := doctor.Checks()
	if i := slices.IndexFunc(all, func(c doctor.Check) bool { return c.ID == id }); i >= 0 {
		return all[i].Title
	}
	return id
}

func tally(count map[doctor.Level]int) string {
	parts := []string{fmt.Sprintf("%d ok", count[doctor.OK])}
	for _, x := range []struct {
		level doctor.Level
		noun  string
	}{{doctor.Warn, "warning"}, {doctor.Fail, "problem"}} {
		switch n := count[x.level]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+x.noun)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, x.noun))
		}
	}
	return strings.Join(parts, ", ")
}
