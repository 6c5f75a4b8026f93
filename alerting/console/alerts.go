package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/report"
	"tocsin/cap"
)

// answer is what became of an alert that was to be issued.
type answer struct {
	Alert alerting.AlertID `json:"alert"`
	// Outcome is accepted: the stream has it; or submitted: it waits in a draft for what Missing says. Refusals and unknown
	// outcomes are problems.
	Outcome string   `json:"outcome"`
	Draft   string   `json:"draft,omitempty"`
	Missing []string `json:"missing,omitempty"`
	// Repeated is true when the same document had been issued before; nothing was issued twice.
	Repeated bool         `json:"repeated,omitempty"`
	Findings cap.Findings `json:"findings,omitempty"`
}

func (c *Console) issue(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	document, order, remarks, err := c.readFilled(w, r, by)
	if err != nil {
		c.refuse(w, r, err)
		return nil
	}
	a, err := c.Desk.Issue(r.Context(), document, order)
	a.Findings = append(a.Findings, remarks...)
	c.answer(w, r, a, err)
	return nil
}

// follow issues a document as the update of an alert.
func (c *Console) follow(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		c.refuse(w, r, err)
		return nil
	}
	document, order, err := c.readOrder(w, r, by)
	if err != nil {
		c.refuse(w, r, err)
		return nil
	}
	a, err := c.Desk.Follow(r.Context(), id, document, order)
	c.answer(w, r, a, err)
	return nil
}

// proceed lets an alert go on that reaches far more than those who approved it were shown.
func (c *Console) proceed(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.Proceed(r.Context(), by, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// answer says accepted only without an error.
func (c *Console) answer(w http.ResponseWriter, r *http.Request, a desk.Answer, err error) {
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	out := answer{Alert: a.Alert, Outcome: "accepted", Repeated: a.Repeated, Findings: alerting.FindingsIn(tongueOf(r), a.Findings)}
	where := "/api/alerts/" + a.Alert.String()
	if a.Draft != "" {
		out.Outcome, out.Draft, out.Missing = "submitted", a.Draft, a.Missing
		where = "/api/drafts/" + a.Draft
	}
	w.Header().Set("Location", where)
	writeJSON(w, http.StatusAccepted, out)
}

// refuse answers an order that was not accepted: refused, or unknown when the stream's answer was lost.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemIn(tongueOf(r), err)
	p.Outcome = "refused"
	if errors.Is(err, alerting.ErrUnknown) || p.Status == http.StatusInternalServerError {
		p.Outcome = "unknown"
	}
	if errors.Is(err, alerting.ErrUnavailable) && p.Outcome == "refused" {
		// Of an order that matters; of a question it would say that something might have been.
		p.Title += titleIn(tongueOf(r), "; nothing was written")
	}
	if p.Status >= http.StatusInternalServerError {
		c.Log.Error("order not accepted", "path", r.URL.Path, "outcome", p.Outcome, "error", err)
	}
	writeProblem(w, p)
}

// readOrder reads a CAP document and who it is for: ?channel=sms&channel=mail, ?person=REF, ?group=NAME, ?window=ID, ?nobody=true.
func (c *Console) readOrder(w http.ResponseWriter, r *http.Request, by alerting.Actor) ([]byte, desk.Order, error) {
	order := desk.Order{Actor: by}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != "application/cap+xml" && kind != "application/xml" && kind != "text/xml" {
		return nil, order, alerting.Refuse(alerting.ErrInvalid, "request.not-cap", "Content-Type %q: send the CAP document as application/cap+xml", kind)
	}
	document, err := io.ReadAll(io.LimitReader(r.Body, int64(c.MaxBytes)+1))
	if err != nil {
		return nil, order, fmt.Errorf("%w: the document ends early: %w", alerting.ErrInvalid, err)
	}
	if len(document) > c.MaxBytes {
		size := max(r.ContentLength, int64(len(document)))
		return nil, order, fmt.Errorf("%w: %w", alerting.ErrInvalid, cap.Findings{cap.Oversize(size, c.MaxBytes)})
	}
	query := r.URL.Query()
	for _, name := range query["channel"] {
		if !slices.Contains(alerting.Channels(), alerting.Channel(name)) {
			return nil, order, alerting.Refuse(alerting.ErrInvalid, "request.channel", "channel %q: want one of %v", name, alerting.Terms(alerting.Channels()))
		}
		order.Channels = append(order.Channels, alerting.Channel(name))
	}
	order.Audience.People, order.Audience.Groups = query["person"], query["group"]
	if order.Nobody, err = nobodyOf(query); err != nil {
		return nil, order, err
	}
	order.Window, err = c.windowOf(r)
	return document, order, err
}

// nobodyOf says whether an alert may be for an area in which the office knows nobody.
func nobodyOf(query url.Values) (bool, error) {
	switch text := query.Get("nobody"); text {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, alerting.Refuse(alerting.ErrInvalid, "request.nobody", "nobody %.20q: want true, or leave it out", text)
	}
}

func (c *Console) dryRun(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	document, order, err := c.readOrder(w, r, by)
	if err != nil {
		return err
	}
	in, err := c.Check(document, order)
	if err != nil {
		return err
	}
	run, err := c.DryRun.Run(r.Context(), in, r.URL.Query().Get("list") == "true")
	if err != nil {
		return err
	}
	if r.URL.Query().Get("previews") == "true" {
		run.Previews = c.DryRun.Previews(in)
	}
	writeJSON(w, http.StatusOK, run)
	return nil
}

func (c *Console) list(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.pageOf(r, "alerts")
	if err != nil {
		return err
	}
	search, err := searchOf(r)
	if err != nil {
		return err
	}
	all, err := sifted(w, r, p, func(p page) ([]report.Listing, error) {
		return c.Reporter.List(r.Context(), search, p.place(), p.limit)
	},
		func(l *report.Listing) alerting.Place { return l.Place },
		func(l *report.Listing) (bool, error) {
			return c.reads(r.Context(), func() (string, error) { return c.unitOfAlert(r.Context(), l.Alert.String()) })
		})
	return orJSON(w, all, err)
}

// searchOf is what a request for the list of alerts looks for.
func searchOf(r *http.Request) (desk.Search, error) {
	query := r.URL.Query()
	s := desk.Search{World: worldOf(r.Context()), Text: strings.TrimSpace(query.Get("q")), Status: query.Get("status"), Severity: cap.Severity(query.Get("severity")),
		Sender: query.Get("sender"), Category: cap.Category(query.Get("category"))}
	for name, at := range map[string]*time.Time{"from": &s.From, "to": &s.To} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *at, err = time.Parse(time.RFC3339, text); err != nil {
			return s, alerting.Refuse(alerting.ErrInvalid, "request.time", "%s %.40q: want a time with its zone, such as 2026-03-01T00:00:00Z", name, text)
		}
	}
	return s, s.Check()
}

// limitOf is how long a list may be: ?limit=, 50 when nothing is said.
func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return 0, alerting.Refuse(alerting.ErrInvalid, "request.limit", "limit %q: want 1 to 1000", text)
	}
	return n, nil
}

func (c *Console) status(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := c.Reporter.Status(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, s)
	return nil
}

func (c *Console) document(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	document, err := c.Document(r.Context(), id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/cap+xml")
	_, _ = w.Write(document)
	return nil
}

func (c *Console) explain(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	x, err := c.Reporter.Explain(r.Context(), id, r.PathValue("who"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, x)
	return nil
}
