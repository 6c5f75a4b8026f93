package sim_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"tocsin/cmd/gatewaysim/sim"
)

// TestFurtherGateway plugs in a gateway of another kind, as sirens are.
func TestFurtherGateway(t *testing.T) {
	dialled := make(chan struct{})
	s := start(t, func(c *sim.Config) {
		c.Gateways = []sim.Gateway{
			{Name: "siren-line", Channel: sim.Siren, Addr: "127.0.0.1:0", Serve: func(_ context.Context, s *sim.Sim, ln net.Listener) error {
				s.Handle("GET /sirens", func(w http.ResponseWriter, _ *http.Request) { sim.WriteJSON(w, http.StatusOK, "wailing") })
				for {
					c, err := ln.Accept()
					if err != nil {
						return nil
					}
					line, _ := bufio.NewReader(c).ReadString('\n') // what came before the end is enough
					id, alert, _ := strings.Cut(strings.TrimSpace(line), " ")
					v := s.Faults().Judge(sim.Ask{Channel: sim.Siren, Gateway: "siren-line", Recipient: id})
					if v.Kind == "" {
						s.Record(sim.Event{Channel: sim.Siren, Gateway: "siren-line", Recipient: id, Alert: alert, Kind: sim.Arrive})
					}
					_, _ = fmt.Fprintf(c, "done %s\n", v.Kind)
					_ = c.Close()
				}
			}},
			{Name: "dialler", Channel: sim.Siren, Serve: func(ctx context.Context, _ *sim.Sim, ln net.Listener) error {
				if ln == nil {
					close(dialled)
				}
				<-ctx.Done()
				return nil
			}},
		}
	})
	<-dialled
	say := func(line string) string {
		c, err := net.Dial("tcp", s.Addr("siren-line"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, line)
		b, _ := io.ReadAll(c)
		return string(b)
	}
	if got := say("siren-7 a1\n"); got != "done \n" {
		t.Errorf("answer %q", got)
	}
	setFault(t, s, `{"on":"siren","kind":"hang"}`)
	if got := say("siren-8 a1\n"); got != "done hang\n" {
		t.Errorf("answer %q", got)
	}
	if a := s.Stats(sim.Siren, "a1").Alerts; len(a) != 1 || a[0].Arrivals != 1 {
		t.Errorf("stats %+v", a)
	}
	if _, text := control(t, s, http.MethodGet, "/sirens", "", nil); !strings.Contains(text, "wailing") {
		t.Errorf("added route answers %q", text)
	}
}

// BenchmarkSMSAccept measures a message through the socket; client and simulator share the process, so half of the time is
// the client's.
func BenchmarkSMSAccept(b *testing.B) {
	s := start(b, nil)
	b.ReportAllocs()
	worker := make(chan int, 1024)
	for i := range 1024 {
		worker <- i
	}
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", s.Addr("sms"))
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		base, buf, req := <-worker, make([]byte, 4096), []byte(nil)
		for i := 0; pb.Next(); i++ {
			form := "Body=" + url.QueryEscape("Flood on the river. Move to higher ground now.") + "&From=%2B15005550006&To=%2B2507" + strconv.Itoa(10_000_000*base+i+1_000_000)
			req = fmt.Appendf(req[:0], "POST /2010-04-01/Accounts/%s/Messages.json HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
				sim.DefaultAccount, basicAuth, len(form), form)
			if _, err := c.Write(req); err != nil {
				b.Error(err)
				return
			}
			n, err := c.Read(buf)
			if err != nil || !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 201") {
				b.Errorf("%v %s", err, buf[:n])
				return
			}
		}
	})
	if n := s.Stats(sim.SMS, "").Alerts[0].Arrivals; n != uint64(b.N) {
		b.Errorf("%d arrivals, want %d", n, b.N)
	}
}

// basicAuth is the default account's SID and token in base64.
const basicAuth = "QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTowMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMg=="
