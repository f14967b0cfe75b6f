package call

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// What a client has seen of the store it says with its next request, so that it reads its own writes on
// whichever node it comes to: programs in the header, browsers in the cookie.
const (
	RevisionHeader = "X-Hexhub-Revision"
	RevisionCookie = "hexhub_revision"
)

// FlashCookie names the words that a page says once.
const FlashCookie = "hexhub-flash"

// catchUpTime is how long a request waits for what its client has seen elsewhere.
const catchUpTime = 2 * time.Second

// CatchUp returns the revision that the client has heard of, once the node shows it; zero if it has heard
// of none. It is Unavailable when that takes long. What the log does not hold is not waited for.
func CatchUp(r *http.Request, db *store.DB) (store.Revision, error) {
	since := heardOf(r)
	if since <= db.Revision() {
		return since, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), catchUpTime)
	defer cancel()
	if err := db.CatchUp(ctx, since); err != nil {
		late := fault.Wrap(fault.Unavailable, err, "This node has not caught up with the change yet. Try again in a moment.")
		late.RetryAfter = time.Second
		return 0, late
	}
	return min(since, db.Revision()), nil
}

func heardOf(r *http.Request) store.Revision {
	text := r.Header.Get(RevisionHeader)
	if text == "" && len(r.Header["Cookie"]) > 0 {
		if c, err := r.Cookie(RevisionCookie); err == nil {
			text = c.Value
		}
	}
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return store.Revision(max(n, 0))
}
