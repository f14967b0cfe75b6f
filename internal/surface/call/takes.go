package call

import (
	"net/http"
	"strconv"
	"strings"
)

// Takes reports whether the client names an encoding, such as gzip, among those that it takes. One that refuses it says so by
// a weight of nothing (RFC 9110, section 12.5.3). That it would take any is not enough: not all that say so mean it.
func Takes(r *http.Request, encoding string) bool {
	for _, line := range r.Header["Accept-Encoding"] {
		for one := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(strings.ReplaceAll(one, " ", ""), ";")
			if strings.EqualFold(name, encoding) {
				return !refused(weight)
			}
		}
	}
	return false
}

// refused reports whether a weight, such as q=0.0, is one of nothing. What is no number is no wish for something either.
func refused(weight string) bool {
	if weight == "" {
		return false
	}
	value, ok := strings.CutPrefix(strings.ToLower(weight), "q=")
	q, err := strconv.ParseFloat(value, 64)
	return !ok || err != nil || q <= 0
}
