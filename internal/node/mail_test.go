package node_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/kernel/store"
)

// A letter written in a transaction of any room leaves through the configured server, with links to the
// configured address.
func TestLettersLeaveThroughTheConfiguredServer(t *testing.T) {
	t.Parallel()
	var server mailtest.Server
	came := make(chan struct{}, 1)
	server.Answer = func(verb, _ string) string {
		if verb == "QUIT" {
			came <- struct{}{}
		}
		return ""
	}
	c := settings(t)
	c.URL = "https://hub.example.com/"
	c.MailSMTP, c.MailFrom, c.MailTLS = server.Start(t), "hub@example.com", "none"
	n, _ := start(t, c)
	err := n.DB.Update(t.Context(), func(tx *store.Tx) error {
		params := map[string]string{"username": "ann", "token": "canary"}
		n.Mail.SendTx(tx, mail.Letter{Kind: mail.ResetPassword, To: []string{"ann@example.com"}, Params: params}, time.Now())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-came
	got := server.Got()
	if len(got) != 1 || got[0].From != "hub@example.com" || !strings.Contains(got[0].Text, "    https://hub.example.com/password/new?username=ann&key=canary\n") {
		t.Errorf("the server got %+v", got)
	}
}

// Whoever registers is asked to confirm his address exactly when he can be written to, unless the
// setting says otherwise.
func TestConfirmationIsAskedForWhenMailIsSent(t *testing.T) {
	t.Parallel()
	var server mailtest.Server
	addr := server.Start(t)
	for _, c := range []struct {
		name, confirm, smtp string
		verified            bool
	}{
		{"no mail", "auto", "", true},
		{"mail", "auto", addr, false},
		{"always", "always", "", false},
		{"never", "never", addr, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings(t)
			s.Registration, s.MailConfirm, s.MailSMTP, s.MailFrom, s.MailTLS = "open", c.confirm, c.smtp, "hub@example.com", "none"
			n, _ := start(t, s)
			body := `{"username":"ann","email":"ann@example.com","password":"a long sentence is best"}`
			res, err := http.Post(n.URL+"/api/users", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if u, ok := account.ByName(n.DB.View(), "ann"); !ok || u.Emails[0].Verified != c.verified {
				t.Errorf("%d; the user is %+v, %t", res.StatusCode, u, ok)
			}
		})
	}
}
