package ui

import (
	"cmp"
	"strings"
	"time"

	"hexhub/internal/feature/audit"
)

// An Entry is a deed of the audit log as pages tell it. Much of it is a stranger's text.
type Entry struct {
	Words, Action, By, IP, UserAgent string
	At                               time.Time
}

// Entries are the deeds as somebody may be told of them: whence others acted is not his business.
func Entries(all []audit.Entry, userID string) []Entry {
	var out []Entry
	for _, e := range all {
		line := Entry{Words: DeedInWords(e), Action: e.Action, At: e.At}
		switch {
		case e.By.UserID != userID:
			line.By = cmp.Or(e.By.Username, e.By.Org, "somebody unknown")
		case e.By.KeyName != "":
			line.By = "the key " + e.By.KeyName
			fallthrough
		default:
			line.IP, line.UserAgent = e.By.IP, Agent(e.By.UserAgent)
		}
		out = append(out, line)
	}
	return out
}

func (e Entry) details() string {
	var text strings.Builder
	if e.By != "" {
		text.WriteString(" · by " + e.By)
	}
	for _, part := range []string{e.IP, e.UserAgent} {
		if part != "" {
			text.WriteString(" · " + part)
		}
	}
	return text.String()
}
