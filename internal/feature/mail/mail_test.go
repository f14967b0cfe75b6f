package mail_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

var update = flag.Bool("update", false, "write the golden files")

const public = "https://hub.example.com"

// sample fills every text.
var sample = map[string]string{
	"username": "ann", "address": "ann+hex@example.com", "token": "canary-token", "package": "decimal", "version": "2.1.0",
	"owner": "bob", "by": "eva", "organization": "guild", "role": "write", "key": "ann's laptop", "from": "192.0.2.7",
}

// A world is a registry that writes letters.
type world struct {
	*testing.T
	log    store.Log
	db     *store.DB
	sealer *seal.Sealer
	queue  *job.Queue
	mail   *mail.Mail
	said   *lockedBuffer // what is logged
}

type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, log: store.NewMemory(), sealer: sealer, said: &lockedBuffer{}}
	w.restart(nil)
	return w
}

// restart starts the world again on the same log, with a transport or without.
func (w *world) restart(transport mail.Transport) {
	w.Helper()
	db, err := store.Open(w.Context(), w.log, store.Options{}, job.Tables, mail.Tables)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(db.Close)
	log := slog.New(slog.NewTextHandler(w.said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.db, w.queue = db, job.New(db, job.Options{Log: log})
	w.mail = mail.New(db, w.queue, w.sealer, mail.Options{
		URL: public, From: "HexHub <hub@example.com>", Registry: "acme", Transport: transport, Log: log,
	})
}

// run does jobs until the test ends.
func (w *world) run() {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.queue.Run(ctx); err != nil {
			w.Errorf("Run: %v", err)
		}
	}()
	w.Cleanup(func() {
		cancel()
		<-done
	})
}

func (w *world) send(kind mail.Kind, params map[string]string, to ...string) {
	w.Helper()
	err := w.db.Update(w.Context(), func(tx *store.Tx) error {
		w.mail.SendTx(tx, mail.Letter{Kind: kind, To: to, Params: params}, time.Now())
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) outbox() []mail.Entry {
	w.Helper()
	page, _, err := w.mail.Outbox(w.Context(), "", 1000)
	if err != nil {
		w.Fatal(err)
	}
	return page
}

// states tells for each letter to whom it is and how far it got, in order of the addresses.
func (w *world) states() []string {
	w.Helper()
	synctest.Wait()
	var out []string
	for _, e := range w.outbox() {
		out = append(out, fmt.Sprintf("%s %s", strings.Join(e.To, ","), e.State))
	}
	slices.Sort(out)
	return out
}

func (w *world) wantStates(want ...string) {
	w.Helper()
	if d := cmp.Diff(want, w.states()); d != "" {
		w.Fatal(d)
	}
}

// wantMails wants the server to have got exactly these, in order of the addresses.
func (w *world) wantMails(s *mailtest.Server, want ...string) {
	w.Helper()
	synctest.Wait()
	var got []string
	for _, m := range s.Got() {
		got = append(got, m.To)
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		w.Fatal(d)
	}
}

// through is a way to the server in memory.
func through(s *mailtest.Server) *mail.SMTP {
	return &mail.SMTP{Addr: "smtp.example.com:25", Security: mail.Plain, Dial: s.Dial}
}

// read returns what the only letter says.
func (w *world) read() mail.Message {
	w.Helper()
	all := w.outbox()
	if len(all) != 1 {
		w.Fatalf("%d letters are in the outbox, want one", len(all))
	}
	_, msg, err := w.mail.Read(w.Context(), all[0].ID)
	if err != nil {
		w.Fatal(err)
	}
	return msg
}

func TestEveryKindSaysWhatItShould(t *testing.T) {
	plain := map[string]string{}
	for k, v := range sample {
		if k != "organization" && k != "from" && k != "by" {
			plain[k] = v
		}
	}
	plain["role"], plain["package"] = "read", "guild/secret"
	cases := map[string]map[string]string{}
	for _, k := range mail.Kinds() {
		cases[string(k)] = sample
	}
	for _, k := range []mail.Kind{mail.KeyCreated, mail.KeyRevoked, mail.KeyRestored, mail.KeysRevoked, mail.Published, mail.OwnerAdded, mail.OwnerRemoved, mail.PackageRemoved} {
		cases[string(k)+".plain"] = plain
	}
	for name, params := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				kind, _, _ := strings.Cut(name, ".")
				w.send(mail.Kind(kind), params, "ann@example.com")
				msg := w.read()
				got := "Subject: " + msg.Subject + "\n\n" + msg.Text
				file := filepath.Join("testdata", name+".golden")
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(string(want), got); d != "" {
					t.Error(d)
				}
				if strings.Contains(got, "<no value>") || strings.Contains(msg.Subject, "\n") {
					t.Errorf("it is not filled well:\n%s", got)
				}
				for line := range strings.Lines(msg.Text) {
					if n := len([]rune(line)); n > 73 && !strings.HasPrefix(line, "    ") {
						t.Errorf("a line has %d characters: %s", n, line)
					}
				}
			})
		})
	}
}

