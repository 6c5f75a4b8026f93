package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// sign is the sender's side, written out plainly.
func sign(address string, form url.Values, key string) string {
	text := address
	for _, name := range slices.Sorted(maps.Keys(form)) {
		text += name + form[name][0]
	}
	mac := hmac.New(sha1.New, []byte(key))
	_, _ = io.WriteString(mac, text)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// desk is a Callbacks with everything it hands on.
type desk struct {
	*Callbacks
	receipts []alerting.Receipt
	optedOut []seal.Ticket
	fails    error
	// optOutFails is what noting an opt-out ends with.
	optOutFails error
}

var ticket = seal.Ticket{World: alerting.Test, Alert: alerting.AlertID{1, 2}, Epoch: 3, Channel: alerting.SMS, Page: 4, Place: 5, Attempt: 2}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := new(desk)
	h, err := NewCallbacks(CallbacksConfig{PublicURL: "https://warn.example.org/api/", AuthTokens: []string{"new" + token, token}},
		CallbacksDeps{
			Now: func() time.Time { return time.UnixMilli(1700000000123) },
			Ticket: func(s string) (seal.Ticket, error) {
				switch other := ticket; s {
				case "good":
					return ticket, nil
				case "mail":
					other.Channel = alerting.Mail
					return other, nil
				}
				return seal.Ticket{}, errors.New("forged")
			},
			Journal: func(_ context.Context, r []alerting.Receipt) error {
				if d.fails == nil {
					d.receipts = append(d.receipts, r...)
				}
				return d.fails
			},
			OptOut: func(_ context.Context, t seal.Ticket) error { d.optedOut = append(d.optedOut, t); return d.optOutFails },
		})
	if err != nil {
		t.Fatal(err)
	}
	d.Callbacks = h
	return d
}

