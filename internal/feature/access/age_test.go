package access_test

import (
	"testing"
	"time"

	"hexhub/internal/feature/access"
)

func TestAgesAreDaysOrDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 30 * 24 * time.Hour, "12h": 12 * time.Hour, "90m": 90 * time.Minute,
		"": 0, "0": 0, "0d": 0, "-1d": 0, "-3h": 0, "d": 0, "70000d": 0, "1.5d": 0, "a week": 0,
	} {
		got, err := access.ParseAge(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("ParseAge(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}
