package account

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

type devicePage struct {
	frame
	Prefilled bool // the code came with the link, and is to be compared
}

// The code that the user typed is carried by his browser to the next page, and through logging in.
const (
	deviceCookie = "hexhub-device"
	deviceLife   = 5 * time.Minute
)

func (p *pages) device(w http.ResponseWriter, r *http.Request) error {
	page := devicePage{frame: p.frame(w, r, "Connect a program", "")}
	if code := r.URL.Query().Get("user_code"); code != "" {
		page.Form.Values, page.Prefilled = url.Values{"user_code": {ui.Clip(showCode(code), 20)}}, true
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) findDevice(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	code := form.Get("user_code")
	if v, ok := p.web.Visit(r); ok { // others are judged once it is known who guesses
		_, err = p.OAuth.Request(r.Context(), code, v.User.ID, ui.Origin(r).IP)
	} else if code == "" {
		err = fault.Field("can't be blank", "user_code")
	}
	if err != nil {
		page := &devicePage{frame: p.frame(w, r, "Connect a program", "")}
		page.Form.Values = form
		return p.web.Refused(w, r, unknownCode(err), &page.Form, page.show, "user_code")
	}
	p.web.SetCookie(w, deviceCookie, url.QueryEscape(code), deviceLife)
	return ui.GoTo(w, "/oauth/device/authorize")
}

// showCode writes what the user typed as programs show codes.
func showCode(typed string) string {
	return oauth.ShowCode(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(typed)))
}

// unknownCode puts a code that is none beside its field.
func unknownCode(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Field("is none that waits: it may be mistyped, or older than ten minutes; then start the program anew", "user_code")
	}
	return err
}

// asked is what the user is told of a program that wants to act for him. Most of it is a stranger's text.
type asked struct {
	Client, Name, Code, IP, UserAgent, Site, User string
}

type approvePage struct {
	frame
	Device         bool
	Action         string
	Ask            asked
	Scopes         []ui.Choice
	NeedsTwoFactor bool
	Hidden         map[string]string
}

func (p *pages) approvePage(w http.ResponseWriter, r *http.Request, scopes []string) *approvePage {
	page := &approvePage{frame: p.frame(w, r, "Access for a program", ""), Action: r.URL.Path}
	for _, scope := range scopes {
		page.Scopes = append(page.Scopes, ui.Choice{Scope: scope, Words: ui.Permitted(ui.Permission(scope)), Given: true})
	}
	return page
}

// keepTicks shows the scopes as they were ticked, to somebody whose answer was refused. It may be for want
// of a second factor.
func (a *approvePage) keepTicks(v ui.Visit, given []string) {
	a.NeedsTwoFactor = !v.User.TwoFactor()
	for i := range a.Scopes {
		a.Scopes[i].Given = slices.Contains(given, a.Scopes[i].Scope)
	}
}

// waiting finds the program whose code this browser carries.
func (p *pages) waiting(r *http.Request, v ui.Visit) (oauth.DeviceRequest, string, error) {
	code, err := url.QueryUnescape(p.web.Cookie(r, deviceCookie))
	if err != nil || code == "" {
		return oauth.DeviceRequest{}, "", fault.New(fault.NotFound, "no code was typed")
	}
	d, err := p.OAuth.Request(r.Context(), code, v.User.ID, ui.Origin(r).IP)
	return d, code, err
}

func (p *pages) devicePage(w http.ResponseWriter, r *http.Request, v ui.Visit, d oauth.DeviceRequest, code string) *approvePage {
	page := p.approvePage(w, r, d.Scopes)
	page.Device = true
	page.Ask = asked{
		Client: d.Client.Name, Name: ui.Clip(d.Name, 200), Code: showCode(code), IP: d.IP,
		UserAgent: ui.Clip(d.UserAgent, 200), User: v.User.Username.String(),
	}
	return page
}

func (p *pages) askDevice(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	d, code, err := p.waiting(r, v)
	if fault.Is(err, fault.NotFound) {
		if code != "" {
			p.web.Flash(w, "device-late")
		}
		return ui.GoTo(w, "/oauth/device")
	}
	if err != nil {
		return err
	}
	return p.web.Show(w, http.StatusOK, p.devicePage(w, r, v, d, code).show())
}

