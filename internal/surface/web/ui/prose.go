package ui

import "hexhub/internal/kernel/markup"

// maxContents is how many headings a table of contents lists, beyond which nobody reads it.
const maxContents = 40

// upper are the headings of the two upper levels, or of the uppermost if those are too many.
func upper(headings []markup.Heading) []markup.Heading {
	top := 6
	for _, h := range headings {
		top = min(top, h.Level)
	}
	for depth := 1; depth >= 0; depth-- {
		var some []markup.Heading
		for _, h := range headings {
			if h.Level <= top+depth && h.ID != "" {
				some = append(some, h)
			}
		}
		if len(some) <= maxContents || depth == 0 {
			return some[:min(len(some), maxContents)]
		}
	}
	return nil
}
