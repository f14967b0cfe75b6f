package dochost

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

// A notice is a page of ours: it says one thing, and where to go from there.
type notice struct {
	Heading, Text string
	Elsewhere     []way // versions that have what is not here
	Ways          []way
	Request       string // id of the request to tell somebody, if that is of use

	Style template.CSS
	Theme string
}

// A way leads on.
type way struct{ URL, Words string }

var (
	//go:embed notice.html
	noticeText     string
	noticeTemplate = template.Must(template.New("notice").Parse(noticeText))

	//go:embed notice.css
	noticeStyle string
	noticeSum   = sha256.Sum256([]byte(noticeStyle))

	// noticePolicy is what our own pages may do here, among strangers': show themselves.
	noticePolicy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(noticeSum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"sandbox allow-popups allow-popups-to-escape-sandbox"
)

// send sends the notice. Nobody keeps it: what is missing now may be there in a moment.
func (n notice) send(w http.ResponseWriter, r *http.Request, status int) error {
	n.Style, n.Theme = template.CSS(noticeStyle), themeOf(r) //nolint:gosec // G203: the style is ours
	var b bytes.Buffer
	if err := noticeTemplate.Execute(&b, n); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", noticePolicy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b.Bytes())
	}
	return nil
}
