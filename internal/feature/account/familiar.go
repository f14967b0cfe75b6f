package account

import (
	"slices"
	"time"

	"hexhub/internal/kernel/store"
)

// Familiar addresses are those from which a user has logged in. Strangers who guess at his password do
// not hold him up there.
type familiar struct {
	UserID string `json:"user_id"`
	Seen   []seen `json:"seen"` // the latest first
}

type seen struct {
	Key string    `json:"key"` // limit.IPKey of the address
	At  time.Time `json:"at"`  // give or take a day
}

var familiars = store.NewTable("familiar", func(f familiar) string { return f.UserID })

const (
	familiarMost  = 20
	familiarLife  = 90 * 24 * time.Hour
	familiarGrain = 24 * time.Hour
)

func isFamiliar(r store.Reader, userID, key string, at time.Time) bool {
	return !seenAt(r, userID, key).Before(at.Add(-familiarLife))
}

func seenAt(r store.Reader, userID, key string) time.Time {
	f, _ := familiars.Get(r, userID)
	i := slices.IndexFunc(f.Seen, func(s seen) bool { return s.Key == key })
	if i < 0 {
		return time.Time{}
	}
	return f.Seen[i].At
}

// isNews reports whether it is worth writing down that the user logged in from the address.
func isNews(r store.Reader, userID, key string, at time.Time) bool {
	return at.Sub(seenAt(r, userID, key)) >= familiarGrain
}

func rememberTx(tx *store.Tx, userID, key string, at time.Time) {
	if !isNews(tx, userID, key, at) {
		return
	}
	f, _ := familiars.Get(tx, userID)
	others := slices.DeleteFunc(slices.Clone(f.Seen), func(s seen) bool { return s.Key == key || s.At.Before(at.Add(-familiarLife)) })
	all := append([]seen{{Key: key, At: at}}, others...)
	familiars.Put(tx, familiar{UserID: userID, Seen: all[:min(len(all), familiarMost)]})
}
