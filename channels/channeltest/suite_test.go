package channeltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

// toy is an adapter for a gateway that answers with nothing but a status. Its fault, if any, is what the suite must find.
type toy struct {
	url    string
	live   bool
	fault  string
	client *http.Client
}

const (
	faultVar  = "TOCSIN_CHANNELTEST_FAULT"
	toySecret = "sesame-open"
)

func (a *toy) Send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	fail := func(c channels.Class, reason string, err error) (channels.Handed, error) {
		return channels.Handed{}, &channels.Failure{Class: c, Reason: reason, Err: err}
	}
	switch {
	case a.live && d.World != alerting.Actual && a.fault != "not only real":
		return fail(channels.Rejected, "not real", nil)
	case !strings.HasPrefix(d.Address, "toy:") && a.fault != "any address":
		return fail(channels.Rejected, "not an address", nil)
	case time.Now().After(d.Expires) && a.fault != "late":
		return fail(channels.Expired, "too late", nil)
	case ctx.Err() != nil:
		return fail(channels.Transient, "given up", ctx.Err())
	}
	if a.fault == "no deadline" {
		ctx = context.WithoutCancel(ctx)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, strings.NewReader(d.Message.Body))
	if err != nil {
		return fail(channels.Rejected, "no request", nil)
	}
	response, err := a.client.Do(request)
	if err != nil && a.fault == "tries again" {
		request, _ = http.NewRequestWithContext(ctx, http.MethodPost, a.url, strings.NewReader(d.Message.Body))
		response, err = a.client.Do(request)
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "refused"):
		return fail(channels.Transient, "refused", nil)
	case err != nil && a.fault == "other type":
		return channels.Handed{}, err
	case err != nil:
		return fail(channels.Lost, "no answer", nil)
	}
	defer response.Body.Close()
	return a.judge(d, response)
}

func (a *toy) judge(d channels.Delivery, response *http.Response) (channels.Handed, error) {
	f := &channels.Failure{Class: channels.Rejected, Reason: "status " + strconv.Itoa(response.StatusCode)}
	switch s := response.StatusCode; {
	case s < 300:
		return channels.Handed{}, nil
	case s == http.StatusTooManyRequests:
		f.Class, f.RetryAfter = channels.Busy, RetryAfter
		if a.fault == "impatient" {
			f.RetryAfter = 0
		}
	case s < 400, s >= 500:
		f.Class = channels.Transient
	}
	switch a.fault {
	case "wrong class":
		f.Class = channels.Lost
	case "tells the address":
		f.Reason += " for " + d.Address
	case "tells a secret":
		f.Err = errors.New("logged in with " + toySecret)
	}
	return channels.Handed{}, f
}

func suite(fault string) Suite {
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	script := HTTP{Accept: answer(201), Reject: answer(400), Busy: answer(429), Transient: answer(503)}
	return Suite{
		Start: func(t *testing.T, s Script) Subject {
			server := script.Serve(t, s.Behaviour)
			transport := &http.Transport{}
			a := &toy{url: server.URL, live: s.Live, fault: fault, client: &http.Client{Transport: transport}}
			if fault != "follows" {
				a.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			}
			end := func() error { transport.CloseIdleConnections(); return nil }
			if fault == "leaves something" {
				end = func() error { go func() { select {} }(); return nil }
			}
			return Subject{Adapter: a, Close: end, Arrived: server.Arrived}
		},
		Delivery: func(n int) channels.Delivery {
			return channels.Delivery{World: alerting.Test, Address: fmt.Sprintf("toy:%08d", n), Message: &alerting.Message{Body: "x"},
				Expires: time.Now().Add(time.Hour)}
		},
		Secrets: []string{toySecret},
	}
}

// TestGoodAdapter: an adapter without a fault passes.
func TestGoodAdapter(t *testing.T) { Run(t, suite(os.Getenv(faultVar))) }

// TestFaultsAreFound runs the suite in a process of its own against an adapter with one fault each: it must fail, and
// say why.
func TestFaultsAreFound(t *testing.T) {
	if os.Getenv(faultVar) != "" {
		t.Skip("this is the inner run")
	}
	rows := []struct{ fault, where, complaint string }{
		{"wrong class", "reject", "want accepted false or one of [rejected]"},
		{"impatient", "busy", "retry after 0s, want 7s"},
		{"tells the address", "reject", "an error holds the address"},
		{"tells a secret", "reject", "an error holds secret 0"},
		{"other type", "garbage", "want *channels.Failure"},
		{"follows", "redirect", "the redirect was followed"},
		{"tries again", "garbage", "the delivery arrived 2 times"},
		{"no deadline", "accept,_then_silence", "did not return within its deadline"},
		{"late", "expired", "expired deliveries reached the gateway"},
		{"not only real", "a_live", "reached a live gateway"},
		{"any address", "hostile", "hostile deliveries reached the gateway"},
		{"leaves something", "nothing_is_left", "goroutines, want at most"},
	}
	for _, row := range rows {
		t.Run(row.fault, func(t *testing.T) {
			inner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGoodAdapter$/^"+row.where)
			inner.Env = append(os.Environ(), faultVar+"="+row.fault)
			var out bytes.Buffer
			inner.Stdout, inner.Stderr = &out, &out
			if err := inner.Run(); err == nil {
				t.Fatal("the suite found nothing")
			}
			if !strings.Contains(out.String(), row.complaint) {
				t.Errorf("want the complaint %q in:\n%s", row.complaint, out.String())
			}
		})
	}
}
