package serve

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/alerting/fanout"
	"tocsin/alerting/journal"
	"tocsin/alerting/report"
	"tocsin/alerting/seal"
	"tocsin/cap"
	"tocsin/channels/sms"
	"tocsin/cmd/tocsin/config"
)

// Where the callbacks listener answers.
const (
	smsCallbackPath = "/callbacks/sms"
	unsubscribePath = "/unsubscribe"
)

// newDesk builds the desk of this office.
func (h *house) newDesk() (*desk.Desk, error) {
	signing, err := Signing(h.cfg.Alerts.Signing)
	if err != nil {
		return nil, fmt.Errorf("alerts.signing: %w", err)
	}
	if signing != nil {
		h.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tocsin_signing_certificate_expiry_timestamp_seconds",
			Help: "When the certificate that signs alerts is valid no longer, or one between it and its anchor."},
			func() float64 { return float64(signing.Ends().Unix()) }))
	}
	profile, err := cap.ProfileByID(h.cfg.Alerts.Profile)
	if err != nil {
		return nil, fmt.Errorf("alerts.profile: %w", err)
	}
	seal, err := h.deskKey()
	if err != nil {
		return nil, fmt.Errorf("approval.desk_key_file: %w", err)
	}
	d, err := desk.New(desk.Config{Office: h.office, Seal: seal, Count: h.count, DB: h.db, Press: h.stream, Note: h.note, Now: h.now, Log: h.log.With("role", "api"),
		Lifetime: h.cfg.Alerts.Lifetime, MaxValidity: h.cfg.Alerts.MaxValidity, MaxBytes: h.cfg.Alerts.MaxBytes,
		Sender: h.cfg.Office.Sender, SenderName: h.cfg.Office.Name, Signing: signing,
		Profile: profile, Advise: h.words.Remarks, Territory: h.territory, Under: h.people.Within, Neighbours: h.people.Neighbours, Anybody: h.people.Anybody,
		Kinds: h.changeKinds(), Keys: h.keys})
	if err == nil {
		h.watchExpiry(d)
		h.watchCountersigns(d)
	}
	return d, err
}

// watchExpiry tells Prometheus of alerts that end soon and that nobody has answered for. While SQL is away it tells what it knew.
func (h *house) watchExpiry(d *desk.Desk) {
	var last atomic.Int64
	h.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tocsin_desk_unanswered_expiry_timestamp_seconds",
		Help: "When the next actual alert ends for which nobody has said what becomes of it, of those that end soon (alerts.ask_before); 0 when there is none."},
		func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
			defer cancel()
			if at, err := d.NextUnanswered(ctx, h.cfg.Alerts.AskBefore); err == nil {
				seconds := int64(0)
				if !at.IsZero() {
					seconds = at.Unix()
				}
				last.Store(seconds)
			}
			return float64(last.Load())
		}))
}

// console builds the admin API.
func (h *house) console(d *desk.Desk) (*console.Console, error) {
	c := &console.Console{
		Desk: d, Owners: d, Drafts: d, Operators: d, Passwords: d, Standings: d, Windows: d, Check: d.Check, Read: d.Read, Note: h.noteAct, Proceed: h.proceed, Expiry: d, AskBefore: h.cfg.Alerts.AskBefore, Reporter: h.reporter(d), DryRun: h.dryRunnerOf(d), Document: d.Document,
		Letters: h.stream.Letters(h.follower), Within: h.people.Within,
		People: h.importPeople, Sirens: h.importSirens, Units: h.importUnits, Outlines: h.importOutlines, UnitList: h.people.Units, UnitShapes: h.people.UnitShapes, SirenList: h.people.SirenLines, SirensHeard: h.sirenMemory().read, Now: h.now, MaxBytes: h.cfg.Alerts.MaxBytes, Log: h.log,
		Shed: h.counter("tocsin_api_shed_total", "Reads of the admin API that were sent away because too many came at once.").Inc,
	}
	c.Changes, c.Journal, c.Gateways, c.Readiness = d, h.journalShown(), h.pacedGateways, h.readiness
	if h.office != nil {
		c.ProposeSirens = h.proposeSirens(d)
		c.ProposeRoles = proposeRoles(d)
		c.Policy = &h.office.Policy
	}
	if err := h.shelve(c); err != nil {
		return nil, err
	}
	for _, t := range h.cfg.API.Tokens {
		secret, err := config.Secret(t.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("token %s: %w", t.Name, err)
		}
		var may []console.Right
		for _, r := range t.May {
			may = append(may, console.Right(r))
		}
		token := console.NewToken(t.Name, secret, may)
		token.Unit = t.Unit
		for _, w := range t.Worlds {
			token.Worlds = append(token.Worlds, alerting.World(w))
		}
		c.Tokens = append(c.Tokens, token)
	}
	if len(c.Tokens) == 0 && !h.cfg.Login.Enabled {
		h.log.Warn("the configuration names no token (api.tokens), and people cannot log in (login.enabled): nobody can use the API")
	}
	return c, nil
}

