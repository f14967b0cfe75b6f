//go:build linux

package browser

import (
	"os"
	"path/filepath"
	"testing"

	"hexhub/e2e/fleet"
	"hexhub/internal/feature/mail/mailtest"
)

// Whoever runs a registry of several nodes, with mail and a backup, does what only such a one needs without a script.
func TestNodesNeedNoScripts(t *testing.T) {
	t.Parallel()
	h := newPlainHand(t, "")
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	post := &mailtest.Server{}
	const password = "correct horse battery staple"
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Start(t.Context(), fleet.Options{Program: program, Dir: t.TempDir(), Nodes: 3, Env: []string{
		"HEXHUB_ADMIN_EMAIL=root@example.com", "HEXHUB_ADMIN_USERNAME=root", "HEXHUB_ADMIN_PASSWORD_FILE=" + secret,
		"HEXHUB_MAIL_SMTP=" + post.Start(t), "HEXHUB_MAIL_FROM=hub@example.com", "HEXHUB_MAIL_TLS=none", "HEXHUB_BACKUP_TO=" + t.TempDir(),
	}})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	h.url = f.Nodes[0].URL
	h.open("/login")
	h.send("/login", "Hello, root", "login", "root", "password", password)

	h.open("/admin/mail")
	h.send("/admin/mail", "The test letter was taken", "deed", "test", "email", "root@example.com")
	h.open("/admin/users")
	h.send("/admin/users", "The invitation is on its way", "deed", "invite", "email", "guest@example.com")
	h.send("/admin/users", "The invitation is taken back", "deed", "uninvite", "address", "guest@example.com")
	h.open("/admin/users/root")
	h.send("/admin/users/root", "A link to choose another password is on its way", "deed", "password")

	h.open("/admin/backups")
	h.send("/admin/backups", "The snapshot is taken", "deed", "create")
	h.send("/admin/backups", "The backup was restored into memory", "deed", "verify")

	last := "/admin/cluster/" + f.Nodes[2].Name
	h.open(last)
	h.send(last, "The node is being drained", "deed", "drain")
	h.send(last, "The node is back", "deed", "undrain")
	h.send(last, "The leadership has moved", "deed", "lead")
	gone := "/admin/cluster/" + f.Nodes[1].Name
	h.open(gone)
	h.send(gone, "The node is removed", "deed", "remove", "confirm", f.Nodes[1].Name)
}
