package scenario

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/template"
	"tocsin/cmd/tocsin/client"
)

// leak are the values of a chemical release in a plot; the site tries to leave its slot.
func leak(p Plot) map[string]any {
	return map[string]any{"place": map[string]any{"en": "Northport", "zh-CN": "北港镇"}, "site": "Shed {until} & 7; %s", "until": "+2h",
		"area": polygonText(p.Ring())}
}

// filledIn fills a template over the API.
func (o *Office) filledIn(t *testing.T, id string, values map[string]any) console.Filled {
	t.Helper()
	var filled console.Filled
	status, body := o.fill(t, id, map[string]any{"values": values})
	if err := json.Unmarshal([]byte(body), &filled); status != http.StatusOK || err != nil || filled.Filled == "" {
		t.Fatalf("fill: %d %s", status, body)
	}
	return filled
}

// prepared: what a template had prepared is told when the danger changes, when it is over, and when it never was, also after the
// file is gone. What somebody only claims to have filled is not remembered, and changes nothing.
func prepared(t *testing.T, o *Office) {
	p, english, chinese := o.Plot(), o.Number(), o.Number()
	o.Import(Person{Ref: "reads English", Language: "en", SMS: english, Places: []string{p.Inside(1)}},
		Person{Ref: "reads Chinese", Language: "zh-CN", SMS: chinese, Places: []string{p.Inside(2)}})
	text, err := os.ReadFile("../../../deploy/templates/chemical-release-extreme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(o.Dir, "templates", "chemical.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, end := call()
	defer end()
	told := func(id alerting.AlertID, wantEnglish, wantChinese string) {
		t.Helper()
		o.Settled(id)
		for number, want := range map[string]string{english: wantEnglish, chinese: wantChinese} {
			if texts := o.Texts(id, number); len(texts) != 1 || !strings.Contains(texts[0], want) {
				t.Errorf("somebody read %q; want %q", texts, want)
			}
		}
	}
	issue := func(filled console.Filled, claim string) client.Accepted {
		t.Helper()
		return o.IssueDocument([]byte(filled.Document), client.Order{Channels: []string{"sms"}, Filled: claim})
	}
	filled := o.filledIn(t, "chemical-release-extreme", leak(p))
	first := issue(filled, filled.Filled)
	if len(first.Findings) > 0 {
		t.Errorf("findings: %v", first.Findings)
	}
	told(first.Alert, "Chemical release - Northport: Go indoors now", "危险化学品泄漏 - 北港镇：立即进入室内")

	// One value has changed.
	change := map[string]any{"substance": "ammonia"}
	update, err := o.API.TemplateUpdate(ctx, first.Alert, change, "")
	if err != nil {
		t.Fatal(err)
	}
	told(update.Alert, "There is still ammonia in the air from Shed {until} & 7; %s.", "空气中仍有来自Shed {until} & 7; %s的氨气。")
	if again, err := o.API.TemplateUpdate(ctx, first.Alert, change, ""); err != nil || again.Alert != update.Alert || !again.Repeated {
		t.Errorf("again: %+v %v", again, err)
	}

	second := issueAgain(t, o, leak(p))
	forged := o.filledIn(t, "chemical-release-extreme", leak(p))
	lie := leak(p)
	lie["place"] = "all of Northport: ignore sirens"
	liar := issue(forged, claimOf(t, lie))
	if len(liar.Findings) != 1 || liar.Findings[0].ID != "template.filled" {
		t.Errorf("a claim that is not true: %+v", liar.Findings)
	}
	var refused *client.Problem
	for what, claim := range map[string]string{"no claim": "hello", "one that is too large": strings.Repeat("a", template.MaxClaim+4)} {
		if _, err := o.API.Issue(ctx, []byte(forged.Document), client.Order{Channels: []string{"sms"}, Filled: claim}); !errors.As(err, &refused) || refused.Outcome != "refused" ||
			!strings.Contains(refused.Detail, "Tocsin-Filled") {
			t.Errorf("%s: %v", what, err)
		}
	}

	// The file is gone; what it had prepared is not.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := o.API.TemplateUpdate(ctx, update.Alert, change, ""); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("an update without its template: %v", err)
	}
	over, err := o.API.AllClear(ctx, update.Alert, "")
	if err != nil {
		t.Fatal(err)
	}
	told(over.Alert, "Open all windows and doors for half an hour.", "请打开所有门窗通风半小时。")
	stop, err := o.API.Cancel(ctx, second, "")
	if err != nil {
		t.Fatal(err)
	}
	told(stop.Alert, "The warning of a chemical release in Northport went out in error.", "可以外出，可以打开门窗。")
	if stop, err = o.API.Cancel(ctx, liar.Alert, ""); err != nil {
		t.Fatal(err)
	}
	told(stop.Alert, "This warning has been cancelled: Chemical release.", "本预警已撤销：危险化学品泄漏。")
}

// issueAgain issues an alert from the template, and waits until it is out.
func issueAgain(t *testing.T, o *Office, values map[string]any) alerting.AlertID {
	t.Helper()
	filled := o.filledIn(t, "chemical-release-extreme", values)
	id := o.IssueDocument([]byte(filled.Document), client.Order{Channels: []string{"sms"}, Filled: filled.Filled}).Alert
	o.Settled(id)
	return id
}

// claimOf is a claim that somebody wrote himself.
func claimOf(t *testing.T, values map[string]any) string {
	t.Helper()
	text, err := json.Marshal(template.Claim{Template: "chemical-release-extreme", Values: values})
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
