package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
	"github.com/twilio/twilio-go/client"
	twilio "github.com/twilio/twilio-go/rest/api/v2010"

	"tocsin/cmd/tocsin/config"
)

// pace is how fast a bare loop went, with how many at once, and its own processor time for each.
type pace struct {
	rate  float64
	width int
	cpu   float64
}

// bare is a loop of a bare library: open makes what one of the loops needs, and send sends the i-th message through it.
type bare struct {
	people int
	open   func() (send func(i int) error, end func(), err error)
}

// run sends n messages, so many at once.
func (b bare) run(t *testing.T, width, n int) pace {
	t.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, width)
	before, began := ownCPU(), time.Now()
	for range width {
		all.Go(func() {
			send, end, err := b.open()
			if err != nil {
				failed <- err
				return
			}
			defer end()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := send(i % b.people); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		t.Fatalf("bare loop: %v", err)
	default:
	}
	return pace{rate: float64(n) / took.Seconds(), width: width, cpu: float64((ownCPU() - before).Microseconds()) / float64(n)}
}

// sweep tries 1 to 256 at once and then measures what did best.
func (o *office) sweep(t *testing.T, b bare) pace {
	t.Helper()
	best := pace{}
	for width := 1; width <= 256; width *= 2 {
		// A fiftieth of the row, or about a second at the rate of the step before: a slow gateway makes narrow steps slow.
		n := max(*size/50, 4*width)
		if best.rate > 0 {
			n = min(n, max(int(best.rate), 4*width))
		}
		if p := b.run(t, width, min(n, *size)); p.rate > best.rate {
			best = p
		}
	}
	p := b.run(t, best.width, *size/5)
	t.Logf("bare: %.0f a second with %d at once, %.0f µs CPU each", p.rate, p.width, p.cpu)
	return p
}

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// detour sends what is meant for a gateway's public address to the simulator.
type detour struct {
	host string
	http.RoundTripper
}

func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = "http", d.host, d.host
	return d.RoundTripper.RoundTrip(r)
}

func pooled() *http.Transport { return &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256} }

// bareSMS is a loop of twilio-go.
func (o *office) bareSMS(t *testing.T) bare {
	t.Helper()
	token, err := config.Secret(o.dir + "/twilio.token")
	if err != nil {
		t.Fatal(err)
	}
	c := &client.Client{Credentials: client.NewCredentials(o.sim.info.Account, token),
		HTTPClient: &http.Client{Transport: detour{o.sim.info.Listeners["sms"], pooled()}, Timeout: 10 * time.Second}}
	c.SetAccountSid(o.sim.info.Account)
	api := twilio.NewApiService(client.NewRequestHandler(c))
	return bare{len(o.people), func() (func(int) error, func(), error) {
		return func(i int) error {
			_, err := api.CreateMessage(new(twilio.CreateMessageParams).SetTo(o.people[i].phone).SetFrom("+12015550100").
				SetBody("Severe flood warning. The square. Go to higher ground now."))
			return err
		}, func() {}, nil
	}}
}

// barePush is a loop of webpush-go.
func (o *office) barePush(t *testing.T) bare {
	t.Helper()
	private, err := config.Secret(o.dir + "/vapid.key")
	if err != nil {
		t.Fatal(err)
	}
	subscriptions := make([]webpush.Subscription, o.plan.town.push)
	for i := range subscriptions {
		if err := json.Unmarshal([]byte(o.people[i].push), &subscriptions[i]); err != nil {
			t.Fatal(err)
		}
	}
	options := webpush.Options{HTTPClient: &http.Client{Transport: pooled(), Timeout: 10 * time.Second}, Subscriber: "warnings@flood.example",
		VAPIDPublicKey: o.vapid, VAPIDPrivateKey: private, TTL: 3600, RecordSize: 512}
	payload := []byte(`{"title":"Severe flood warning","body":"The square. Go to higher ground now.","severity":"Severe"}`)
	return bare{len(subscriptions), func() (func(int) error, func(), error) {
		return func(i int) error {
			mine := options
			resp, err := webpush.SendNotificationWithContext(context.Background(), bytes.Clone(payload), &subscriptions[i], &mine)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if err == nil && resp.StatusCode != http.StatusCreated {
				err = fmt.Errorf("push service: %s", resp.Status)
			}
			return err
		}, func() {}, nil
	}}
}

// bareMail is a loop of net/smtp, with a connection for each that sends messages of so many bytes.
func (o *office) bareMail(t *testing.T, size int) bare {
	t.Helper()
	text := []byte("From: warnings@flood.example\r\nSubject: Severe flood warning\r\n\r\n")
	for len(text) < size {
		text = append(text, "The square. Go to higher ground now.\r\n"...)
	}
	return bare{len(o.people), func() (func(int) error, func(), error) {
		conn, err := net.DialTimeout("tcp", o.sim.info.Listeners["mail"], 5*time.Second)
		if err != nil {
			return nil, nil, err
		}
		c, err := smtp.NewClient(conn, "flood.example")
		if err != nil {
			return nil, nil, err
		}
		send := func(i int) error {
			if err := c.Mail("warnings@flood.example"); err != nil {
				return err
			}
			if err := c.Rcpt(o.people[i].mail); err != nil {
				return err
			}
			w, err := c.Data()
			if err == nil {
				_, err = w.Write(text)
			}
			if err == nil {
				err = w.Close()
			}
			return err
		}
		return send, func() { _ = c.Quit() }, nil
	}}
}

// mailSize is the size of the first message after a place of the raw log, in bytes.
func (s *simulator) mailSize(t *testing.T, from int64) int {
	t.Helper()
	f := s.openLog(t, from)
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if _, rest, found := strings.Cut(lines.Text(), "\tsize="); found {
			digits, _, _ := strings.Cut(rest, "\t")
			size, err := strconv.Atoi(digits)
			if err != nil {
				t.Fatalf("raw log: %v", err)
			}
			return size
		}
	}
	t.Fatalf("the raw log names the size of no message: %v", lines.Err())
	return 0
}
