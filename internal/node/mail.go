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
	o := mail.Options{URL: n.URL, From: c.MailFrom, Registry: c.RepositoryName, Named: n.named, Log: n.log}
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
	password, err := firstLine(n.Config.MailPasswordFile, "mail.password-file")
	if err != nil {
		return seal.Secret{}, err
	}
	if password == "" {
		return seal.Secret{}, errors.New("mail.password-file is empty: its first line is the password")
	}
	return seal.NewSecret(password), nil
}

// firstLine reads the secret that a file holds there; what the file is tells who cannot read it.
func firstLine(file, what string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))), nil
}
