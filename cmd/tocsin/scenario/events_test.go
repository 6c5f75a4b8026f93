package scenario

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
)

// deliveryIsStreamed: whoever listens hears of every change until everything is settled, and then the stream ends.
func deliveryIsStreamed(t *testing.T, o *Office) {
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "streamed resident", SMS: number, Places: []string{p.Inside(1)}})
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL()+"/api/alerts/"+id.String()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(o.TokenFile("reader"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("%d %s", resp.StatusCode, kind)
	}
	var last report.Status
	event, settled := "", false
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			event = name
			settled = settled || name == "settled"
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && event == "status" {
			if err := json.Unmarshal([]byte(data), &last); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := lines.Err(); err != nil || !settled || last.Alert != id || last.People.Targeted != 1 || last.People.Told != 1 {
		t.Errorf("settled %v, %+v: %v", settled, last, err)
	}
}
