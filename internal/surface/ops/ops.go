// Package ops is what operators and their machines are told: health, readiness, metrics, profiles, and
// the deeds that need no login at the machine itself, because whoever can open the socket owns the data.
//
// It has three handlers. Public is for a TCP address on a private network and tells only how the node
// does. Local is for DATA/ops.sock, whose file permissions are the whole access control: it obeys
// everybody who can reach it. Remote is for administrators elsewhere, who come over the public site and
// show who they are; for everybody else nothing is there. What is done is decided in the rooms and audited
// there.
package ops

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/operator"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/door"
)

// Deps are the rooms and facts that the listeners need. All are required but where said.
type Deps struct {
	Version  string
	DB       *store.DB
	Log      *etcdlog.Log     // nil when the log is not etcd's: then nothing is told of sizes
	Cluster  *cluster.Cluster // nil when the log is not etcd's
	Accounts *account.Accounts
	Access   *access.Access
	Orgs     *org.Orgs
	Catalog  *catalog.Catalog
	OAuth    *oauth.OAuth
	Settings *setting.Settings
	Mail     *mail.Mail
	Jobs     *job.Queue
	Audit    *audit.Audit
	Operator *operator.Operator // of what the others belong to
	Registry connect.Registry   // what clients must know of this server
	Doctor   doctor.Deps
	Examined func() *doctor.Server // what the doctor looks at beside; nil for nothing
	Metrics  prometheus.Gatherer
	Self     Self
	Refused  *call.Memory                // what this node refused; nil remembers nothing
	Blobs    func() (count, bytes int64) // as last counted; nil tells of none
	CertEnd  time.Time                   // of the public site's certificate; zero without one
	Peers    func() []cluster.Peer       // all other nodes, answering or not; nil for a node alone
	Others   func() []health.Seen        // likewise, where they cannot be asked and only tell of themselves; else nil

	// Ready says why the node cannot serve, or nil. A nil Ready is always ready.
	Ready func() error
	// Setup makes a new setup link and says until when it works.
	Setup func(context.Context) (link string, expires time.Time, err error)

	Door   door.Door    // of Remote; needed only there
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

	for _, d := range deeds {
		mux.Handle(d.pattern(), o.local(unlessStale(d)))
	}
	mux.Handle("/operator/", o.local((*Ops).noSuchDeed))
	return mux
}

// local does a deed for the machine's operator, and logs a line without anything of the bodies.
func (o *Ops) local(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, c := time.Now(), &call.Call{ID: rand.Text()}
		actor := access.SystemActor("hexhub operator")
		actor.UserAgent = r.UserAgent()
		w.Header().Set("X-Request-Id", c.ID)
		defer func() {
			o.Logger.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, "operator", append([]slog.Attr{
				slog.String("request", c.ID), slog.Duration("took", time.Since(start)),
			}, c.Notes()...)...)
		}()
		o.do(w, r.WithContext(access.With(call.With(r.Context(), c), actor)), h)
	})
}

// actor is who does a deed.
func actor(r *http.Request) access.Actor { return access.From(r.Context()) }