var address = regexp.MustCompile(`(?i)(https?:|www\.)\S*`)

// A16 Whatever a request or a stranger said, links lead to the configured address.
func TestA16LinksBeginWithTheConfiguredAddress(t *testing.T) {
	evil := map[string]string{}
	for k := range sample {
		evil[k] = "https://evil.example/" + k
	}
	for _, params := range []map[string]string{sample, evil} {
		for _, kind := range mail.Kinds() {
			w := newWorld(t)
			w.send(kind, params, "ann@example.com")
			msg := w.read()
			for _, link := range address.FindAllString(msg.Subject+"\n"+msg.Text, -1) {
				if link != public && !strings.HasPrefix(link, public+"/") && link != "https:" {
					t.Errorf("%s links to %s", kind, link)
				}
			}
		}
	}
}

// D12 What a stranger wrote is a part of a line, and nothing else: no header, no line, no trick of the terminal.
func TestD12StrangersTextStaysInItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var s mailtest.Server
		w.restart(through(&s))
		w.run()
		evil := "x\r\nBcc: eve@evil.example\r\n\r\nForged\x1b[2J\u202egnp.exe\u2028\u0085\x00" + strings.Repeat("y", 1000)
		params := map[string]string{}
		for k := range sample {
			params[k] = evil
		}
		for _, kind := range mail.Kinds() {
			w.send(kind, params, "ann@example.com")
		}
		synctest.Wait()
		got := s.Got()
		if len(got) != len(mail.Kinds()) {
			t.Fatalf("%d mails came, want %d", len(got), len(mail.Kinds()))
		}
		for _, m := range got {
			for _, h := range []string{"Bcc", "Cc", "Reply-To"} {
				if v := m.Header.Get(h); v != "" {
					t.Errorf("%s: a header %s: %s was made", m.Subject, h, v)
				}
			}
			if m.To != "ann@example.com" || strings.ContainsAny(m.Subject, "\r\n") {
				t.Errorf("the mail is %q to %s", m.Subject, m.To)
			}
			if i := strings.IndexFunc(m.Text, func(r rune) bool { return r != '\n' && mail.Clean("a"+string(r)+"b") != "a"+string(r)+"b" }); i >= 0 {
				t.Errorf("%s: the text holds %q", m.Subject, m.Text[i:i+3])
			}
			if strings.Contains(m.Text, "\n\nForged") {
				t.Errorf("%s: a stranger began a paragraph:\n%s", m.Subject, m.Text)
			}
		}
	})
}

func TestEachAddresseeGetsAMailOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var s mailtest.Server
		w.restart(through(&s))
		w.run()
		w.send(mail.Published, sample, "eva@example.com", "ann@example.com", "eva@example.com", "bob@example.com")
		w.wantMails(&s, "ann@example.com", "bob@example.com", "eva@example.com")
		for _, m := range s.Got() {
			if to := m.Header.Get("To"); to != "<"+m.To+">" {
				t.Errorf("the mail to %s shows the addressees %s", m.To, to)
			}
		}
		w.wantStates("ann@example.com sent", "bob@example.com sent", "eva@example.com sent")
		w.send(mail.Published, sample)
		w.wantMails(&s, "ann@example.com", "bob@example.com", "eva@example.com")
	})
}

// However many a letter is to, the Tx that causes it stays small.
func TestLetterToThousandsIsOneLetterEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var s mailtest.Server
		w.restart(through(&s))
		w.run()
		var to []string
		for i := range 1234 {
			to = append(to, fmt.Sprintf("u%04d@example.com", i))
		}
		w.send(mail.Published, sample, to...)
		w.wantMails(&s, to...)
	})
}

