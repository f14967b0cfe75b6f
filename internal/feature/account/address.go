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
