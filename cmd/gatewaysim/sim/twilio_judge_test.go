package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"tocsin/cmd/gatewaysim/sim"
)

// check is a question to the judge: is this signature good?
type check struct {
	Do        string            `json:"do"`
	Token     string            `json:"token"`
	URL       string            `json:"url"`
	Params    map[string]string `json:"params"`
	Signature string            `json:"signature"`

	want bool
	what string
}

// TestTwilioJudge has the npm package twilio check the callbacks that the simulator signs: it takes them all, and none
// that was altered. TOCSIN_TEST_TWILIO is the script that asks the package, .ci/judges/twilio.cjs; node must find the
// package (NODE_PATH).
func TestTwilioJudge(t *testing.T) {
	script := os.Getenv("TOCSIN_TEST_TWILIO")
	if script == "" {
		t.Skip("TOCSIN_TEST_TWILIO names no script that asks the npm package twilio")
	}
	checks := alter(callbacks(t))
	answers := validate(t, script, checks)
	for i, c := range checks {
		if answers[i] != c.want {
			t.Errorf("%s: the judge says %v, want %v", c.what, answers[i], c.want)
		}
	}
}

// callbacks has the simulator post callbacks of every kind, and gives them as they came.
func callbacks(t *testing.T) []check {
	t.Helper()
	var mu sync.Mutex
	var got []check
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := check{Do: "check", Token: sim.DefaultToken, URL: "http://" + r.Host + r.RequestURI, Params: make(map[string]string),
			Signature: r.Header.Get("X-Twilio-Signature"), want: true, what: "genuine"}
		if r.ParseForm() == nil {
			for name := range r.PostForm {
				c.Params[name] = r.PostForm.Get(name)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, c)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	s := start(t, func(c *sim.Config) {
		c.Faults = []sim.Rule{{On: sim.SMS, Kind: sim.CallbackFail, Every: 3, Code: 30003}}
	})
	service, _ := twilio(s, sim.DefaultToken)
	const messages = 30
	for n := range messages {
		address := server.URL + "/callbacks/sms?t=" + strings.Repeat("a%2Bb%3D", n%4) + "&alert=ä&n=1"
		if _, err := service.CreateMessage(message(fmt.Sprintf("+2507880000%02d", n), "洪水 & flood", address)); err != nil {
			t.Fatal(err)
		}
	}
	all := func() []check {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
	eventually(t, "all callbacks", func() bool { return len(all()) >= 2*messages })
	return all()
}

// alter adds to each genuine callback the ways in which one may be forged.
func alter(genuine []check) []check {
	checks := genuine
	for _, c := range genuine {
		forged := func(what string, change func(*check)) {
			f := c
			f.Params, f.want, f.what = maps.Clone(c.Params), false, what
			change(&f)
			checks = append(checks, f)
		}
		forged("another status", func(f *check) { f.Params["MessageStatus"] = "read" })
		forged("a field more", func(f *check) { f.Params["ErrorMessage"] = "x" })
		forged("another URL", func(f *check) { f.URL += "2" })
		forged("another token", func(f *check) { f.Token += "0" })
		forged("a spoiled signature", func(f *check) {
			b := []byte(f.Signature)
			b[5] ^= 2
			f.Signature = string(b)
		})
	}
	return checks
}

// validate asks the judge about all signatures at once.
func validate(t *testing.T, script string, checks []check) []bool {
	t.Helper()
	var in bytes.Buffer
	for _, c := range checks {
		if err := json.NewEncoder(&in).Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	node := exec.CommandContext(t.Context(), "node", script)
	node.Stdin, node.Stderr = &in, os.Stderr
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
	var answers []bool
	for line := range bytes.Lines(out) {
		var a struct {
			Valid *bool `json:"valid"`
		}
		if err := json.Unmarshal(line, &a); err != nil || a.Valid == nil {
			t.Fatalf("the judge says %q: %v", line, err)
		}
		answers = append(answers, *a.Valid)
	}
	if len(answers) != len(checks) {
		t.Fatalf("%d answers to %d questions", len(answers), len(checks))
	}
	return answers
}