// mostActs is how many entries of the journal a timeline takes of a draft or an alert.
const mostActs = 1000

func (h *house) reporter(d *desk.Desk) *report.Reporter {
	db := h.db.Read()
	return &report.Reporter{
		Receipts: h.ledger, PersonID: h.people.Find, SirenID: h.people.FindSiren, Now: h.now,
		Accepted: d.Issued, Headlines: d.Headlines, Search: d.Search, Person: h.people.Why, Siren: h.people.WhySiren,
		Standing: h.ledger.Standing, Refs: h.people.Refs, SirenRefs: h.people.SirenRefs,
		Record: report.Record{DraftOf: d.DraftOf, Acts: func(ctx context.Context, subject string) (out []journal.Entry, err error) {
			for e, err := range journal.Read(ctx, db, journal.Query{Subject: subject, Limit: mostActs}) {
				if err != nil {
					return nil, err
				}
				out = append(out, e)
			}
			return out, nil
		}},
		Manifest: report.Manifest{
			Progress: func(ctx context.Context, id alerting.AlertID) (fanout.Progress, error) {
				return fanout.ProgressOf(ctx, db, id)
			},
			SirenPages: func(ctx context.Context, id alerting.AlertID) (map[uint32]bool, error) {
				return fanout.SirenPages(ctx, db, id)
			},
			Page: func(ctx context.Context, id alerting.AlertID, page uint32) (fanout.Page, error) {
				return fanout.PageAt(ctx, db, id, page)
			},
			Pages: func(ctx context.Context, id alerting.AlertID, from uint32) iter.Seq2[fanout.Page, error] {
				return fanout.PagesFrom(ctx, db, id, from)
			},
			Find: func(ctx context.Context, id alerting.AlertID, kind fanout.Kind, member int64) ([]fanout.Spot, error) {
				return fanout.Find(ctx, db, id, kind, member)
			},
			StoppedBy: func(ctx context.Context, id alerting.AlertID) (alerting.AlertID, error) {
				return fanout.StoppedBy(ctx, db, id)
			},
			Latest: func(ctx context.Context, world alerting.World, after alerting.Place, limit int) ([]fanout.Progress, error) {
				return fanout.Latest(ctx, db, world, after, limit)
			},
		},
	}
}

// dryRunnerOf is one that also shows what the desk would say, and what it has issued.
func (h *house) dryRunnerOf(d *desk.Desk) *report.DryRunner {
	r, db := h.dryRunner(d.Remarks), h.db.Read()
	r.Outside, r.Issued = d.Outside, d.Issued
	r.Pages = func(ctx context.Context, id alerting.AlertID) iter.Seq2[fanout.Page, error] {
		return fanout.Pages(ctx, db, id)
	}
	return r
}

func (h *house) dryRunner(remarks func(*alerting.Issued) cap.Findings) *report.DryRunner {
	return &report.DryRunner{Audience: audienceFor{h.people}, Sirens: h.people, Words: h.render, Gateways: h.table(),
		Terms: h.terms(), Registered: h.people.Registered, Refs: h.people.Refs, SirenRefs: h.people.SirenRefs, Advice: h.words.Advice, Remarks: remarks, Now: h.now}
}

func (h *house) importPeople(ctx context.Context, r io.Reader, progress func(audience.Progress)) (audience.Result, error) {
	return h.people.ImportPeople(ctx, r, audience.ImportOptions{Region: h.cfg.Office.Region, Report: progress})
}

