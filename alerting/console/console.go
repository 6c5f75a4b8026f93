package console

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/report"
)

// Desk issues and stops.
type Desk interface {
	Issue(ctx context.Context, document []byte, o desk.Order) (desk.Answer, error)
	Cancel(ctx context.Context, id alerting.AlertID, o desk.Order) (desk.Answer, error)
}

// Console is the admin API. All fields but the imports and those that say otherwise must be set.
type Console struct {
	Tokens []Token
	Desk   Desk
	// Drafts and Operators are the desk's other two halves.
	Drafts    Drafts
	Operators Operators
	// Check reads a document as Issue would, without issuing it.
	Check func(document []byte, o desk.Order) (*alerting.Issued, error)
	// Read reads a document that somebody else wrote.
	Read     func(document []byte) desk.Reading
	Reporter *report.Reporter
	DryRun   *report.DryRunner
	// Document gives the CAP document of an issued alert as it was issued.
	Document func(ctx context.Context, id alerting.AlertID) ([]byte, error)
	// Proceed lets an alert go on that fan-out holds back.
	Proceed func(ctx context.Context, by alerting.Actor, id alerting.AlertID) error
	// Inbox is what partners sent; nil where this console shows none.
	Inbox    Inbox
	Letters  Letters
	People   Import
	Sirens   Import
	Units    Import
	MaxBytes int
	// Note records an act in the journal. What cannot be recorded is not begun.
	Note func(ctx context.Context, by alerting.Actor, verb, subject string, detail any) error
	// ImportPause is how long an import may stand still; 0 means two minutes.
	ImportPause time.Duration
	// Reads is how many reads are answered at once; 0 means two for each processor. Shed is told of each that was sent away; may be nil.
	Reads int
	Shed  func()
	Log   *slog.Logger

	reading chan struct{}
}

// requestTimeout bounds what one request may take; imports move it on as long as they go on.
const requestTimeout = 30 * time.Second

// Handler routes the API.
func (c *Console) Handler() http.Handler {
	c.reading = make(chan struct{}, cmp.Or(c.Reads, defaultReads()))
	mux := http.NewServeMux()
	mux.Handle("POST /api/alerts", c.asks(MayIssue, c.issue))
	mux.Handle("POST /api/alerts/dry-run", c.asks(MayRead, c.inTurn(c.dryRun)))
	mux.Handle("POST /api/alerts/read", c.asks(MayRead, c.inTurn(c.read)))
	mux.Handle("GET /api/alerts", c.asks(MayRead, c.inTurn(c.list)))
	mux.Handle("GET /api/alerts/{id}", c.asks(MayRead, c.inTurn(c.status)))
	mux.Handle("GET /api/alerts/{id}/document", c.asks(MayRead, c.inTurn(c.document)))
	mux.Handle("GET /api/alerts/{id}/explain/{who}", c.asks(MayRead, c.inTurn(c.explain)))
	mux.Handle("POST /api/alerts/{id}/cancel", c.asks(MayCancel, c.cancel))
	mux.Handle("POST /api/alerts/{id}/proceed", c.asks(MayApprove, c.proceed))
	c.routeDrafts(mux)
	c.routeInbox(mux)
	mux.Handle("GET /api/deadletters", c.asks(MayRead, c.inTurn(c.letters)))
	mux.Handle("GET /api/deadletters/{topic}/{partition}/{offset}", c.asks(MayRead, c.inTurn(c.letter)))
	mux.Handle("POST /api/deadletters/{topic}/{partition}/{offset}/redrive", c.asks(MayRedrive, c.redrive))
	mux.Handle("POST /api/people", c.asks(MayImport, c.imports("people", c.People)))
	mux.Handle("POST /api/sirens", c.asks(MayImport, c.imports("sirens", c.Sirens)))
	mux.Handle("POST /api/units", c.asks(MayImport, c.imports("units", c.Units)))
	return secure(mux)
}

// routeDrafts routes what leads to an alert being issued, and who may sign it.
func (c *Console) routeDrafts(mux *http.ServeMux) {
	mux.Handle("POST /api/drafts", c.asks(MayIssue, c.draft))
	mux.Handle("GET /api/drafts", c.asks(MayRead, c.inTurn(c.drafts)))
	mux.Handle("GET /api/drafts/{id}", c.asks(MayRead, c.inTurn(c.draftAt)))
	mux.Handle("PUT /api/drafts/{id}", c.asks(MayIssue, c.amend))
	mux.Handle("POST /api/drafts/{id}/submit", c.asks(MayIssue, c.acts(c.submitDraft)))
	mux.Handle("POST /api/drafts/{id}/withdraw", c.asks(MayIssue, c.acts(c.withdrawDraft)))
	mux.Handle("POST /api/drafts/{id}/sign", c.asks(MayApprove, c.acts(c.signDraft)))
	mux.Handle("POST /api/drafts/{id}/return", c.asks(MayApprove, c.acts(c.returnDraft)))
	mux.Handle("POST /api/drafts/{id}/reject", c.asks(MayApprove, c.acts(c.rejectDraft)))
	mux.Handle("GET /api/operators", c.asks(MayRead, c.inTurn(c.operators)))
	mux.Handle("POST /api/operators", c.asks(MayApprove, c.enrol))
	mux.Handle("POST /api/operators/revoke", c.asks(MayApprove, c.revoke))
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
