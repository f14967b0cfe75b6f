// Package ops is what operators and their machines are told: health, readiness, metrics, profiles, and
// the deeds that need no login because whoever can open the socket owns the data anyway.
//
// It has two handlers. Public is for a TCP address on a private network and tells only how the node
// does. Local is for DATA/ops.sock, whose file permissions are the whole access control: it obeys
// everybody who can reach it. What is done is decided in the rooms and audited there; nothing here
// speaks to the public site's visitors.
package ops

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// Deps are the rooms and facts that the listeners need. All are required but where said.
type Deps struct {
	Version  string
	DB       *store.DB
	Log      *etcdlog.Log // nil when the log is not etcd's: then nothing is told of sizes
	Accounts *account.Accounts
	Access   *access.Access
	Orgs     *org.Orgs
	Settings *setting.Settings
	Mail     *mail.Mail
	Jobs     *job.Queue
	Audit    *audit.Audit
	Registry connect.Registry // what clients must know of this server
	Doctor   doctor.Deps
	Metrics  prometheus.Gatherer

	// Ready says why the node cannot serve, or nil. A nil Ready is always ready.
	Ready func() error
	// Setup makes a new setup link and says until when it works.
	Setup func(context.Context) (link string, expires time.Time, err error)

	Logger *slog.Logger // nil discards
}

// An Ops makes the handlers. It is safe for concurrent use.
type Ops struct {
	Deps
	started time.Time
}

// New returns the operator's side of the node that the deps are of.
func New(d Deps) *Ops {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Ready == nil {
		d.Ready = func() error { return nil }
	}
	return &Ops{Deps: d, started: time.Now()}
}

// Public returns the handler for a TCP address: health, readiness and metrics, and nothing else.
func (o *Ops) Public() http.Handler {
	mux := http.NewServeMux()
	o.routePublic(mux)
	return mux
}

func (o *Ops) routePublic(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", o.health)
	mux.HandleFunc("GET /readyz", o.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{}))
}

// Local returns the handler for the socket that only the operator of this machine can open.
func (o *Ops) Local() http.Handler {
	mux := http.NewServeMux()
	o.routePublic(mux)

	// The profile of the command line is left out on purpose: arguments may hold what nobody should see.
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)

	// Users, keys and the like are named in the query, since names may hold what paths may not.
	for pattern, h := range map[string]handler{
		"GET /operator/status":  o.status,
		"GET /operator/connect": o.connect,
		"POST /operator/doctor": o.doctor,
		"POST /operator/setup":  o.setup,

		"GET /operator/settings": o.settings,
		"PUT /operator/settings": o.setSetting,

		"GET /operator/users":          o.users,
		"POST /operator/users":         o.createUser,
		"GET /operator/user":           o.user,
		"PUT /operator/user/password":  o.setPassword,
		"PUT /operator/user/admin":     o.setAdmin,
		"PUT /operator/user/active":    o.setActive,
		"POST /operator/user/verified": o.verifyEmail,

		"GET /operator/audit":         o.audit,
		"POST /operator/audit/verify": o.verifyAudit,

		"GET /operator/letters":    o.letters,
		"GET /operator/letter":     o.letter,
		"POST /operator/letter":    o.sendLetter,
		"DELETE /operator/letter":  o.deleteLetter,
		"POST /operator/mail/test": o.testMail,

		"GET /operator/jobs":       o.jobs,
		"POST /operator/job/retry": o.retryJob,
		"DELETE /operator/job":     o.deleteJob,

		"GET /operator/keys":    o.keys,
		"POST /operator/keys":   o.createKey,
		"DELETE /operator/keys": o.revokeKey,

		"GET /operator/orgs":       o.orgs,
		"POST /operator/orgs":      o.createOrg,
		"PUT /operator/org/member": o.setMember,
	} {
		mux.Handle(pattern, o.handle(h))
	}
	mux.HandleFunc("GET /operator/audit/export", o.exportAudit)
	mux.Handle("/operator/", o.handle(noSuchDeed))
	return mux
}

// actor is who does what comes over the socket.
func actor(r *http.Request) access.Actor {
	a := access.SystemActor("hexhub operator")
	a.UserAgent = r.UserAgent()
	return a
}
