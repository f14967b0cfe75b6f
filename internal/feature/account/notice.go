package account

import (
	"maps"
	"time"

	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/store"
)

// noticeTx tells the user what happens to his account: by the addresses given, else by his primary one,
// if it is truly his.
func (a *Accounts) noticeTx(tx *store.Tx, u User, kind mail.Kind, params map[string]string, at time.Time, to ...string) {
	if len(to) == 0 {
		to = u.Addresses()
	}
	all := map[string]string{"username": u.Username.String()}
	maps.Copy(all, params)
	a.o.Mail.SendTx(tx, mail.Letter{Kind: kind, To: to, Params: all}, at)
}
