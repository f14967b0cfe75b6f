package account

import (
	"errors"
	"strings"
)

// ParseAddress returns an e-mail address as rows have it, or what is wrong with it in the words of the Hex API.
func ParseAddress(text string) (string, error) {
	address := lower(strings.TrimSpace(text))
	if why := wrongAddress(address); why != "" {
		return "", errors.New(why)
	}
	return address, nil
}

// Addresses is where to write to the user: his primary address, or nowhere before he has proved that it is
// his, and after he was shut out.
func (u User) Addresses() []string {
	if e, ok := u.Primary(); ok && e.Verified && u.Active() {
		return []string{e.Address}
	}
	return nil
}
