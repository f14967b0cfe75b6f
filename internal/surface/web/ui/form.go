package ui

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hexhub/internal/kernel/fault"
)

// maxForm is how large a form may be. The largest names some scopes.
const maxForm = 64 << 10

// ReadForm reads the form that was posted.
func ReadForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
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

// A field is one input with its label, and what is wrong with what was typed.
type field struct {
	ID, Name, Label, Type, Value, Error, Hint, Class string
	Autocomplete, InputMode, MinLength, MaxLength    string
	Required, Focus, Plain                           bool
}

// DescribedBy names the elements that say more of the field.
func (f field) DescribedBy() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	return strings.Join(ids, " ")
}

// newField is what templates call: the form, the field's name and label, and then its other traits as
// names and values.
func newField(form Form, name, label string, traits ...string) (field, error) {
	f := field{ID: strings.TrimPrefix(form.ID+"-"+name, "-"), Name: name, Label: label, Type: "text"}
	if len(traits)%2 != 0 {
		return f, fmt.Errorf("field %s: a trait has no value", name)
	}
	for pair := range slices.Chunk(traits, 2) {
		if err := f.set(pair[0], pair[1]); err != nil {
			return f, err
		}
	}
	if f.Type != "password" {
		f.Value = form.Values.Get(name)
	}
	if words := form.Errors[name]; words != "" {
		f.Error = sentence(label, words)
		f.Focus = true
	} else if len(form.Errors) > 0 {
		f.Focus = false
	}
	return f, nil
}

func (f *field) set(trait, value string) error {
	yes := value == "yes"
	switch trait {
	case "type":
		f.Type = value
	case "hint":
		f.Hint = value
	case "class":
		f.Class = value
	case "autocomplete":
		f.Autocomplete = value
	case "inputmode":
		f.InputMode = value
	case "minlength":
		f.MinLength = value
	case "maxlength":
		f.MaxLength = value
	case "required":
		f.Required = yes
	case "focus":
		f.Focus = yes
	case "plain": // neither capitals nor spelling are the browser's business
		f.Plain = yes
	default:
		return fmt.Errorf("field %s has no trait %q", f.Name, trait)
	}
	return nil
}

var funcs = template.FuncMap{"field": newField, "ago": ago, "stamp": stamp}
