package ui

import (
	"strings"
	"testing"
)

// What is drawn of a majority and what is said of it agree, whoever is missing.
func TestQuorumSaysHowManyCanBeLost(t *testing.T) {
	up, down, learner := Seat{Name: "up", Up: true, Votes: true}, Seat{Name: "down", Votes: true}, Seat{Name: "new", Up: true}
	tests := map[string]struct {
		seats   []Seat
		needed  int
		words   string
		benches []string
	}{
		"alone":        {[]Seat{up}, 1, "decides alone", []string{"It takes 1: up"}},
		"all there":    {[]Seat{up, up, up}, 2, "so that 1 can be lost", []string{"It takes 2: up up", "1 to spare: up"}},
		"one missing":  {[]Seat{down, up, up}, 2, "so that none can be lost", []string{"It takes 2: up up", "0 to spare: down"}},
		"two missing":  {[]Seat{down, up, down}, 2, "until 1 more is back", []string{"It takes 2: up down", "0 to spare: down"}},
		"one too new":  {[]Seat{learner, up, up}, 2, "so that none can be lost", []string{"It takes 2: up up", "Not yet voting: new"}},
		"five and all": {[]Seat{up, up, up, up, up}, 3, "so that 2 can be lost", []string{"It takes 3: up up up", "2 to spare: up up"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := Quorum{Seats: tt.seats, Needed: tt.needed}
			if words := q.words(); !strings.Contains(words, tt.words) {
				t.Errorf("it says %q, not %q", words, tt.words)
			}
			var got []string
			for _, b := range q.benches() {
				line := b.words + ":"
				for _, s := range b.seats {
					line += " " + s.Name
				}
				got = append(got, line)
			}
			if strings.Join(got, "; ") != strings.Join(tt.benches, "; ") {
				t.Errorf("it draws %q, not %q", got, tt.benches)
			}
		})
	}
}
