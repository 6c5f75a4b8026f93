package console

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/login"
)

// TestALongRequestEndsWithItsCaller: a stream of somebody whose account is closed, or who loses the role, goes on for no more than some
// seconds; that of somebody else goes on.
func TestALongRequestEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(o *office) error{
		"closed":  func(o *office) error { return o.gate.SetDisabled(t.Context(), alerting.Actor{}, "mei", true) },
		"demoted": func(o *office) error { return o.gate.SetRoles(t.Context(), alerting.Actor{}, "mei", nil) },
		"left":    func(o *office) error { return o.gate.Logout(t.Context(), o.tokens["mei"]) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.person("mei", login.Grant{Role: login.Viewer})
			o.person("tomas", login.Grant{Role: login.Viewer})
			o.console.Handler()
			begun, ended := make(chan string, 2), make(chan string, 2)
			h := o.console.asks(MayRead, func(_ http.ResponseWriter, r *http.Request, by alerting.Actor) error {
				begun <- by.Name
				<-r.Context().Done()
				ended <- by.Name
				return nil
			})
			for _, who := range []string{"mei", "tomas"} {
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
				r.Header.Set("Authorization", o.bearer(who))
				go h.ServeHTTP(httptest.NewRecorder(), r)
				<-begun
			}
			if err := end(o); err != nil {
				t.Fatal(err)
			}
			select {
			case who := <-ended:
				if who != "mei" {
					t.Errorf("%s was hung up on", who)
				}
			case <-time.After(20 * time.Second):
				t.Error("the stream goes on")
			}
		})
	}
}

// TestAddress: only the word of our own proxies counts for where a request comes from.
func TestAddress(t *testing.T) {
	c := &Console{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	for _, row := range []struct{ from, said, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "203.0.113.9", "192.0.2.1"},
		{"10.0.0.1:5", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:5", "198.51.100.1, 203.0.113.9, 10.2.2.2", "203.0.113.9"},
		{"10.0.0.1:5", "198.51.100.1, nonsense", "10.0.0.1"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"[::1]:5", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{"[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
		{"[fe80::1%eth0]:5", "", "fe80::/64"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = row.from
		if row.said != "" {
			r.Header.Set("X-Forwarded-For", row.said)
		}
		if got := c.address(r); got != row.want {
			t.Errorf("from %s, said %q: %s, want %s", row.from, row.said, got, row.want)
		}
	}
}
