package doctor

import (
	"context"
	"fmt"
	"time"

	"hexhub/internal/kernel/scrub"
)

func checkScrub(_ context.Context, x *examination) Finding {
	if x.Server == nil {
		return skip(unknown)
	}
	all := x.Server.Scrubs
	lost := map[string]bool{} // a blob that is nowhere is missed by every node
	for _, s := range all {
		for _, l := range s.Lost {
			lost[l.What] = true
		}
	}
	for _, s := range all {
		if len(s.Lost) > 0 {
			l := s.Lost[0]
			return fail(fmt.Sprintf("no good copy is left of %s: %s is %s on %s", plural(len(lost), "tarball"), l.What, l.Why, place(s)),
				"hexhub admin scrub names them; put each back from a backup, then hexhub admin scrub --now")
		}
	}
	for _, s := range all {
		if evidence := x.unscrubbed(s); evidence != "" {
			return warn(evidence, "hexhub admin scrub; if none is under way, hexhub admin scrub --now")
		}
	}
	switch {
	case x.Server.ScrubEvery == 0:
		return skip("switched off: scrub.every is 0, so tarballs are read only when asked")
	case len(all) == 0:
		return skip("nothing is known of it yet")
	}
	return ok(told(all))
}

// unscrubbed says why a store cannot be said to have been read lately.
func (x *examination) unscrubbed(s scrub.State) string {
	last, told := s.Since, "never"
	if s.Last != nil {
		last, told = s.Last.Ended, "last on "+s.Last.Ended.Format(time.DateOnly)
	}
	every := x.Server.ScrubEvery
	switch {
	case s.Problem != "":
		return fmt.Sprintf("the tarballs on %s are not read on: %s", place(s), s.Problem)
	case every > 0 && time.Since(last) > 2*every:
		return fmt.Sprintf("the tarballs on %s were all read %s, and are to be read every %s", place(s), told, every)
	case s.Last != nil && s.Last.Unread > 0:
		return fmt.Sprintf("%s on %s could not be read", plural(s.Last.Unread, "tarball"), place(s))
	}
	return ""
}

// told says since when all stores have been found whole.
func told(all []scrub.State) string {
	oldest := time.Now()
	for _, s := range all {
		if s.Last == nil {
			return "the first reading of all tarballs is yet to end"
		}
		if s.Last.Ended.Before(oldest) {
			oldest = s.Last.Ended
		}
	}
	return "every tarball has been read since " + oldest.Format(time.DateTime)
}

// place names a store.
func place(s scrub.State) string {
	if s.Store == scrub.Bucket {
		return "the bucket"
	}
	return s.Node
}
