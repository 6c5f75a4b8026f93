package sms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// TicketParameter is the query parameter of a callback URL that holds the signed ticket.
const TicketParameter = "t"

// CallbackURL appends the ticket to the address of the callbacks ("https://warn.example.org/callbacks/sms").
func CallbackURL(address, ticket string) string {
	return address + "?" + TicketParameter + "=" + url.QueryEscape(ticket)
}

// CallbacksConfig is what Twilio's side of the callbacks needs to be believed.
type CallbacksConfig struct {
	// PublicURL is how the outside reaches the root of this listener: https://host[:port][/prefix]. The signature is
	// checked against it and never against the request's Host, which anybody can write.
	PublicURL string
	// AuthTokens are the account's auth tokens (primary, and secondary while they are exchanged). API keys do not sign.
	AuthTokens []string
}

// CallbacksDeps joins the callbacks to the rest.
type CallbacksDeps struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Ticket opens the signed ticket of a callback's URL, which names the delivery, so that no table of message numbers is
	// needed and a callback may even overtake the answer to its own request. Any error counts as forged.
	Ticket func(string) (seal.Ticket, error)
	// Journal keeps receipts for good before it returns nil. It is called from many requests at once and may gather
	// them.
	Journal func(context.Context, []alerting.Receipt) error
	// OptOut remembers that the recipient of a ticket told the gateway to stop; ErrNotFound when he is no longer there. Nil
	// means nobody wants to know.
	OptOut func(context.Context, seal.Ticket) error
}

// Callbacks receives Twilio's status callbacks (application/x-www-form-urlencoded POST requests).
//
// 204 is answered only once the receipt is in the journal; 503 when it is not. A wrong signature and a wrong ticket are
// both 403 without a word. Replayed and reordered callbacks do no harm, because marks only ever merge upwards.
type Callbacks struct {
	deps     CallbacksDeps
	verifier *verifier
	bodies   sync.Pool // *bytes.Buffer
}

// maxCallback is the most bytes of a callback's form; Twilio's have about 500.
const maxCallback = 16 << 10

// NewCallbacks makes the handler; a missing part is alerting.ErrInvalid.
func NewCallbacks(c CallbacksConfig, d CallbacksDeps) (*Callbacks, error) {
	v, err := newVerifier(c.PublicURL, c.AuthTokens)
	if err != nil {
		return nil, fmt.Errorf("sms callbacks: %w", err)
	}
	if d.Ticket == nil || d.Journal == nil {
		return nil, fmt.Errorf("sms callbacks: %w: ticket and journal are needed", alerting.ErrInvalid)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	h := &Callbacks{deps: d, verifier: v}
	h.bodies.New = func() any { return new(bytes.Buffer) }
	return h, nil
}

// ServeHTTP takes one callback.
func (h *Callbacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed)
		return
	}
	form, status := h.form(w, r)
	if status != http.StatusOK {
		answer(w, status)
		return
	}
	if !h.verifier.genuine(r.RequestURI, form, r.Header.Get("X-Twilio-Signature")) {
		answer(w, http.StatusForbidden)
		return
	}
	ticket, err := h.deps.Ticket(ticketOf(r.URL))
	if err != nil || ticket.Attempt == 0 || ticket.Channel != alerting.SMS {
		answer(w, http.StatusForbidden)
		return
	}
	answer(w, h.take(r.Context(), ticket, form))
}

// form reads the body; the status is 200 or what to answer instead.
func (h *Callbacks) form(w http.ResponseWriter, r *http.Request) (url.Values, int) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, http.StatusUnsupportedMediaType
	}
	if r.ContentLength > maxCallback {
		return nil, http.StatusRequestEntityTooLarge
	}
	body := h.bodies.Get().(*bytes.Buffer)
	defer h.bodies.Put(body)
	body.Reset()
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxCallback)); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, http.StatusRequestEntityTooLarge
		}
		return nil, http.StatusBadRequest
	}
	form, err := url.ParseQuery(body.String())
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return form, http.StatusOK
}

// take journals what the callback says and gives the status to answer.
func (h *Callbacks) take(ctx context.Context, ticket seal.Ticket, form url.Values) int {
	message := form.Get("MessageStatus")
	if message == "" {
		return http.StatusBadRequest
	}
	code, _ := strconv.Atoi(form.Get("ErrorCode"))
	mark, known := markOf(message, code, ticket.Attempt)
	if !known {
		// A status of tomorrow: taken, and nothing to record.
		return http.StatusNoContent
	}
	mark.Place = ticket.Place
	mark.At = h.deps.Now().UnixMilli()
	if id := form.Get("MessageSid"); sid(id, "SM") || sid(id, "MM") {
		mark.Reference = id
	}
	receipt := alerting.Receipt{World: ticket.World, Alert: ticket.Alert, Epoch: ticket.Epoch, Channel: alerting.SMS,
		Page: ticket.Page, Marks: []alerting.PlaceMark{mark}}
	if err := h.deps.Journal(ctx, []alerting.Receipt{receipt}); err != nil {
		return http.StatusServiceUnavailable
	}
	if code == codeOptedOut && h.deps.OptOut != nil {
		// Who is no longer there needs no opt-out; a 503 would only bring the same callback again and again.
		if err := h.deps.OptOut(ctx, ticket); err != nil && !errors.Is(err, alerting.ErrNotFound) {
			return http.StatusServiceUnavailable
		}
	}
	return http.StatusNoContent
}

// markOf says what a message status means for the attempt it belongs to
// (https://www.twilio.com/docs/messaging/api/message-resource#message-status-values). Even "queued" is news: it proves
// that the gateway took a delivery whose answer was lost.
func markOf(status string, code int, attempt uint8) (alerting.PlaceMark, bool) {
	mark := alerting.PlaceMark{Mark: alerting.Mark{Best: alerting.Sent, Handed: attempt}}
	switch status {
	case "accepted", "scheduled", "queued", "sending", "sent":
	case "delivered", "read":
		mark.Mark.Best = alerting.Delivered
	case "undelivered", "failed", "canceled":
		mark.Mark.Failure = attempt
		mark.Reason = "twilio: " + status
		if code > 0 {
			mark.Reason = reasonOf(code)
		}
	default:
		return alerting.PlaceMark{}, false
	}
	return mark, true
}

// ticketOf reads the ticket of a callback URL, cheaply when it is the first parameter and plain.
func ticketOf(u *url.URL) string {
	if rest, ok := strings.CutPrefix(u.RawQuery, TicketParameter+"="); ok {
		if ticket, _, _ := strings.Cut(rest, "&"); !strings.ContainsAny(ticket, "%+;") {
			return ticket
		}
	}
	return u.Query().Get(TicketParameter)
}

// answer writes a status and no body, so that all refusals of a kind look the same.
func answer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}