// Letters say what the operator calls the registry when they leave.
func TestLettersSayTheOperatorsName(t *testing.T) {
	w := newWorld(t)
	var s mailtest.Server
	w.restart(&mail.SMTP{Addr: s.Start(t), Security: mail.Plain})
	w.mail.Named = func(store.Reader) string { return "Acme & Sons" }
	if err := w.mail.SendTest(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	if m := s.Got()[0]; m.Subject != "[Acme & Sons] A test letter" || !strings.Contains(m.Text, "Acme & Sons, a package registry: ") {
		t.Errorf("the mail is %+v", m)
	}
}

func TestMailIsWellFormed(t *testing.T) {
	w := newWorld(t)
	var s mailtest.Server
	transport := &mail.SMTP{Addr: s.Start(t), Security: mail.Plain}
	w.restart(transport)
	if err := w.mail.SendTest(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	m := s.Got()[0]
	if m.From != "hub@example.com" || m.To != "ann@example.com" || m.Subject != "[acme] A test letter" || !strings.Contains(m.Text, public) {
		t.Errorf("the mail is %+v", m)
	}
	for h, want := range map[string]string{
		"From": `"HexHub" <hub@example.com>`, "Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": "",
		"Content-Type": "text/plain; charset=UTF-8",
	} {
		if got := m.Header.Get(h); got != want {
			t.Errorf("%s: %s, want %s", h, got, want)
		}
	}
	if id := m.Header.Get("Message-Id"); !strings.HasSuffix(id, "@example.com>") {
		t.Errorf("the id is %s", id)
	}
	if len(w.outbox()) != 0 {
		t.Error("a test leaves a letter behind")
	}
}

// once answers the first of a kind of command, and leaves the others to the server.
func once(want, answer string) func(verb, arg string) string {
	var mu sync.Mutex
	done := false
	return func(verb, _ string) string {
		mu.Lock()
		defer mu.Unlock()
		if done || verb != want {
			return ""
		}
		done = true
		return answer
	}
}

func TestServerThatFailsOnceGetsTheMailOnce(t *testing.T) {
	for _, c := range []struct{ verb, answer string }{
		{"EHLO", "421 closing"},
		{"MAIL", "451 later"},
		{"RCPT", "450 busy"},
		{"DATA", "451 later"},
		{".", "452 full"},
		{"MAIL", "550 not from you"}, // to be mended by the operator
	} {
		t.Run(c.verb+" "+c.answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				s := mailtest.Server{Answer: once(c.verb, c.answer)}
				w.restart(through(&s))
				w.run()
				w.send(mail.ResetPassword, sample, "ann@example.com")
				w.wantStates("ann@example.com retrying")
				if e := w.outbox()[0]; !strings.Contains(e.Error, c.answer[:3]) {
					t.Errorf("the error is %q, want it to tell of %s", e.Error, c.answer)
				}
				time.Sleep(time.Minute)
				w.wantMails(&s, "ann@example.com")
				w.wantStates("ann@example.com sent")
				time.Sleep(24 * time.Hour)
				w.wantMails(&s, "ann@example.com")
			})
		})
	}
}

func TestRefusedAddressKeepsNoOtherBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := mailtest.Server{Answer: func(verb, arg string) string {
			switch {
			case verb == "RCPT" && strings.Contains(arg, "gone@"):
				return "550 no such user"
			case verb == "RCPT" && strings.Contains(arg, "slow@"):
				return "450 try later"
			}
			return ""
		}}
		w.restart(through(&s))
		w.run()
		w.send(mail.Published, sample, "ann@example.com", "gone@example.com", "slow@example.com", "zoe@example.com")
		w.wantMails(&s, "ann@example.com", "zoe@example.com")
		w.wantStates("ann@example.com sent", "gone@example.com failed", "slow@example.com retrying", "zoe@example.com sent")
		time.Sleep(24 * time.Hour)
		w.wantMails(&s, "ann@example.com", "zoe@example.com") // and not twice
		w.wantStates("ann@example.com sent", "gone@example.com failed", "slow@example.com failed", "zoe@example.com sent")

		// The operator reads what failed, and has it sent after all.
		s.Answer = nil
		for _, e := range w.outbox() {
			if e.State != mail.Failed {
				continue
			}
			if _, msg, err := w.mail.Read(t.Context(), e.ID); err != nil || !strings.Contains(msg.Text, "decimal") {
				t.Errorf("a failed letter cannot be read: %q, %v", msg.Text, err)
			}
			if err := w.mail.Resend(t.Context(), e.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.wantMails(&s, "ann@example.com", "gone@example.com", "slow@example.com", "zoe@example.com")
	})
}

func TestWithoutTransportLettersRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run()
		w.send(mail.Published, sample, "bob@example.com", "ann@example.com")
		w.wantStates("ann@example.com,bob@example.com resting")
		if msg := w.read(); msg.To != "ann@example.com, bob@example.com" {
			t.Errorf("it is to %s", msg.To)
		}
		if err := w.mail.SendTest(t.Context(), "ann@example.com"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a test without transport: %v", err)
		}
		if err := w.mail.Resend(t.Context(), w.outbox()[0].ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("sending it without transport: %v", err)
		}
		if err := w.mail.Delete(t.Context(), w.outbox()[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := w.mail.Delete(t.Context(), "nothing"); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleting nothing: %v", err)
		}
		w.wantStates([]string(nil)...)
		for j := range job.Jobs.All(w.db.View()) {
			t.Errorf("a job is left: %+v", j)
		}
	})
}

// What rested is sent when mail is configured, while it is news.
func TestTransportThatComesLaterSendsWhatIsYoungerThanADay(t *testing.T) {
	for _, swept := range []bool{false, true} {
		t.Run(fmt.Sprintf("swept=%t", swept), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.send(mail.ResetPassword, sample, "old@example.com")
				time.Sleep(13 * time.Hour)
				w.send(mail.ResetPassword, sample, "new@example.com")
				time.Sleep(12 * time.Hour)
				if swept {
					if n, err := w.mail.Sweep(t.Context(), time.Now()); n != 0 || err != nil {
						t.Fatalf("swept %d, %v; want none", n, err)
					}
				}
				var s mailtest.Server
				w.restart(through(&s))
				w.run()
				w.wantMails(&s, "new@example.com")
				w.wantStates("new@example.com sent", "old@example.com resting")

				// Unless the administrator asks for it.
				for _, e := range w.outbox() {
					err := w.mail.Resend(t.Context(), e.ID)
					if sent := e.State == mail.Sent; sent != fault.Is(err, fault.Conflict) || !sent && err != nil {
						t.Errorf("sending the letter to %s again: %v", e.To, err)
					}
				}
				w.wantMails(&s, "new@example.com", "old@example.com")
			})
		})
	}
}

func TestLettersAreForgottenAfterThirtyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 250 {
			w.send(mail.PasswordReset, sample, fmt.Sprintf("u%d@example.com", i))
		}
		time.Sleep(29 * 24 * time.Hour)
		w.send(mail.PasswordReset, sample, "ann@example.com")
		if n, err := w.mail.Sweep(t.Context(), time.Now()); n != 0 || err != nil {
			t.Fatalf("swept %d, %v; want none", n, err)
		}
		time.Sleep(25 * time.Hour)
		if n, err := w.mail.Sweep(t.Context(), time.Now()); n != 250 || err != nil {
			t.Fatalf("swept %d, %v; want 250", n, err)
		}
		w.wantStates("ann@example.com resting")
	})
}

// What fills a letter is sealed while it rests, gone when it is sent, and never in a log.
func TestSecretsOfLettersAreSealedAndThenForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := mailtest.Server{Answer: once("RCPT", "450 busy")}
		w.restart(through(&s))
		w.send(mail.ResetPassword, sample, "ann@example.com")
		all := func() string {
			t.Helper()
			page, err := w.log.Range(t.Context(), "", "\xff", 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, r := range page.Records {
				fmt.Fprintf(&b, "%s %s\n", r.Key, r.Value)
			}
			return b.String()
		}
		before := all()
		if !strings.Contains(before, "sealed") || strings.Contains(before, "canary") {
			t.Errorf("rows at rest: %s", before)
		}
		w.run()
		time.Sleep(time.Hour)
		w.wantMails(&s, "ann@example.com")
		if after := all(); strings.Contains(after, "sealed") || strings.Contains(after, "canary") {
			t.Errorf("rows after sending: %s", after)
		}
		if e, msg, err := w.mail.Read(t.Context(), w.outbox()[0].ID); err != nil || msg.Text != "" || e.State != mail.Sent {
			t.Errorf("a sent letter says %q, %v", msg.Text, err)
		}
		if log := w.said.String(); strings.Contains(log, "canary") || !strings.Contains(log, "mail is sent") || !strings.Contains(log, "tried again") {
			t.Errorf("the log: %s", log)
		}
	})
}

// Once the server has taken a mail, nothing that happens after makes it leave again.
func TestMailThatWasTakenIsNotSentAgain(t *testing.T) {
	for name, answer := range map[string]func(verb, arg string) string{
		"QUIT fails": func(verb, _ string) string {
			if verb == "QUIT" {
				return "421 go away"
			}
			return ""
		},
		"the end is silence": func(verb, _ string) string {
			if verb == "QUIT" || verb == "RSET" {
				time.Sleep(time.Hour)
			}
			return ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				s := mailtest.Server{Answer: answer}
				w.restart(through(&s))
				w.run()
				w.send(mail.PasswordChanged, sample, "ann@example.com")
				time.Sleep(24 * time.Hour)
				w.wantMails(&s, "ann@example.com")
				w.wantStates("ann@example.com sent")
			})
		})
	}
}

