// Package client speaks to the admin API for the verbs of the command line.
//
// It stands apart so that no verb reaches into a store: what a verb can do, any other program with a token can do. What
// always holds: every answer is one of accepted, refused or unknown, and "unknown" is never reported as anything else.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/report"
	"tocsin/cap"
)

// Client calls one API.
type Client struct {
	base  string
	token string
	http  *http.Client
	// patience is how long an import may stand still.
	patience time.Duration
	// unit is the administrative unit that the caller acts for; empty leaves the choice to the API.
	unit string
	// World limits the client to one world, by the prefix of its paths; empty sees all.
	World alerting.World
}

// New makes a client for an API's base URL. A CA file is trusted besides the system's roots.
func New(base, token, caFile string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("API address %q: want http://HOST:PORT", base)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 0
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read the CA: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	// A redirection is never followed: whoever sends it is not the API, and an order must not be given twice.
	last := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimSuffix(base, "/"), token: token, http: &http.Client{Transport: transport, CheckRedirect: last}, patience: importPatience}, nil
}

// Problem is an answer that is not a success (RFC 9457).
type Problem struct {
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail"`
	Outcome  string       `json:"outcome"`
	Findings cap.Findings `json:"findings"`
}

// settled reports whether the API said what became of an order: that it was refused, or that the caller may not give it.
// A server's failure that says nothing settles nothing.
func (p *Problem) settled() bool {
	return p.Outcome == "refused" || p.Outcome == "" && p.Status < http.StatusInternalServerError
}

// Error is the problem in one line.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// ErrUnknown: it is not known whether the API carried the order out. The same order again is safe.
var ErrUnknown = errors.New("no clear answer: the alert may or may not have been issued; the same command again is safe")

// errSilent: the API answered, and said nothing about the order.
var errSilent = errors.New("the answer does not say what became of it")

// Accepted is the answer to an order that was carried out.
type Accepted struct {
	Alert    alerting.AlertID `json:"alert"`
	Outcome  string           `json:"outcome"`
	Repeated bool             `json:"repeated"`
	Findings cap.Findings     `json:"findings,omitempty"`
	// Draft is set when nothing was issued yet: the document waits under this name for what Missing says.
	Draft   string   `json:"draft,omitempty"`
	Missing []string `json:"missing,omitempty"`
}

// Order narrows who is told.
type Order struct {
	Channels []string
	People   []string
	Groups   []string
	// Window is the id of the public test that a message of status Test belongs to.
	Window string
	// Nobody: it may be for an area in which the office knows nobody.
	Nobody bool
	// Autosave: a new version of a draft that nobody asked for, a form saves what is in it.
	Autosave bool
	// Filled says what the document was filled from, as filling has answered it; empty for nothing.
	Filled string
}

func (o Order) query() url.Values {
	q := url.Values{"channel": o.Channels, "person": o.People, "group": o.Groups}
	if o.Window != "" {
		q.Set("window", o.Window)
	}
	if o.Nobody {
		q.Set("nobody", "true")
	}
	return q
}

const callTimeout = 30 * time.Second

// Issue sends a CAP document to be issued, or submitted where it must be approved first. A *Problem with outcome "refused" means that nothing was issued; anything
// unclear is ErrUnknown.
func (c *Client) Issue(ctx context.Context, document []byte, o Order) (Accepted, error) {
	return c.orderAs(ctx, request{method: http.MethodPost, path: "/api/alerts?" + o.query().Encode(), contentType: "application/cap+xml",
		body: bytes.NewReader(document), filled: o.Filled})
}

// Update issues a document as the update of an alert; see Issue.
func (c *Client) Update(ctx context.Context, id alerting.AlertID, document []byte, o Order) (Accepted, error) {
	return c.order(ctx, "/api/alerts/"+id.String()+"/update?"+o.query().Encode(), "application/cap+xml", document)
}

// Cancel stops an alert.
func (c *Client) Cancel(ctx context.Context, id alerting.AlertID, note string, words ...alerting.Words) (Accepted, error) {
	return c.end(ctx, id, "cancel", note, words)
}

// AllClear says that the danger of an alert is over; see Issue.
func (c *Client) AllClear(ctx context.Context, id alerting.AlertID, note string, words ...alerting.Words) (Accepted, error) {
	return c.end(ctx, id, "all-clear", note, words)
}

func (c *Client) end(ctx context.Context, id alerting.AlertID, how, note string, words []alerting.Words) (Accepted, error) {
	body, err := json.Marshal(map[string]any{"note": note, "words": words})
	if err != nil {
		return Accepted{}, err
	}
	return c.order(ctx, "/api/alerts/"+id.String()+"/"+how, "application/json", body)
}

// Timeline asks what happened to an alert, in its order.
func (c *Client) Timeline(ctx context.Context, id alerting.AlertID) (all []report.Moment, err error) {
	err = c.call(ctx, http.MethodGet, "/api/alerts/"+id.String()+"/timeline", "", nil, &all)
	return all, err
}

// Endings asks what a cancel and an all-clear of an alert would say.
func (c *Client) Endings(ctx context.Context, id alerting.AlertID) (e console.Endings, err error) {
	err = c.call(ctx, http.MethodGet, "/api/alerts/"+id.String()+"/endings", "", nil, &e)
	return e, err
}

