package sms

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/seal"
	"tocsin/channels"
	"tocsin/channels/channeltest"
)

func TestMain(m *testing.M) {
	channeltest.Main(m, func(l net.Listener) error {
		return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			reply(http.StatusCreated, created)(w, r)
		}))
	})
}

func BenchmarkSend(b *testing.B) {
	g := newGateway(b, config("http://"+channeltest.Elsewhere(b)), Deps{
		Callback: func(channels.Delivery) string { return "https://warn.example.org/cb?t=abc" }})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d := delivery(1)
	channeltest.Measure(b, 32, func() error {
		_, err := g.Send(ctx, d)
		return err
	})
}

func BenchmarkCallback(b *testing.B) {
	h, err := NewCallbacks(CallbacksConfig{PublicURL: "https://warn.example.org", AuthTokens: []string{token}}, CallbacksDeps{
		Ticket: func(string) (seal.Ticket, error) {
			return seal.Ticket{World: alerting.Test, Channel: alerting.SMS, Attempt: 1}, nil
		},
		Journal: func(context.Context, []alerting.Receipt) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	form := url.Values{"SmsSid": {message}, "SmsStatus": {"delivered"}, "MessageStatus": {"delivered"}, "To": {"+15005550006"},
		"MessageSid": {message}, "AccountSid": {account}, "From": {"+15005550000"}, "ApiVersion": {"2010-04-01"}, "MessagingServiceSid": {service}}
	body := []byte(form.Encode())
	signature := sign("https://warn.example.org/callbacks/sms?t=abcdef", form, token)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/callbacks/sms?t=abcdef", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNoContent {
			b.Fatal(w.Code)
		}
	}
}
