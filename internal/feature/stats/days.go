package stats

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// MarshalJSON implements json.Marshaler.
func (d Days) MarshalJSON() ([]byte, error) {
	counts := make(map[Date]int64, len(d))
	for _, day := range d {
		counts[day.Date] = day.Count
	}
	return json.Marshal(counts)
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Days) UnmarshalJSON(object []byte) error {
	var counts map[Date]int64
	if err := json.Unmarshal(object, &counts); err != nil {
		return fmt.Errorf("read days: %w", err)
	}
	days := make(Days, 0, len(counts))
	for date, n := range counts {
		days = append(days, Day{date, n})
	}
	slices.SortFunc(days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	*d = days
	return nil
}