// post sends a callback; change may spoil it before it goes.
func (d *desk) post(form url.Values, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/callbacks/sms?t=good", strings.NewReader(form.Encode()))
	r.Host = "attacker.example.net"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	r.Header.Set("X-Twilio-Signature", sign("https://warn.example.org/api/callbacks/sms?t=good", form, token))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func status(s, code string) url.Values {
	form := url.Values{"MessageStatus": {s}, "MessageSid": {message}, "To": {"+15005550006"}, "AccountSid": {account}}
	if code != "" {
		form.Set("ErrorCode", code)
	}
	return form
}

func TestCallbackMarks(t *testing.T) {
	rows := []struct {
		status, code string
		want         alerting.Mark
		reason       string
		optOut       bool
	}{
		{"queued", "", alerting.Mark{Best: alerting.Sent, Handed: 2}, "", false},
		{"sent", "", alerting.Mark{Best: alerting.Sent, Handed: 2}, "", false},
		{"delivered", "", alerting.Mark{Best: alerting.Delivered, Handed: 2}, "", false},
		{"read", "", alerting.Mark{Best: alerting.Delivered, Handed: 2}, "", false},
		{"undelivered", "30003", alerting.Mark{Best: alerting.Sent, Handed: 2, Failure: 2}, "twilio 30003: phone not reachable", false},
		{"failed", "21610", alerting.Mark{Best: alerting.Sent, Handed: 2, Failure: 2}, "twilio 21610: the recipient opted out", true},
		{"failed", "", alerting.Mark{Best: alerting.Sent, Handed: 2, Failure: 2}, "twilio: failed", false},
		{"canceled", "", alerting.Mark{Best: alerting.Sent, Handed: 2, Failure: 2}, "twilio: canceled", false},
	}
	for _, row := range rows {
		t.Run(row.status+row.code, func(t *testing.T) {
			d := newDesk(t)
			if w := d.post(status(row.status, row.code), nil); w.Code != http.StatusNoContent {
				t.Fatalf("status %d", w.Code)
			}
			want := alerting.Receipt{World: alerting.Test, Alert: ticket.Alert, Epoch: 3, Channel: alerting.SMS, Page: 4}
			got := d.receipts[0]
			mark := alerting.PlaceMark{Place: 5, Mark: row.want, Reason: row.reason, Reference: message, At: 1700000000123}
			if len(got.Marks) != 1 || got.Marks[0] != mark {
				t.Errorf("marks %+v, want %+v", got.Marks, mark)
			}
			got.Marks = nil
			if got.World != want.World || got.Alert != want.Alert || got.Epoch != want.Epoch || got.Channel != want.Channel || got.Page != want.Page {
				t.Errorf("receipt %+v, want %+v", got, want)
			}
			if (len(d.optedOut) == 1) != row.optOut {
				t.Errorf("opted out: %v", d.optedOut)
			}
		})
	}
}

func TestCallbackUnknownStatusIsTaken(t *testing.T) {
	d := newDesk(t)
	if w := d.post(status("teleported", ""), nil); w.Code != http.StatusNoContent || len(d.receipts) != 0 {
		t.Errorf("status %d, receipts %v", w.Code, d.receipts)
	}
}

func TestCallbackRefusals(t *testing.T) {
	good := status("delivered", "")
	rows := []struct {
		name   string
		form   url.Values
		change func(*http.Request)
		want   int
	}{
		{"GET", good, func(r *http.Request) { r.Method = http.MethodGet }, 405},
		{"no signature", good, func(r *http.Request) { r.Header.Del("X-Twilio-Signature") }, 403},
		{"signature of another token", good, func(r *http.Request) {
			r.Header.Set("X-Twilio-Signature", sign("https://warn.example.org/api/callbacks/sms?t=good", good, "other"))
		}, 403},
		{"signature for the host the attacker names", good, func(r *http.Request) {
			r.Header.Set("X-Twilio-Signature", sign("https://attacker.example.net/callbacks/sms?t=good", good, token))
		}, 403},
		{"a parameter changed", good, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(status("failed", "").Encode()))
		}, 403},
		{"another ticket", good, func(r *http.Request) { r.RequestURI, r.URL.RawQuery = "/callbacks/sms?t=bad", "t=bad" }, 403},
		{"a forged ticket with a good signature", good, func(r *http.Request) {
			r.RequestURI, r.URL.RawQuery = "/callbacks/sms?t=bad", "t=bad"
			r.Header.Set("X-Twilio-Signature", sign("https://warn.example.org/api/callbacks/sms?t=bad", good, token))
		}, 403},
		{"another channel's ticket", good, func(r *http.Request) {
			r.RequestURI, r.URL.RawQuery = "/callbacks/sms?t=mail", "t=mail"
			r.Header.Set("X-Twilio-Signature", sign("https://warn.example.org/api/callbacks/sms?t=mail", good, token))
		}, 403},
		{"absolute request line", good, func(r *http.Request) { r.RequestURI = "https://warn.example.org/api/callbacks/sms?t=good" }, 403},
		{"no status", url.Values{"MessageSid": {message}}, nil, 400},
		{"not a form", good, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("%zz")) }, 400},
		{"JSON", good, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 415},
		{"too long, says the header", good, func(r *http.Request) { r.ContentLength = maxCallback + 1 }, 413},
		{"too long, unannounced", good, func(r *http.Request) {
			r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader("a="+strings.Repeat("b", maxCallback)))
		}, 413},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := newDesk(t)
			w := d.post(row.form, row.change)
			if w.Code != row.want || w.Body.Len() != 0 || len(d.receipts) != 0 {
				t.Errorf("status %d with %q and %d receipts, want a bare %d", w.Code, w.Body, len(d.receipts), row.want)
			}
		})
	}
}

func TestCallbackJournalAway(t *testing.T) {
	d := newDesk(t)
	d.fails = alerting.ErrUnavailable
	if w := d.post(status("delivered", ""), nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503: Twilio must not believe that it was kept", w.Code)
	}
}

// TestSignatureAgainstLibrary compares our check with twilio-go's, with and without a port.
func TestSignatureAgainstLibrary(t *testing.T) {
	form := url.Values{"B": {"2 ä&="}, "A": {"1"}, "a": {""}, "MessageStatus": {"delivered"}}
	rows := []struct{ name, public, signed string }{
		{"plain", "https://warn.example.org", "https://warn.example.org/cb?t=x&u=%2F"},
		{"signed with the port", "https://warn.example.org", "https://warn.example.org:443/cb?t=x&u=%2F"},
		{"configured with the port", "https://warn.example.org:443", "https://warn.example.org/cb?t=x&u=%2F"},
		{"odd port", "https://warn.example.org:8443", "https://warn.example.org:8443/cb?t=x&u=%2F"},
		{"http", "http://warn.example.org", "http://warn.example.org:80/cb?t=x&u=%2F"},
	}
	library := client.NewRequestValidator(token)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			signature := sign(row.signed, form, token)
			params := make(map[string]string)
			for name, values := range form {
				params[name] = values[0]
			}
			v, err := newVerifier(row.public, []string{token})
			if err != nil {
				t.Fatal(err)
			}
			if !library.Validate(row.signed, params, signature) {
				t.Error("twilio-go refuses it")
			}
			if !v.genuine("/cb?t=x&u=%2F", form, signature) {
				t.Error("we refuse it")
			}
			spoiled := []byte(signature)
			spoiled[3] ^= 1
			if v.genuine("/cb?t=x&u=%2F", form, string(spoiled)) {
				t.Error("a spoiled signature passes")
			}
		})
	}
}

