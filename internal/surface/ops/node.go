package ops

import (
	"net/http"
	"time"

	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/kernel/fault"
)

// Connect is what clients must know of the server.
type Connect struct {
	URL         string `json:"url"`
	Repository  string `json:"repository"`
	Fingerprint string `json:"fingerprint"`
	PublicKey   string `json:"public_key"` // in PEM
}

// Registry returns it as the guides take it.
func (c Connect) Registry() connect.Registry {
	return connect.Registry{URL: c.URL, Repository: c.Repository, Fingerprint: c.Fingerprint, PublicPEM: c.PublicKey}
}

func (o *Ops) connect(*http.Request) (any, error) {
	g := o.Registry
	return Connect{URL: g.URL, Repository: g.Repository, Fingerprint: g.Fingerprint, PublicKey: g.PublicPEM}, nil
}

// doctor makes the checks that the query names, or all: only=ID, repeated, and deep=true to read
// everything, however long it takes.
func (o *Ops) doctor(r *http.Request) (any, error) {
	q := r.URL.Query()
	only := q["only"]
	if err := doctor.Known(only); err != nil {
		return nil, err
	}
	d := o.Examine()
	d.Deep = q.Get("deep") == "true"
	return doctor.Run(r.Context(), d, only), nil
}

// Examine is what the doctor looks at now.
func (o *Ops) Examine() doctor.Deps {
	d := o.Doctor
	if o.Examined != nil {
		d.Server = o.Examined()
	}
	if o.Peers != nil || o.Others != nil {
		d.Nodes = o.Report
	}
	return d
}

// Mended is what was done about what the doctor finds.
type Mended struct {
	Did []string `json:"did"`
}

// mend does what the checks that the query names would have done: only=ID, repeated.
func (o *Ops) mend(r *http.Request) (any, error) {
	only := r.URL.Query()["only"]
	if len(only) == 0 {
		return nil, fault.Field("can't be blank", "only")
	}
	did, err := doctor.Fix(o.Examine(), only)
	return Mended{append([]string{}, did...)}, err
}

// A SetupLink lets whoever opens it become the first administrator.
type SetupLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (o *Ops) setup(r *http.Request) (any, error) {
	link, expires, err := o.Setup(r.Context())
	return SetupLink{link, expires}, err
}

// A Setting is a value that all nodes agree on.
type Setting struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Help    string `json:"help"`
	SetBy   string `json:"set_by,omitempty"` // empty while it has its default
}

func (o *Ops) settings(*http.Request) (any, error) {
	v := o.DB.View()
	out := []Setting{}
	for _, d := range o.Settings.Definitions() {
		value, row := o.Settings.Value(v, d.Name)
		out = append(out, Setting{Name: d.Name, Value: value, Default: d.Default, Help: d.Help, SetBy: row.By})
	}
	return out, nil
}

// A SettingChange gives a setting another value.
type SettingChange struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (o *Ops) setSetting(r *http.Request) (any, error) {
	c, err := decode[SettingChange](r)
	if err != nil {
		return nil, err
	}
	if c.Name == "" {
		return nil, fault.Field("can't be blank", "name")
	}
	return nil, o.Settings.Set(r.Context(), actor(r).By(), c.Name, c.Value)
}
