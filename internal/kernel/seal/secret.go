package seal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// mask is what a secret shows of itself.
const mask = "[secret]"

// Secret is text that does not show itself: printed, logged or encoded, with any verb and inside any
// value, it is a mask, or empty if it is. Only Reveal tells. The zero value is empty.
//
// It is a pointer inside a struct and not a string, because fmt prints a string in another type's
// unexported field without asking it. So == compares identities; compare what Reveal tells.
type Secret struct{ text *string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text. Each use is a place to look at when a secret leaks.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String returns the mask, or nothing if s is empty.
func (s Secret) String() string {
	if s.Reveal() == "" {
		return ""
	}
	return mask
}

// GoString is String, for printers that are not fmt.
func (s Secret) GoString() string { return s.String() }

// Format implements fmt.Formatter, because verbs such as %x and %d do not ask String.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler with the mask: a secret is written to a row only
// sealed, and to a file never.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It refuses the mask, which is what a
// configuration printed and used again contains.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == mask {
		return errors.New(mask + " stands where a secret was hidden: put the secret itself here")
	}
	*s = NewSecret(string(text))
	return nil
}