// TestSignatureVector checks a signature that Twilio itself published.
func TestSignatureVector(t *testing.T) {
	corpus := os.Getenv("CAP_CORPUS")
	if corpus == "" {
		t.Skip("CAP_CORPUS is not set: no published vectors")
	}
	raw, err := os.ReadFile(filepath.Join(corpus, "vectors", "twilio_signature.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vector struct {
		AuthToken, URL, Signature, WrongOrderSignature, FormBody, FormSignature string
		Params                                                                  map[string]string
	}
	if err := json.Unmarshal(raw, &vector); err != nil {
		t.Fatal(err)
	}
	form := make(url.Values)
	for name, value := range vector.Params {
		form.Set(name, value)
	}
	v, err := newVerifier("https://mycompany.com", []string{vector.AuthToken})
	if err != nil {
		t.Fatal(err)
	}
	uri := strings.TrimPrefix(vector.URL, "https://mycompany.com")
	if !v.genuine(uri, form, vector.Signature) {
		t.Error("the published signature is refused")
	}
	if v.genuine(uri, form, vector.WrongOrderSignature) {
		t.Error("the signature over unsorted parameters passes")
	}
	body, err := url.ParseQuery(vector.FormBody)
	if err != nil {
		t.Fatal(err)
	}
	if !v.genuine(uri, body, vector.FormSignature) {
		t.Error("the published signature of the form is refused")
	}
}

func TestCallbacksConfig(t *testing.T) {
	keep := func(context.Context, []alerting.Receipt) error { return nil }
	open := func(string) (seal.Ticket, error) { return seal.Ticket{}, nil }
	rows := []struct {
		name string
		c    CallbacksConfig
		d    CallbacksDeps
	}{
		{"no URL", CallbacksConfig{AuthTokens: []string{token}}, CallbacksDeps{Ticket: open, Journal: keep}},
		{"no token", CallbacksConfig{PublicURL: "https://a.example"}, CallbacksDeps{Ticket: open, Journal: keep}},
		{"empty token", CallbacksConfig{PublicURL: "https://a.example", AuthTokens: []string{""}}, CallbacksDeps{Ticket: open, Journal: keep}},
		{"no journal", CallbacksConfig{PublicURL: "https://a.example", AuthTokens: []string{token}}, CallbacksDeps{Ticket: open}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := NewCallbacks(row.c, row.d); !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("got %v, want invalid", err)
			}
		})
	}
}

// FuzzCallback: whatever comes, the handler neither panics nor journals anything without a good signature.
func FuzzCallback(f *testing.F) {
	f.Add("MessageStatus=delivered", "/callbacks/sms?t=good", "c2lnbmF0dXJlc2lnbmF0dXJlcw==")
	f.Add("%zz&&==;", "//%2F?t=a&t=b", "")
	f.Fuzz(func(t *testing.T, body, uri, signature string) {
		d := newDesk(t)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.RequestURI = uri
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", signature)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if w.Code < 400 || len(d.receipts) != 0 {
			t.Errorf("status %d, %d receipts", w.Code, len(d.receipts))
		}
	})
}

// TestAnOptOutOfSomebodyWhoIsGone: the receipt is kept, so the same callback need not come again.
func TestAnOptOutOfSomebodyWhoIsGone(t *testing.T) {
	for _, row := range []struct {
		fails error
		want  int
	}{
		{nil, http.StatusNoContent},
		{fmt.Errorf("person 7: %w", alerting.ErrNotFound), http.StatusNoContent},
		{alerting.ErrUnavailable, http.StatusServiceUnavailable},
	} {
		d := newDesk(t)
		d.optOutFails = row.fails
		if w := d.post(status("undelivered", "21610"), nil); w.Code != row.want || len(d.receipts) != 1 || len(d.optedOut) != 1 {
			t.Errorf("%v: answered %d with %d receipts, want %d", row.fails, w.Code, len(d.receipts), row.want)
		}
	}
}
