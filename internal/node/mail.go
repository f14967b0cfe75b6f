package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/seal"
)

// openMail makes what writes letters. Without an SMTP server they rest.
func (n *Node) openMail() (*mail.Mail, error) {
	c := n.Config
	o := mail.Options{URL: n.URL, From: c.MailFrom, Registry: c.RepositoryName, Log: n.log}
	if c.MailSMTP != "" {
		password, err := n.mailPassword()
		if err != nil {
			return nil, err
		}
		o.Transport = &mail.SMTP{Addr: c.MailSMTP, Username: c.MailUsername, Password: password, Security: mail.Security(c.MailTLS)}
	}
	return mail.New(n.DB, n.Jobs, n.Sealer, o), nil
}

func (n *Node) mailPassword() (seal.Secret, error) {
	if n.Config.MailPasswordFile == "" {
		return seal.Secret{}, nil
	}
	text, err := os.ReadFile(n.Config.MailPasswordFile)
	if err != nil {
		return seal.Secret{}, fmt.Errorf("read mail.password-file: %w", err)
	}
	password := firstLine(text)
	if password == "" {
		return seal.Secret{}, errors.New("mail.password-file is empty: its first line is the password")
	}
	return seal.NewSecret(password), nil
}

// firstLine is where a file holds its secret.
func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r")))
}
