package call

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Known reports whether the client says that it has what the entity tag names, which is quoted and has no comma. An empty
// header, which old rebar3 sends, says nothing.
func Known(r *http.Request, tag string) bool {
	for _, line := range r.Header["If-None-Match"] {
		if strings.TrimSpace(line) == "*" {
			return true
		}
		for one := range strings.SplitSeq(line, ",") {
			if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
				return true
			}
		}
	}
	return false
}

// RetryAfter tells for how long it is of no use to ask again, in whole seconds, if that is known.
func RetryAfter(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}