func (h *house) importSirens(ctx context.Context, r io.Reader, progress func(audience.Progress)) (audience.Result, error) {
	check, err := sirenCheck(h.cfg)
	if err != nil {
		return audience.Result{}, err
	}
	return h.people.ImportSirens(ctx, r, audience.SirenOptions{Report: progress, Check: check})
}

func (h *house) importOutlines(ctx context.Context, r io.Reader, progress func(audience.Progress)) (audience.Result, error) {
	return h.people.ImportOutlines(ctx, r, progress)
}

// territory is where a unit may warn; that of the whole office is limited only where the configuration says so.
func (h *house) territory(ctx context.Context, unit string) (*cap.Territory, error) {
	if unit = cmp.Or(unit, h.cfg.Office.Territory); unit == "" {
		return nil, nil
	}
	return h.people.Territory(ctx, unit)
}

func (h *house) importUnits(ctx context.Context, r io.Reader, progress func(audience.Progress)) (audience.Result, error) {
	return h.people.ImportUnits(ctx, r, progress)
}

// callbacks builds what gateways and recipients report to.
func (h *house) callbacks() (http.Handler, error) {
	mux := http.NewServeMux()
	var tokens []string
	for _, g := range h.cfg.Gateways {
		if g.Twilio == nil {
			continue
		}
		token, err := config.Secret(g.Twilio.AuthTokenFile)
		if err != nil {
			return nil, fmt.Errorf("gateway %s: %w", g.Name, err)
		}
		tokens = append(tokens, token)
	}
	if len(tokens) > 0 {
		handler, err := sms.NewCallbacks(sms.CallbacksConfig{PublicURL: h.cfg.Callbacks.PublicURL, AuthTokens: tokens},
			sms.CallbacksDeps{Now: h.now, Journal: h.stream.JournalPacked, Ticket: h.smsTicket, OptOut: h.smsOptOut})
		if err != nil {
			return nil, err
		}
		mux.Handle(smsCallbackPath, handler)
	}
	mux.HandleFunc("GET "+unsubscribePath, h.askUnsubscribe)
	mux.HandleFunc("POST "+unsubscribePath, h.unsubscribe)
	return h.countCallbacks(mux), nil
}

func (h *house) smsTicket(text string) (seal.Ticket, error) {
	t, err := h.keys.VerifyTicket(seal.Callback, text)
	if err == nil && t.Channel != alerting.SMS {
		err = fmt.Errorf("%w: a ticket of the channel %s", alerting.ErrForbidden, t.Channel)
	}
	return t, err
}

func (h *house) smsOptOut(ctx context.Context, t seal.Ticket) error {
	person, err := h.personAt(ctx, t.Alert, t.Page, t.Place)
	if err != nil {
		return err
	}
	return h.people.OptOut(ctx, alerting.SMS, person)
}

// askUnsubscribe shows a button: mail scanners follow links, and must not unsubscribe anybody by that (RFC 8058 §1). Its
// form posts to where the page was read, whatever path a proxy puts before ours (callbacks.public_url).
func (h *house) askUnsubscribe(w http.ResponseWriter, r *http.Request) {
	if _, err := h.keys.VerifyTicket(seal.Unsubscribe, r.URL.Query().Get("t")); err != nil {
		http.Error(w, "This link is not valid.", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
	_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Unsubscribe</title>
<main><h1>Stop warnings by e-mail?</h1><form method="post" action="?t=%s"><button>Stop</button></form></main></html>`,
		html.EscapeString(r.URL.Query().Get("t")))
}

// unsubscribe is the one click of RFC 8058: it stops mail for the person the ticket names.
func (h *house) unsubscribe(w http.ResponseWriter, r *http.Request) {
	ticket, err := h.keys.VerifyTicket(seal.Unsubscribe, r.URL.Query().Get("t"))
	if err != nil {
		http.Error(w, "This link is not valid.", http.StatusForbidden)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	person, err := h.personAt(ctx, ticket.Alert, ticket.Page, ticket.Place)
	if err == nil {
		err = h.people.OptOut(ctx, ticket.Channel, person)
	}
	if err != nil {
		h.log.Error("an unsubscription failed", "alert", ticket.Alert, "error", err)
		http.Error(w, "That did not work just now. Please try again.", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.Copy(w, strings.NewReader("You will get no more warnings by e-mail.\n"))
}