// Sent, but not written down as sent: that is made up for before the letter could be sent again.
func TestSentLetterIsNotSentAgainWhenTheStoreIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := mailtest.Server{Answer: func(verb, _ string) string {
			if verb == "." {
				w.db.SetReadOnly(fault.New(fault.Unavailable, "full"))
			}
			return ""
		}}
		w.restart(through(&s))
		w.run()
		w.send(mail.PasswordChanged, sample, "ann@example.com")
		time.Sleep(20 * time.Second)
		w.db.SetReadOnly(nil)
		time.Sleep(time.Hour)
		w.wantMails(&s, "ann@example.com")
		w.wantStates("ann@example.com sent")
	})
}

func TestNobodyIsWrittenToWithoutMail(t *testing.T) {
	w := newWorld(t)
	var none *mail.Mail
	if err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		none.SendTx(tx, mail.Letter{Kind: mail.VerifyEmail, To: []string{"ann@example.com"}}, time.Now())
		return nil
	}); err != nil || none.Configured() {
		t.Fatal(err)
	}
}

func TestLetterThatCannotBeFilledIsAWrongProgram(t *testing.T) {
	w := newWorld(t)
	for _, l := range []mail.Letter{
		{Kind: "poem", To: []string{"ann@example.com"}},
		{Kind: mail.ResetPassword, To: []string{"ann@example.com"}, Params: map[string]string{"username": "ann"}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was written", l)
				}
			}()
			_ = w.db.Update(t.Context(), func(tx *store.Tx) error {
				w.mail.SendTx(tx, l, time.Now())
				return nil
			})
		}()
	}
}

// The password and the letter are said only to the server whose certificate is known, encrypted.
func TestNothingIsSaidBeforeEncryption(t *testing.T) {
	certificate, pool := mailtest.Certificate(t, "127.0.0.1")
	trusting := &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
	for _, c := range []struct {
		name   string
		server *mailtest.Server
		smtp   mail.SMTP
		fails  bool
	}{
		{"STARTTLS", &mailtest.Server{TLS: certificate, Username: "hub", Password: "canary"}, mail.SMTP{TLS: trusting}, false},
		{"wrong password", &mailtest.Server{TLS: certificate, Username: "hub", Password: "other"}, mail.SMTP{TLS: trusting}, true},
		{"implicit TLS", &mailtest.Server{TLS: certificate, Implicit: true, Username: "hub", Password: "canary"}, mail.SMTP{TLS: trusting, Security: mail.TLS}, false},
		{"implicit TLS of a stranger", &mailtest.Server{TLS: certificate, Implicit: true, Username: "hub", Password: "canary"}, mail.SMTP{Security: mail.TLS}, true},
		{"certificate of a stranger", &mailtest.Server{TLS: certificate, Username: "hub", Password: "canary"}, mail.SMTP{}, true},
		{"no STARTTLS", &mailtest.Server{Username: "hub", Password: "canary"}, mail.SMTP{TLS: trusting}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said []string
			var mu sync.Mutex
			c.server.Answer = func(verb, arg string) string {
				mu.Lock()
				defer mu.Unlock()
				said = append(said, verb)
				return ""
			}
			c.smtp.Addr, c.smtp.Username, c.smtp.Password = c.server.Start(t), "hub", seal.NewSecret("canary")
			w := newWorld(t)
			w.restart(&c.smtp)
			err := w.mail.SendTest(t.Context(), "ann@example.com")
			if (err != nil) != c.fails {
				t.Fatalf("err = %v, want a failure: %t", err, c.fails)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the password is in the error: %v", err)
			}
			got := c.server.Got()
			if !c.fails && (len(got) != 1 || !got[0].Encrypted || got[0].Username != "hub") {
				t.Errorf("got %+v", got)
			}
			if c.fails && len(got) > 0 {
				t.Errorf("a mail was sent all the same: %+v", got)
			}
			mu.Lock()
			defer mu.Unlock()
			if i := slices.Index(said, "AUTH"); i >= 0 && !c.server.Implicit && !slices.Contains(said[:i], "STARTTLS") {
				t.Errorf("the password was said in the clear: %v", said)
			}
		})
	}
}
