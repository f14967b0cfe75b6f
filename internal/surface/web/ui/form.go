package ui

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"hexhub/internal/kernel/fault"
)

// maxForm is how large a form may be. The largest names some scopes.
const maxForm = 64 << 10

// ReadForm reads the form that was posted.
func ReadForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, fault.Wrap(fault.TooLarge, err, fmt.Sprintf("A form may have %d kB. Go back and send less.", maxForm>>10))
	}
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "The form could not be read. Go back and send it again.")
	}
	return r.PostForm, nil
}

// A Form is what is shown of a form: empty at first, and as it was sent when something in it was wrong.
type Form struct {
	ID      string            // begins the ids of its fields; pages with one form need none
	Values  url.Values        // secrets among them are never shown
	Errors  map[string]string // by the name of the field
	Problem string            // what concerns no field
}

// Refuse takes the words of a fault that the visitor can do something about by filling in the form
// anew, and reports whether err is one. Messages for other fields than those named concern none.
func (f *Form) Refuse(err error, fields ...string) bool {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return false
	}
	switch e.Kind {
	case fault.Invalid, fault.Unauthenticated, fault.Conflict, fault.Limited:
	default:
		return false
	}
	f.Problem = sentence("", e.Message)
	if e.Kind == fault.Limited && e.RetryAfter > 0 {
		f.Problem += " It is possible again in " + long(e.RetryAfter) + "."
	}
	f.Errors = map[string]string{}
	var rest []string
	for name, words := range flat(e.Fields) {
		switch i := slices.IndexFunc(fields, func(field string) bool { return field == name || field+"s" == name }); {
		case i >= 0:
			f.Errors[fields[i]] = words
		case name == "base":
			rest = append(rest, sentence("", words))
		default:
			rest = append(rest, sentence(strings.ReplaceAll(name, "_", " "), words))
		}
	}
	slices.Sort(rest)
	if len(rest) > 0 {
		f.Problem = strings.TrimSpace(f.Problem + " " + strings.Join(rest, " "))
	}
	return true
}

// flat returns the messages by the innermost name that leads to them.
func flat(fields fault.Fields) map[string]string {
	out := map[string]string{}
	for name, v := range fields {
		switch v := v.(type) {
		case fault.Fields:
			maps.Copy(out, flat(v))
		default:
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}

// sentence makes one of a field's label and the Hex API's words for what is wrong with it. Words that speak
// to the reader need no label.
func sentence(label, words string) string {
	if strings.HasPrefix(words, "you ") || strings.HasPrefix(words, "give ") {
		label = ""
	}
	s := strings.TrimSpace(label + " " + strings.ReplaceAll(words, "character(s)", "characters"))
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// An Input is one field of a form: what it is for, and what the browser should know of it.
type Input struct {
	Name, Label  string
	Hint         string
	Type         string // "text" if empty
	Autocomplete string
	InputMode    string
	MinLength    int
	MaxLength    int
	Offers       []string // what may be meant, to choose from while one types
	Required     bool
	Focus        bool // is where one begins to type, unless another field is wrong
	Plain        bool // neither capitals nor spelling are the browser's business
	Code         bool // is typed letter by letter from elsewhere
}

// An Option is one of those to choose from.
type Option struct{ Value, Words, Hint string }

// A field is an input as it stands in a form.
type field struct {
	Input
	id, value, wrong string
	focus            bool
}

// id is that of a field.
func (f Form) id(name string) string { return strings.TrimPrefix(f.ID+"-"+name, "-") }

// called is what people call a field, where its name is not the word.
func called(name string) string {
	if words, ok := map[string]string{
		"username": "User name", "url": "Web site", "email": "E-mail", "password_current": "Current password", "full_name": "Full name", "key_max_age": "How long keys live",
	}[name]; ok {
		return words
	}
	return strings.ReplaceAll(name, "_", " ")
}

func (f Form) field(in Input) field {
	in.Type = cmp.Or(in.Type, "text")
	x := field{Input: in, id: f.id(in.Name), focus: in.Focus && len(f.Errors) == 0}
	if in.Type != "password" {
		x.value = f.Values.Get(in.Name)
	}
	if words := f.Errors[in.Name]; words != "" {
		x.wrong = sentence(in.Label, words)
	}
	return x
}

func (x field) attributes() templ.Attributes {
	a := templ.Attributes{"type": x.Type, "value": x.value, "required": x.Required, "autofocus": x.focus}
	for name, value := range map[string]string{"autocomplete": x.Autocomplete, "inputmode": x.InputMode} {
		if value != "" {
			a[name] = value
		}
	}
	for name, value := range map[string]int{"minlength": x.MinLength, "maxlength": x.MaxLength} {
		if value > 0 {
			a[name] = strconv.Itoa(value)
		}
	}
	if len(x.Offers) > 0 {
		a["list"] = x.id + "-offers"
	}
	if x.Plain {
		a["autocapitalize"], a["spellcheck"] = "none", "false"
	}
	maps.Copy(a, x.describes())
	return a
}

// describes ties the field to what is said below it.
func (x field) describes() templ.Attributes {
	a := templ.Attributes{}
	var describes []string
	if x.wrong != "" {
		a["aria-invalid"] = "true"
		describes = append(describes, x.id+"-error")
	}
	if x.Hint != "" {
		describes = append(describes, x.id+"-hint")
	}
	if len(describes) > 0 {
		a["aria-describedby"] = strings.Join(describes, " ")
	}
	return a
}

// NewPassword is the field for a password that is chosen.
var NewPassword = Input{
	Name: "password", Label: "Password", Type: "password", Required: true, MinLength: 8, Autocomplete: "new-password",
	Hint: "At least 8 characters; a sentence is best.",
}