// TemplateUpdate issues the update of an alert from its template, with the values that have changed; see Issue.
func (c *Client) TemplateUpdate(ctx context.Context, id alerting.AlertID, values map[string]any, note string) (Accepted, error) {
	body, err := json.Marshal(map[string]any{"values": values, "note": note})
	if err != nil {
		return Accepted{}, err
	}
	return c.order(ctx, "/api/alerts/"+id.String()+"/template-update", "application/json", body)
}

func (c *Client) order(ctx context.Context, path, contentType string, body []byte) (Accepted, error) {
	return c.orderAs(ctx, request{method: http.MethodPost, path: path, contentType: contentType, body: bytes.NewReader(body)})
}

func (c *Client) orderAs(ctx context.Context, r request) (Accepted, error) {
	var a Accepted
	err := c.ask(ctx, r, &a)
	var p *Problem
	switch {
	case err == nil && (a.Outcome == "accepted" || a.Outcome == "submitted" && a.Draft != ""):
		return a, nil
	case errors.As(err, &p) && p.settled():
		return a, err
	case err != nil && notSent(err):
		return a, &Problem{Title: "The API cannot be reached; nothing was issued", Detail: err.Error(), Outcome: "refused"}
	case err == nil:
		err = errSilent
	}
	return a, fmt.Errorf("%w (%w)", ErrUnknown, err)
}

// DryRun asks what issuing a document would do.
func (c *Client) DryRun(ctx context.Context, document []byte, o Order, list bool) (run report.DryRun, err error) {
	q := o.query()
	if list {
		q.Set("list", "true")
	}
	err = c.call(ctx, http.MethodPost, "/api/alerts/dry-run?"+q.Encode(), "application/cap+xml", document, &run)
	return run, err
}

// Read asks what a document that somebody else wrote is worth.
func (c *Client) Read(ctx context.Context, document []byte) (r console.Reading, err error) {
	err = c.call(ctx, http.MethodPost, "/api/alerts/read", "application/cap+xml", document, &r)
	return r, err
}

// Status asks for the standing of an alert.
func (c *Client) Status(ctx context.Context, id alerting.AlertID) (s report.Status, err error) {
	err = c.call(ctx, http.MethodGet, "/api/alerts/"+id.String(), "", nil, &s)
	return s, err
}

// List asks for the latest alerts.
func (c *Client) List(ctx context.Context, l Paging) ([]report.Listing, error) {
	return listed[report.Listing](ctx, c, "/api/alerts", url.Values{}, l)
}

// Search asks for the alerts that the values of the query pick, as GET /api/alerts names them.
func (c *Client) Search(ctx context.Context, query url.Values, l Paging) ([]report.Listing, error) {
	return listed[report.Listing](ctx, c, "/api/alerts", query, l)
}

// Explain asks what became of a person or siren.
func (c *Client) Explain(ctx context.Context, id alerting.AlertID, who string) (x report.Explanation, err error) {
	err = c.call(ctx, http.MethodGet, "/api/alerts/"+id.String()+"/explain/"+url.PathEscape(who), "", nil, &x)
	return x, err
}

// maxAnswer bounds an answer, in bytes: the list of a dry run may be long.
const maxAnswer = 512 << 20

func (c *Client) call(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	return c.ask(ctx, request{method: method, path: path, contentType: contentType, body: bytes.NewReader(body)}, into)
}

// request is what is asked of the API.
type request struct {
	method, path, contentType string
	body                      io.Reader
	// match is the version that an If-Match names; empty for none.
	match string
	// filled is for the header Tocsin-Filled; empty for none.
	filled string
	// autosave is for the header Tocsin-Autosave.
	autosave bool
}

// ask sends a request and reads the answer into a value; into is nil when none is expected.
func (c *Client) ask(ctx context.Context, r request, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return problemOf(resp)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+c.within(r.path), r.body)
	if err != nil {
		return nil, err
	}
	if r.match != "" {
		req.Header.Set("If-Match", r.match)
	}
	if r.filled != "" {
		req.Header.Set("Tocsin-Filled", r.filled)
	}
	if r.autosave {
		req.Header.Set(console.AutosaveHeader, "1")
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if c.unit != "" {
		req.Header.Set(console.UnitHeader, c.unit)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return c.http.Do(req)
}

// within is a path of alerts or drafts in the client's world.
func (c *Client) within(path string) string {
	if c.World != "" && (strings.HasPrefix(path, "/api/alerts") || strings.HasPrefix(path, "/api/drafts")) {
		return "/api/" + string(c.World) + strings.TrimPrefix(path, "/api")
	}
	return path
}

// problemOf reads an answer that is not a success. Only a problem document is the API's own word; whatever else comes is
// of something between us (a balancer, a proxy), which does not know what the API did.
func problemOf(resp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	p := new(Problem)
	if err != nil || strings.TrimSpace(kind) != "application/problem+json" || json.Unmarshal(text, p) != nil {
		return fmt.Errorf("the answer is %s, and not the API's own", resp.Status)
	}
	p.Status = resp.StatusCode
	return p
}
