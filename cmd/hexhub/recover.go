package main

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/node"
	"hexhub/internal/term"
)

type clusterRecoverCmd struct {
	Data   string `key:"data" default:"./data" placeholder:"DIR" help:"Data folder of the node that is left, which must be stopped."`
	DryRun bool   `help:"Only say what it would mean."`
}

// Run makes a cluster of one of a node whose others are lost for ever, after saying what that means.
func (c clusterRecoverCmd) Run(s *session) (err error) {
	settings, _ := config.Load(s.file) // what is wrong with it is not about this
	if settings.Data, err = filepath.Abs(c.Data); err != nil {
		return err
	}
	r, err := node.PlanRecovery(s.ctx, settings)
	if err != nil {
		return &failure{what: "recover the node", why: words(err), code: codeOf(err)}
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if !s.Quiet && !s.JSON {
		c.preview(s, r)
	}
	if c.DryRun {
		return s.planned(r.Node, "recovery", r)
	}
	if err := s.agree("cluster recover --data "+c.Data, r.Node, "nothing was changed"); err != nil {
		return err
	}
	if err := r.Apply(); err != nil {
		return &failure{what: "recover the node", why: words(err), note: "Nothing is lost. Run the same command again, which finishes it."}
	}
	kept := ""
	if r.Kept != "" {
		kept = "\nThe store as it was is kept in " + r.Kept + "; delete it when all is well."
	}
	return s.done(r.Node, "recovery", r, "%s is a cluster of one. Start it:\n\n    hexhub serve --data %s\n%s", r.Node, c.Data, kept)
}

// preview says what would be, and of what somebody must be sure.
func (c clusterRecoverCmd) preview(s *session, r *node.Recovery) {
	if r.Resumed {
		s.talk.Printf("The recovering of %s was begun and not finished. This finishes it.\n", r.Node)
		return
	}
	names := []string{}
	for _, o := range r.Dropped {
		names = append(names, o.Name+" ("+o.Address+")")
	}
	at := "none"
	if !r.At.IsZero() {
		at = r.At.UTC().Format(time.DateTime) + " UTC"
	}
	s.talk.Printf("This makes %s a cluster of one with what it has: revision %s; the last deed on record: %s.\n", r.Node, thousands(int64(r.Revision)), at)
	s.talk.Printf("  Forgotten: %s. Should they come back, they are refused.\n", strings.Join(names, ", "))
	s.talk.Printf("  Writes that only they acknowledged are lost.")
	if r.Missing >= 0 {
		s.talk.Printf(" Tarballs and the like that are not on this disk: %s of %s.", thousands(int64(r.Missing)), thousands(int64(r.Blobs)))
	}
	s.talk.Printf("\n  Do this only if they are lost for ever. Started again together, they would be a second registry.\n")
	if alive := r.Suspects(); len(alive) > 0 {
		s.talk.Printf("  %s something listens at the address of %s: look there first.\n", s.talk.In(term.Yellow, "Warning:"), strings.Join(alive, ", "))
	}
}
