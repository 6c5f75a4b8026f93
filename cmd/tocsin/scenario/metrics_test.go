package scenario

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"tocsin/cmd/tocsin/client"
)

// figures: what Prometheus reads is well formed, says of every figure what it means, and names nobody; the health pages
// answer.
func figures(t *testing.T, o *Office) {
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "counted", SMS: number, Places: []string{p.Inside(1)}})
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(id, "counted", "sms delivered")
	base := "http://" + o.Addresses.Metrics.String()
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready: [api fanout ledger sms push mail siren]\n"} {
		if status, body := o.Get(base + path); status != http.StatusOK || body != want {
			t.Errorf("%s: %d %q, want %q", path, status, body, want)
		}
	}
	status, text := o.Get(base + "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d %s", status, text)
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatalf("/metrics cannot be read: %v", err)
	}
	for _, problem := range problems {
		t.Errorf("metric %s: %s", problem.Metric, problem.Text)
	}
	families := regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(text, -1)
	ours := 0
	for _, f := range families {
		name := f[1]
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		ours++
		help := regexp.MustCompile(`(?m)^# HELP ` + name + ` (.+)$`).FindStringSubmatch(text)
		if !strings.HasPrefix(name, "tocsin_") || help == nil || len(help[1]) < 15 || !strings.HasSuffix(help[1], ".") {
			t.Errorf("metric %s is not documented by a sentence: %q", name, help)
		}
	}
	if ours < 15 {
		t.Errorf("only %d metrics of our own", ours)
	}
	for _, secret := range []string{number, number[1:], id.String(), "counted", "example.org"} {
		if strings.Contains(text, secret) {
			t.Errorf("/metrics names %q", secret)
		}
	}
	if !regexp.MustCompile(`tocsin_delivery_attempts_total\{[^}]*channel="sms"[^}]*\} [1-9]`).MatchString(text) {
		t.Errorf("the attempts by SMS are not counted:\n%s", grep(text, "tocsin_delivery_attempts_total"))
	}
}

func grep(text, part string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// wantDiscretion checks that the engine's log names nobody: no number, no mailbox, no subscription, no secret.
func wantDiscretion(t *testing.T, o *Office) {
	t.Helper()
	text := o.Log()
	if !strings.Contains(text, "tocsin runs") {
		t.Error("the log was not kept")
	}
	for what, pattern := range map[string]string{
		"a phone number": `\+?1[2-9]\d{2}555\d{4}`, "a mailbox": `resident\d+@`, "a subscription": `/push/1-\d+`, "a secret": `Bearer|Basic `,
	} {
		if found := regexp.MustCompile(pattern).FindString(text); found != "" {
			t.Errorf("the log holds %s: %s", what, fmt.Sprintf("%.200s", grep(text, found)))
		}
	}
}
