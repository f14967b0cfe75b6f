package ui

import (
	"fmt"
	"strconv"
	"strings"
)

// Count writes a number with thin spaces between its thousands.
func Count(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, groups...), "\u2009")
}

// Short writes a number with two or three digits and what they count.
func Short(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1_000_000_000, "G"}, {1_000_000, "M"}, {1_000, "k"}} {
		switch tenths := n * 10 / unit.size; {
		case tenths >= 100:
			return strconv.FormatInt(tenths/10, 10) + unit.name
		case tenths >= 10:
			return fmt.Sprintf("%d.%d%s", tenths/10, tenths%10, unit.name)
		}
	}
	return strconv.FormatInt(n, 10)
}
