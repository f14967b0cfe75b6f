package account

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// An ask is what somebody typed who wants mail about an account: perhaps his, perhaps nobody's. It is only
// counted and put down; a job looks afterwards whom it is about, so that whoever asks cannot tell from
// the time it takes. What he typed may be a secret in the wrong field, and is sealed.
type ask struct {
	Use       string     `json:"use"`
	Login     string     `json:"login"`
	IP        netip.Addr `json:"ip"`
	UserAgent string     `json:"user_agent"`
}

// The uses.
const (
	askReset   = "reset"
	askConfirm = "confirm"
)

func (k ask) from() Origin { return Origin{IP: k.IP, UserAgent: k.UserAgent} }

// The throttles of what makes us write to addresses that anybody can type. An address that used up its
// share gets no more, and nobody is told: that would say what is known of it.
var (
	asksOfIP      = limit.Rule{Limit: 10, Window: time.Hour}
	asksOfAddress = limit.Rule{Limit: 5, Window: time.Hour}
)

const (
	askJob   = "account"
	askLabel = "account/ask"
	maxLogin = maxEmail // bytes of what is looked for
)

func (a *Accounts) ask(ctx context.Context, use, login string, from Origin) error {
	if len(login) > maxLogin {
		login = ""
	}
	k := ask{Use: use, Login: login, IP: from.IP, UserAgent: audit.CutAgent(from.UserAgent)}
	at, ip, text, key, passed := now(), a.ipKey(use, from), a.textKey(use, login), id.New(), false
	sealed, err := a.sealAsk(k)
	if err != nil {
		return err
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if !countTx(tx, map[string]limit.Rule{ip: asksOfIP}, at) {
			return limited(asksOfIP, at, "Too many requests from IP %s. Please try again later.", from.IP)
		}
		passed = countTx(tx, map[string]limit.Rule{text: asksOfAddress}, at)
		if passed && a.o.Jobs != nil {
			job.EnqueueTx(tx, askJob, key, sealed, at)
		}
		return nil
	})
	if err != nil || !passed || a.o.Jobs != nil {
		return err
	}
	return a.answer(ctx, k)
}

func (a *Accounts) sealAsk(k ask) ([]byte, error) {
	if a.o.Jobs == nil {
		return nil, nil
	}
	if a.o.Sealer == nil {
		return nil, errNoSealer
	}
	text, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("write down what was asked: %w", err)
	}
	return a.o.Sealer.Seal(askLabel, text), nil
}

// perform does the job of an ask.
func (a *Accounts) perform(ctx context.Context, j job.Job) error {
	var sealed []byte
	if err := j.Decode(&sealed); err != nil {
		return err
	}
	text, err := a.o.Sealer.Unseal(askLabel, sealed)
	if err != nil {
		return job.Permanent(err)
	}
	var k ask
	if err := json.Unmarshal(text, &k); err != nil {
		return job.Permanent(fmt.Errorf("read what was asked: %w", err))
	}
	return a.answer(ctx, k)
}

func (a *Accounts) answer(ctx context.Context, k ask) error {
	switch k.Use {
	case askReset:
		return a.mailReset(ctx, k.Login, k.from())
	case askConfirm:
		return a.mailConfirmation(ctx, k.Login)
	}
	return job.Permanent(fmt.Errorf("nobody knows how to answer %q", k.Use))
}
