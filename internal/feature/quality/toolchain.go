package quality

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"hexhub/hex/version"
)

// An OTP is which versions of Erlang/OTP a project says it works with. It may say either, both or nothing.
type OTP struct {
	From    string // the oldest; it admits all that come after it
	Pattern string // a regular expression that matches those that work
}

// mostSetting is how many bytes of what a project says of versions are looked at.
const mostSetting = 200

// OTPOf reads from a rebar.config what it says of Erlang/OTP. What else is in the file is passed over, whatever it is.
func OTPOf(config []byte) (o OTP) {
	s := erlang{rest: config}
	for last := [3]string{}; ; {
		token, ok := s.next()
		if !ok {
			return o
		}
		// {minimum_otp_vsn, "26"} at the top of the file, not within something else.
		if said, is := strings.CutPrefix(token, `"`); is && s.depth == 1 && last[0] == "{" && last[2] == "," && len(said) <= mostSetting {
			switch said = strings.ToValidUTF8(said, ""); last[1] {
			case "minimum_otp_vsn":
				o.From = said
			case "require_otp_vsn":
				o.Pattern = said
			}
		}
		last = [3]string{last[1], last[2], token}
	}
}

// An erlang scanner reads the tokens of Erlang terms, as far as they must be told apart to know what is text.
type erlang struct {
	rest  []byte
	depth int // of brackets
}

// next returns a token: a bracket, a mark, a word, or a string behind a quote.
func (s *erlang) next() (token string, ok bool) {
	for {
		s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
		if len(s.rest) == 0 {
			return "", false
		}
		if s.rest[0] != '%' {
			break
		}
		_, s.rest, _ = bytes.Cut(s.rest, []byte("\n"))
	}
	switch c := s.rest[0]; c {
	case '"', '\'':
		return s.quoted(c), true
	case '$': // a character, such as $" or $\"
		return s.take(min(len(s.rest), 2+bytes.Count(s.rest[1:min(len(s.rest), 2)], []byte(`\`)))), true
	case '{', '[', '(':
		s.depth++
	case '}', ']', ')':
		s.depth--
	}
	n := bytes.IndexFunc(s.rest, func(r rune) bool { return r > 127 || !isWord(byte(r)) })
	if n < 0 {
		n = len(s.rest)
	}
	return s.take(max(n, 1)), true
}

func (s *erlang) take(n int) string {
	t := string(s.rest[:n])
	s.rest = s.rest[n:]
	return t
}

// quoted reads what stands between quotes. An atom is told without them.
func (s *erlang) quoted(quote byte) string {
	var text strings.Builder
	if quote == '"' {
		text.WriteByte(quote)
	}
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == quote:
			s.rest = s.rest[i+1:]
			return text.String()
		case c == '\\' && i+1 < len(s.rest):
			i++
			text.WriteByte(s.rest[i])
		default:
			text.WriteByte(c)
		}
	}
	s.rest = nil
	return ""
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '@'
}

// requiredGleam finds the requirement in the first part of a gleam.toml, which no table has begun yet.
var requiredGleam = regexp.MustCompile(`(?m)^[ \t]*gleam[ \t]*=[ \t]*(?:"([^"\\\n]*)"|'([^'\n]*)')`)

// GleamOf reads from a gleam.toml which versions of Gleam the project says it works with; empty if it does not say.
func GleamOf(config []byte) string {
	if table := tableBegins.FindIndex(config); table != nil {
		config = config[:table[0]]
	}
	found := requiredGleam.FindSubmatch(config)
	if len(found) != 3 || len(found[1])+len(found[2]) > mostSetting {
		return ""
	}
	return strings.ToValidUTF8(string(found[1])+string(found[2]), "")
}

var tableBegins = regexp.MustCompile(`(?m)^[ \t]*\[`)

// Versions that are not yet there.
var (
	later    = version.MustParse("1.999.0") // of Elixir and of Gleam
	laterOTP = "39"
)

// admitsLater reports whether a requirement, if it is one, admits what is not yet there.
func admitsLater(requirement string) (admits, ok bool) {
	q, err := version.ParseRequirement(requirement)
	return err == nil && q.Match(later, false), err == nil && requirement != ""
}

// admitsLater reports whether what is said, if that can be read, admits what is not yet there.
func (o OTP) admitsLater() (admits, ok bool) {
	if o.Pattern == "" {
		return o.From != "", o.From != ""
	}
	pattern, err := regexp.Compile(o.Pattern)
	return err == nil && pattern.MatchString(laterOTP), err == nil
}

// said is what is said, to be shown.
func (o OTP) said() string {
	if o.Pattern == "" {
		return o.From
	}
	return o.Pattern
}

func elixir(f Facts, _ time.Time) (Check, bool) {
	admits, said := admitsLater(f.Elixir)
	return Check{
		Name: "elixir", Words: "It works with newer versions of Elixir", Points: 5, Grade: either(admits),
		Why: "Elixir has a new version twice a year. Clients warn of a package that does not admit it.",
		Fix: "Write elixir: with two numbers, such as \"~> 1.15\", which is the oldest version that works and all that come after it.", At: InProject,
	}.found(admitted(f.Elixir)), said
}

func otp(f Facts, _ time.Time) (Check, bool) {
	admits, said := f.OTP.admitsLater()
	return Check{
		Name: "otp", Words: "It works with newer versions of Erlang/OTP", Points: 5, Grade: either(admits),
		Why: "Erlang/OTP has a new version each year. A pattern that names those of today has to be written anew for each of them.",
		Fix: "Write {minimum_otp_vsn, \"26\"} into rebar.config, with the oldest version that works, in place of require_otp_vsn.", At: InProject,
	}.found(admitted(f.OTP.said())), said
}

func gleam(f Facts, _ time.Time) (Check, bool) {
	admits, said := admitsLater(f.Gleam)
	return Check{
		Name: "gleam", Words: "It works with newer versions of Gleam", Points: 5, Grade: either(admits),
		Why: "Gleam has a new version every few weeks, and refuses to build a package that does not admit it.",
		Fix: "Write gleam = \">= 1.0.0\" into gleam.toml, with the oldest version that works.", At: InProject,
	}.found(admitted(f.Gleam)), said
}

// admitted says how it is with what a project says of a language.
func admitted(said string) (met, partly, missed string) {
	return "It admits what comes after " + said + ".", "", "It admits " + said + " and nothing that comes after it."
}
