package console

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
	"tocsin/alerting/login"
	"tocsin/alerting/report"
	"tocsin/alerting/template"
)

// Desk issues and stops.
type Desk interface {
	Issue(ctx context.Context, document []byte, o desk.Order) (desk.Answer, error)
	Follow(ctx context.Context, id alerting.AlertID, document []byte, o desk.Order) (desk.Answer, error)
	Cancel(ctx context.Context, id alerting.AlertID, o desk.Order) (desk.Answer, error)
	AllClear(ctx context.Context, id alerting.AlertID, o desk.Order) (desk.Answer, error)
	Ending(ctx context.Context, id alerting.AlertID, clear bool) ([]alerting.Words, error)
	Refill(ctx context.Context, id alerting.AlertID, asked []byte, o desk.Order, fill desk.Filler) (desk.Answer, error)
}

// Console is the admin API. All fields but the imports and those that say otherwise must be set.
type Console struct {
	Tokens []Token
	// Login is how people log in; nil where only tokens may ask. PublicURL is where their browsers find the office, empty if nobody said.
	Login     *login.Gate
	PublicURL string
	// PlainCookie: the listener is plain HTTP on loopback, where browsers refuse secure cookies.
	PlainCookie bool
	// Proxies are whose word counts for where a request comes from (X-Forwarded-For).
	Proxies []netip.Prefix
	// Within says whether a unit lies below another one; nil where there are no units.
	Within func(ctx context.Context, unit, upper string) (bool, error)
	Desk   Desk
	// Owners say whose a draft or an alert is; without them all are the whole office's.
	Owners Owners
	// Drafts, Operators and Passwords are the desk's other parts.
	Drafts    Drafts
	Operators Operators
	Passwords Passwords
	Standings Standings
	// Windows are the public tests; nil where there are none.
	Windows Windows
	// Check reads a document as Issue would, without issuing it.
	Check func(document []byte, o desk.Order) (*alerting.Issued, error)
	// Read reads a document that somebody else wrote.
	Read     func(document []byte) desk.Reading
	Reporter *report.Reporter
	DryRun   *report.DryRunner
	// Document gives the CAP document of an issued alert as it was issued.
	Document func(ctx context.Context, id alerting.AlertID) ([]byte, error)
	// Expiry is what becomes of alerts that end within AskBefore.
	Expiry    Expiry
	AskBefore time.Duration
	// Proceed lets an alert go on that fan-out holds back.
	Proceed func(ctx context.Context, by alerting.Actor, id alerting.AlertID) error
	// Inbox is what partners sent; nil where this console shows none.
	Inbox   Inbox
	Letters Letters
	// Gateways says how the gateways are paced.
	Gateways func(ctx context.Context) ([]desk.Gateway, error)
	// Readiness says whether the office can warn, check by check.
	Readiness func(ctx context.Context) []Check
	// Journal is the record of who did what.
	Journal Journal
	// Policy is how many must approve what; nil where nobody need.
	Policy *approval.Policy
	// Changes are administrative acts that two people must sign. ProposeSirens makes one of an import of sirens; nil: it is done at once.
	Changes       Changes
	ProposeSirens ProposeImport
	// ProposeRoles does so of somebody's roles; nil: they are given at once.
	ProposeRoles ProposeRoles
	People       Import
	Sirens       Import
	Units        Import
	// SirenList lists sirens, and SirensHeard says when they were last heard from; nil where nobody notes that.
	SirenList   SirenList
	SirensHeard SirensHeard
	// Outlines imports units with their outlines (GeoJSON), UnitShapes gives them for maps, and UnitList lists units.
	Outlines   Import
	UnitShapes UnitShapes
	UnitList   func(ctx context.Context, q audience.UnitQuery) ([]audience.UnitLine, error)
	MaxBytes   int
	// Templates are the warnings that were prepared, nil for none; Fill fills one in the name of the office.
	Templates *template.Shelf
	Fill      func(ctx context.Context, t *template.Template, r template.Request) (*template.Filled, error)
	// Zone is that of times of day in templates; nil means UTC.
	Zone *time.Location
	// Note records an act in the journal. What cannot be recorded is not begun.
	Note func(ctx context.Context, by alerting.Actor, verb, subject string, detail any) error
	// ImportPause is how long an import may stand still; 0 means two minutes.
	ImportPause time.Duration
	// Reads is how many reads are answered at once; 0 means two for each processor. Shed is told of each that was sent away; may be nil.
	Reads int
	Shed  func()
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger

	importings        importings
	reading, watching chan struct{}
	strangers         *strangers
	crossOrigin       *http.CrossOriginProtection
}

// requestTimeout bounds what one request may take; imports move it on as long as they go on.
const requestTimeout = 30 * time.Second

// Handler routes the API.
func (c *Console) Handler() http.Handler {
	c.reading = make(chan struct{}, cmp.Or(c.Reads, defaultReads()))
	c.watching = make(chan struct{}, maxWatchers)
	c.strangers, c.crossOrigin = newStrangers(), http.NewCrossOriginProtection()
	mux := http.NewServeMux()
	for _, r := range c.routes() {
		mux.Handle(r.pattern, c.asks(r.right, c.owned(r, c.limited(r))))
	}
	mux.Handle("GET /api/openapi.json", c.description())
	mux.Handle("GET /api/{$}", c.documentation())
	mux.Handle("GET /api/docs", c.documentation())
	return secure(c.plain(routed(mux)))
}

// zone is the zone of times of day in templates.
func (c *Console) zone() *time.Location { return cmp.Or(c.Zone, time.UTC) }

func (c *Console) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// secure sets the headers that no answer of an API should lack.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// Server is an HTTP server with the time-outs that every listener of tocsin has.
func Server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: requestTimeout,
		WriteTimeout: requestTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
}
