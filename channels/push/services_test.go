package push

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/channels"
)

// TestForeignEndpoints: no connection leaves for an address that is not a push service of the list (ASVS 5.0, 1.3.6).
func TestForeignEndpoints(t *testing.T) {
	var arrived atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	defer server.Close()
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	endpoints := []string{
		"https://127.0.0.1/x", server.URL + "/x", "https://localhost" + port + "/x", "https://127.0.0.1" + port + "/fcm.googleapis.com/",
		"https://127.1" + port + "/x", "https://2130706433" + port + "/x", "https://0x7f000001" + port + "/x", "https://0177.0.0.1" + port + "/x",
		"https://0" + port + "/x", "https://0.0.0.0" + port + "/x", "https://[::1]" + port + "/x", "https://[::]" + port + "/x",
		"https://[::ffff:127.0.0.1]" + port + "/x", "https://[::ffff:7f00:1]" + port + "/x", "https://[64:ff9b::7f00:1]/x",
		"https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "https://metadata.google.internal/", "https://10.0.0.1/x",
		"https://192.168.1.1/x", "https://172.16.0.1/x", "https://100.64.0.1/x", "http://fcm.googleapis.com/x", "ftp://fcm.googleapis.com/x",
		"file:///etc/passwd", "https:fcm.googleapis.com", "//fcm.googleapis.com/x", "https://fcm.googleapis.com:8443/x",
		"https://fcm.googleapis.com:/x", "https://fcm.googleapis.com@127.0.0.1" + port + "/x", "https://user:pw@fcm.googleapis.com/x",
		"https://fcm.googleapis.com.attacker.example/x", "https://attackerfcm.googleapis.com.example/x", "https://xfcm.googleapis.com/x",
		"https://push.services.mozilla.com.attacker.example/", "https://push.services.mozilla.com/x", "https://evilpush.services.mozilla.com/x",
		"https://..push.services.mozilla.com/x", "https://fcm.googleapis.com./x", "https://fcm.googleapis.com%2f@127.0.0.1" + port + "/x",
		"https://fcm.googleapis.com\\@127.0.0.1" + port + "/x", "https://127.0.0.1" + port + "#fcm.googleapis.com", "https://127.0.0.1" + port + "?fcm.googleapis.com",
		"https://fcm。googleapis。com/x", "https://a b.push.services.mozilla.com/x", "https://a%00.push.services.mozilla.com/x", "https:///x", "",
	}
	c := config(t, "")
	g := newGateway(t, c, Deps{TLS: &tls.Config{InsecureSkipVerify: true}}) //nolint:gosec // nothing may get as far as TLS.
	g.transport.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("dialled %s", address)
		return nil, errPrivate
	}
	b := newBrowser(t)
	for _, endpoint := range endpoints {
		_, err := g.Send(t.Context(), delivery(b.subscription(endpoint)))
		if f := channels.FailureOf(err); err == nil || f.Class != channels.Rejected {
			t.Errorf("%q: %v, want rejected", endpoint, err)
		} else if strings.Contains(f.Error(), "127.0.0.1") {
			t.Errorf("%q: the error repeats the endpoint", endpoint)
		}
	}
	if n := arrived.Load(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

func TestGoodEndpoints(t *testing.T) {
	c := config(t, "http://127.0.0.1:8090")
	list, err := newServices(c)
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct{ endpoint, want, origin string }{
		{"https://fcm.googleapis.com/fcm/send/a:b", "https://fcm.googleapis.com/fcm/send/a:b", "https://fcm.googleapis.com"},
		{"https://FCM.googleapis.com:443/x#y", "https://fcm.googleapis.com/x", "https://fcm.googleapis.com"},
		{"https://updates.push.services.mozilla.com/wpush/v2/g%2Fx", "https://updates.push.services.mozilla.com/wpush/v2/g%2Fx", "https://updates.push.services.mozilla.com"},
		{"https://wns2-par02p.notify.windows.com/w/?token=B%2b", "https://wns2-par02p.notify.windows.com/w/?token=B%2b", "https://wns2-par02p.notify.windows.com"},
		{"https://web.push.apple.com/Q", "https://web.push.apple.com/Q", "https://web.push.apple.com"},
		{"http://127.0.0.1:8090/s", "http://127.0.0.1:8090/s", "http://127.0.0.1:8090"},
	}
	b := newBrowser(t)
	for _, row := range rows {
		t.Run(row.endpoint, func(t *testing.T) {
			got, err := list.subscription(b.subscription(row.endpoint))
			if err != nil || got.Endpoint != row.want || got.origin != row.origin {
				t.Errorf("endpoint %q, origin %q, %v", got.Endpoint, got.origin, err)
			}
		})
	}
}

// TestRebinding: a good name that suddenly means an address of ours is not connected to.
func TestRebinding(t *testing.T) {
	for _, answer := range []string{"127.0.0.1", "10.1.2.3", "169.254.169.254", "100.100.100.200"} {
		t.Run(answer, func(t *testing.T) {
			g := newGateway(t, config(t, ""), Deps{Resolver: resolver(t, netip.MustParseAddr(answer))})
			b := newBrowser(t)
			_, err := g.Send(t.Context(), delivery(b.subscription("https://fcm.googleapis.com/x")))
			if f := channels.FailureOf(err); f.Class != channels.Transient || f.Reason != "push: address is not public" {
				t.Errorf("got %v, want transient: nothing was handed over, and the name may come right again", err)
			}
		})
	}
}

// TestAllowPrivate: what the configuration names may lie in a private network, and nothing else.
func TestAllowPrivate(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	c := config(t, "")
	c.AllowPrivate = []string{"Push.LAN"}
	list, err := newServices(c)
	if err != nil {
		t.Fatal(err)
	}
	dial := list.dialer(time.Second, resolver(t, netip.MustParseAddr("127.0.0.1")))
	conn, err := dial(t.Context(), "tcp4", "push.lan:"+port)
	if err != nil {
		t.Fatalf("an allowed host: %v", err)
	}
	_ = conn.Close()
	if conn, err := dial(t.Context(), "tcp4", "other.lan:"+port); err == nil {
		_ = conn.Close()
		t.Error("connected to a private address that nobody allowed")
	}
}

func TestIsPublic(t *testing.T) {
	public := []string{"8.8.8.8", "142.250.74.10", "2a00:1450:4001::200a", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "100.128.0.1", "172.32.0.1"}
	private := []string{"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
		"100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.1.1.1",
		"240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1",
		"ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "3fff::1", "5f00::1"}
	for _, s := range public {
		if !isPublic(netip.MustParseAddr(s)) {
			t.Errorf("%s is refused", s)
		}
	}
	for _, s := range private {
		if isPublic(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as public", s)
		}
	}
}

// resolver answers every question for an IPv4 address with the one given.
func resolver(t *testing.T, answer netip.Addr) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(dnsAnswer(question[:n], answer), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// dnsAnswer is a reply to one question (RFC 1035 §4.1): one A record, or none when something else was asked.
func dnsAnswer(question []byte, answer netip.Addr) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	kind := question[end+2]
	end += 5
	reply := append([]byte{question[0], question[1], 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
	if kind == 1 {
		reply[7] = 1
		a := answer.As4()
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, a[0], a[1], a[2], a[3])
	}
	return reply
}

// FuzzSubscription: whatever a stranger stores as a subscription, what passes names a host of the list.
func FuzzSubscription(f *testing.F) {
	f.Add(`{"endpoint":"https://fcm.googleapis.com/x","keys":{"p256dh":"BAAA","auth":"AAAA"}}`)
	f.Add(`{"endpoint":"https://a@fcm.googleapis.com:443/x"}`)
	list, err := newServices(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, address string) {
		// With good keys, so that only the endpoint decides.
		var given struct{ Endpoint string }
		_ = json.Unmarshal([]byte(address), &given)
		good, _ := json.Marshal(map[string]any{"endpoint": given.Endpoint, "keys": map[string]string{
			"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}})
		for _, text := range []string{address, string(good)} {
			got, err := list.subscription(text)
			if err != nil {
				continue
			}
			u, err := url.Parse(got.Endpoint)
			if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.Host != u.Hostname() || !list.allowed(u.Host) {
				t.Errorf("%q became %q", text, got.Endpoint)
			}
		}
	})
}
