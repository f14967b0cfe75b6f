package mail

import (
	"embed"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"text/template"
)

// texts holds a file for each kind: a line with the subject, an empty line, and the text.
//
//go:embed texts
var texts embed.FS

// parsed are the texts as templates, with what they share.
var parsed = template.Must(template.New("").Option("missingkey=zero").Funcs(template.FuncMap{"link": link}).ParseFS(texts, "texts/*.txt"))

// link makes a path with a query of names and values, in the order of the names.
func link(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// write fills the text of a letter that has not been sent.
func (m *Mail) write(s Stored) (Message, error) {
	params, err := m.Open(s)
	if err != nil {
		return Message{}, err
	}
	return m.fill(s, params)
}

// fill knows five words besides the params: url, registry, at (the time of the deed), to and subject.
func (m *Mail) fill(s Stored, params map[string]string) (Message, error) {
	words := maps.Clone(params)
	if words == nil {
		words = map[string]string{}
	}
	words["url"], words["registry"] = m.URL, m.Registry
	words["at"] = s.At.UTC().Format("2 January 2006 at 15:04 UTC")
	var b strings.Builder
	if err := parsed.ExecuteTemplate(&b, string(s.Kind)+".txt", words); err != nil {
		return Message{}, fmt.Errorf("fill the text of %s: %w", s.Kind, err)
	}
	subject, text, _ := strings.Cut(b.String(), "\n\n")
	return Message{
		ID: s.ID, From: m.From, To: strings.Join(s.To, ", "), At: s.At,
		Subject: "[" + m.Registry + "] " + strings.TrimPrefix(subject, "Subject: "), Text: text,
	}, nil
}