func (p *pages) answerDevice(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	d, code, err := p.waiting(r, v)
	if fault.Is(err, fault.NotFound) {
		p.web.Flash(w, "device-late")
		return ui.GoTo(w, "/oauth/device")
	}
	if err != nil {
		return err
	}
	if form.Get("answer") != "approve" {
		if err := p.OAuth.Deny(r.Context(), v.Actor, code); err != nil {
			return err
		}
		p.web.DropCookie(w, deviceCookie)
		return p.web.Say(w, r, http.StatusOK, ui.Message{
			Heading: "The program was turned away.", Problem: "It has been told no. If you did not start it, nothing more is to be done: nobody got in.",
			Next: &ui.Step{Path: "/dashboard/sessions", Words: "See who is in"},
		})
	}
	if err := p.OAuth.Approve(r.Context(), v.Actor, code, form["scope"]); err != nil {
		page := p.devicePage(w, r, v, d, code)
		page.keepTicks(v, form["scope"])
		return p.web.Refused(w, r, allowed(err), &page.Form, page.show)
	}
	p.web.DropCookie(w, deviceCookie)
	return p.web.Say(w, r, http.StatusOK, ui.Message{
		Heading: "Go back to your terminal.", Problem: "The program may act for you now, and goes on within a few seconds. You can close this page.",
		Next: &ui.Step{Path: "/dashboard/sessions", Words: "See who is in"},
	})
}

// allowed turns a refusal that other ticks would avoid into a fault of the form.
func allowed(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Forbidden {
		return fault.Wrap(fault.Invalid, err, f.Message)
	}
	return err
}

// consentParams are what an authorization request consists of, in a query or in our form.
var consentParams = []string{"client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"}

func authorizeParams(q url.Values) oauth.AuthorizeParams {
	return oauth.AuthorizeParams{
		ClientID: q.Get("client_id"), RedirectURI: q.Get("redirect_uri"), ResponseType: q.Get("response_type"),
		Scope: q.Get("scope"), State: q.Get("state"),
		CodeChallenge: q.Get("code_challenge"), CodeChallengeMethod: q.Get("code_challenge_method"),
	}
}

// askConsent checks what is asked before who is asked, so that a client that asks wrongly is told at once.
func (p *pages) askConsent(w http.ResponseWriter, r *http.Request) error {
	req, err := p.OAuth.CheckAuthorize(authorizeParams(r.URL.Query()))
	if err != nil {
		return p.backToClient(w, err)
	}
	v, ok := p.web.Visit(r)
	if !ok {
		return ui.GoTo(w, ui.With("/login", p.web.PageOf(r)))
	}
	page, target := p.consentPage(w, r, v, req, r.URL.Query())
	ui.LeadTo(w, target)
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) consentPage(w http.ResponseWriter, r *http.Request, v ui.Visit, req oauth.AuthorizeRequest, q url.Values) (*approvePage, *url.URL) {
	target, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		target = &url.URL{} // it was checked: it cannot be
	}
	page := p.approvePage(w, r, req.Scopes)
	page.Ask = asked{Client: req.Client.Name, Site: strings.TrimSuffix(target.Scheme+"://"+target.Host, "://"), User: v.User.Username.String()}
	page.Hidden = map[string]string{}
	for _, name := range consentParams {
		page.Hidden[name] = q.Get(name)
	}
	// The ticked scopes are sent as "scope", so what was asked for goes by another name.
	page.Hidden["asked"] = page.Hidden["scope"]
	delete(page.Hidden, "scope")
	return page, target
}

func (p *pages) answerConsent(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	given := form["scope"]
	q := maps.Clone(form)
	q.Set("scope", form.Get("asked"))
	req, err := p.OAuth.CheckAuthorize(authorizeParams(q))
	if err != nil {
		return p.backToClient(w, err)
	}
	if form.Get("answer") != "approve" {
		return ui.GoTo(w, p.OAuth.Refuse(req))
	}
	redirect, err := p.OAuth.Consent(r.Context(), v.Actor, req, given)
	if err != nil {
		page, target := p.consentPage(w, r, v, req, q)
		page.keepTicks(v, given)
		ui.LeadTo(w, target)
		return p.web.Refused(w, r, allowed(err), &page.Form, page.show)
	}
	return ui.GoTo(w, redirect)
}

// backToClient tells the client what it did wrong, if there is one to be trusted with it, else the user.
func (p *pages) backToClient(w http.ResponseWriter, err error) error {
	if told, ok := errors.AsType[*oauth.RedirectError](err); ok {
		return ui.GoTo(w, told.URL)
	}
	if fault.Is(err, fault.Unauthenticated) { // the program is, and not who reads this
		return fault.Wrap(fault.Malformed, err, "The program that sent you here is not known on this server. Tell whoever runs it.")
	}
	return err
}
