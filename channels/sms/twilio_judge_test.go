package sms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// signing is a question to the judge, and what it answers.
type signing struct {
	Do        string            `json:"do,omitempty"`
	Token     string            `json:"token,omitempty"`
	URL       string            `json:"url,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	Signature string            `json:"signature,omitempty"`
}

// TestTwilioJudge has the npm package twilio sign callbacks: we take them, and take none that was altered.
// TOCSIN_TEST_TWILIO is the script that asks the package, .ci/judges/twilio.cjs; node must find the package (NODE_PATH).
func TestTwilioJudge(t *testing.T) {
	script := os.Getenv("TOCSIN_TEST_TWILIO")
	if script == "" {
		t.Skip("TOCSIN_TEST_TWILIO names no script that asks the npm package twilio")
	}
	const path = "/callbacks/sms?t=good"
	random := rand.New(rand.NewPCG(7, 2026))
	var questions []signing
	for n := range 300 {
		questions = append(questions, signing{Do: "sign", Token: token, URL: "https://warn.example.org/api" + path, Params: callbackOf(random, n)})
	}
	d := newDesk(t)
	for i, answer := range askTwilio(t, script, questions) {
		form := make(url.Values)
		for name, value := range questions[i].Params {
			form.Set(name, value)
		}
		if w := d.postSigned(path, form, answer.Signature); w.Code != http.StatusNoContent {
			t.Fatalf("callback %d, signed by the judge, is answered %d: %v", i, w.Code, form)
		}
		taken := len(d.receipts)
		altered := []byte(answer.Signature)
		altered[random.IntN(len(altered)-2)] ^= 2
		form.Set("To", form.Get("To")+"0")
		for what, w := range map[string]*httptest.ResponseRecorder{
			"a changed field":       d.postSigned(path, form, answer.Signature),
			"another URL":           d.postSigned(path+"&x=1", form, answer.Signature),
			"a spoiled signature":   d.postSigned(path, form, string(altered)),
			"no signature":          d.postSigned(path, form, ""),
			"a shortened signature": d.postSigned(path, form, answer.Signature[:8]),
		} {
			if w.Code != http.StatusForbidden {
				t.Fatalf("callback %d with %s is answered %d, want 403", i, what, w.Code)
			}
		}
		if len(d.receipts) != taken {
			t.Fatalf("callback %d: an altered one was journalled", i)
		}
	}
}

// callbackOf makes the fields of a status callback, with whatever else Twilio may add one day.
func callbackOf(random *rand.Rand, n int) map[string]string {
	words := []string{"", " ", "Kraków", "你好", "🌊", "a+b", "100%", "x&y=z", "ÄÖ\r\nü", "\"'<>", "\u00a0", strings.Repeat("long ", 50)}
	statuses := []string{"queued", "sent", "delivered", "undelivered", "failed"}
	params := map[string]string{"AccountSid": account, "ApiVersion": "2010-04-01", "MessageSid": fmt.Sprintf("SM%032x", n),
		"MessageStatus": statuses[random.IntN(len(statuses))], "To": fmt.Sprintf("+6421%07d", random.IntN(1e7))}
	for i := range random.IntN(6) {
		params["Extra"+strconv.Itoa(i)+words[random.IntN(5)]] = words[random.IntN(len(words))]
	}
	if random.IntN(2) == 0 {
		params["ErrorCode"] = strconv.Itoa(30000 + random.IntN(10))
	}
	return params
}

// postSigned sends a callback with a signature of the caller's choice.
func (d *desk) postSigned(path string, form url.Values, signature string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	if signature != "" {
		r.Header.Set("X-Twilio-Signature", signature)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// askTwilio puts all questions to the judge at once.
func askTwilio(t *testing.T, script string, questions []signing) []signing {
	t.Helper()
	var in bytes.Buffer
	for _, q := range questions {
		if err := json.NewEncoder(&in).Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	node := exec.CommandContext(t.Context(), "node", script)
	node.Stdin, node.Stderr = &in, os.Stderr
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
	answers := make([]signing, 0, len(questions))
	for line := range bytes.Lines(out) {
		var a signing
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("the judge says %q: %v", line, err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}
