package mail

import (
	"embed"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"unicode/utf8"
)

// texts holds a file for each kind: a line with the subject, an empty line, and the text.
//
//go:embed texts
var texts embed.FS

// parsed are the texts as templates. p writes a part of a path and q a value of a query.
var parsed = template.Must(template.New("").Option("missingkey=zero").
	Funcs(template.FuncMap{"p": url.PathEscape, "q": url.QueryEscape}).ParseFS(texts, "texts/*.txt"))

// write fills the text of a letter that has not been sent. Besides the params a text knows url, registry,
// at, the time of what it tells of, and the name and perhaps the repository of the package.
func (m *Mail) write(s Stored) (Message, error) {
	words, err := m.Open(s)
	if err != nil {
		return Message{}, err
	}
	words["url"], words["registry"] = m.URL, m.registry()
	words["name"] = words["package"]
	if repository, name, private := strings.Cut(words["package"], "/"); private {
		words["repository"], words["name"] = repository, name
	}
	words["at"] = s.At.UTC().Format("2 January 2006 at 15:04 UTC")
	var b strings.Builder
	if err := parsed.ExecuteTemplate(&b, string(s.Kind)+".txt", words); err != nil {
		return Message{}, fmt.Errorf("fill the text of %s: %w", s.Kind, err)
	}
	subject, text, _ := strings.Cut(b.String(), "\n\n")
	return Message{
		ID: s.ID, From: m.From, To: strings.Join(s.To, ", "), At: s.At,
		Subject: "[" + words["registry"] + "] " + strings.TrimPrefix(subject, "Subject: "),
		Text:    wrap(text),
	}, nil
}

// width is how long a line of prose gets, in runes.
const width = 72

// wrap fills the paragraphs of a text anew, since what fills a text may be short or long. It leaves alone
// what is indented, such as links, and the signature.
func wrap(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		p = strings.Trim(p, "\n")
		if !strings.HasPrefix(p, " ") && !strings.HasPrefix(p, "-- \n") {
			p = fold(strings.Fields(p))
		}
		paragraphs[i] = p
	}
	return strings.Join(paragraphs, "\n\n") + "\n"
}

// fold joins words to lines.
func fold(words []string) string {
	var b strings.Builder
	used := 0
	for _, w := range words {
		n := utf8.RuneCountInString(w)
		switch {
		case used == 0:
		case used+1+n > width:
			b.WriteByte('\n')
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(w)
		used += n
	}
	return b.String()
}
