package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/login"
	"tocsin/cap"
	"tocsin/cmd/tocsin/serve"
)

// signersOffice is an office whose people sign with passwords at the pages; what is Extreme wants the place picked.
func signersOffice(t *testing.T) *Office {
	t.Helper()
	o := Open(t, Options{Login: true, Approvals: true, Policy: "{id: red, severity: Extreme, worlds: [actual], approvals: 1, pick_place: true}",
		People: []serve.Ready{{Name: "chief"},
			{Name: "author", Grants: []login.Grant{{Role: login.Author}}},
			{Name: "approver", Grants: []login.Grant{{Role: login.Approver}}},
			{Name: "officer", Grants: []login.Grant{{Role: login.DutyOfficer}}}}})
	o.ImportCSV("units", "code,name\nADM=1,the harbour\nADM=2,the mill\nADM=3,the old town\nADM=4,the hill\n")
	return o
}

// signingPassword is that of somebody's signing key.
func signingPassword(name string) string { return "seven green kettles " + name }

// makesKey has somebody make a key at the page, which two founders then enrol.
func (b *Browser) makesKey(o *Office, name string, rights ...approval.Right) {
	b.tb.Helper()
	made := b.Send("/account/key", url.Values{"key_password": {signingPassword(name)}, "key_again_password": {signingPassword(name)}})
	key, err := approval.ParseKey(made.Find(b.tb, `<code[^>]*>(password:[^<]*)</code>`))
	if err != nil {
		b.tb.Fatal(err)
	}
	o.enrol(o.tb, name, key, rights...)
}

// drafts keeps an alert as a draft of whoever is logged in.
func (b *Browser) drafts(o *Office, a *cap.Alert) desk.Draft {
	b.tb.Helper()
	p := b.Ask("POST", "/api/drafts", "application/cap+xml", o.Document(a))
	var d desk.Draft
	if err := json.Unmarshal([]byte(p.Text), &d); err != nil || p.Status != 201 {
		b.tb.Fatalf("%d %s %v", p.Status, p.Text, err)
	}
	return d
}

// red is an alert that wants its place picked.
func (o *Office) red(p Plot) *cap.Alert {
	info := Info(p.Area())
	info.Severity = cap.Extreme
	return o.Alert(info)
}

// TestADraftGoesOutThroughThePages: written by one, submitted and signed with a password, refused to its author, approved by another with
// the place and a password, all without JavaScript. The oracle is what the gateways received.
func TestADraftGoesOutThroughThePages(t *testing.T) {
	t.Parallel()
	o := signersOffice(t)
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}})
	author, approver := o.Browser(), o.Browser()
	author.LogIn(o, "author")
	approver.LogIn(o, "approver")
	author.makesKey(o, "author", approval.MayAuthor)
	approver.makesKey(o, "approver", approval.MayApprove)

	d := author.drafts(o, o.red(p))
	page := "/actual/drafts/" + d.ID
	author.Open("/actual/drafts").Has(t, 200, "Your drafts", "Flood warning for the harbour", "being written", "(you)")
	approver.Open("/actual/drafts").Has(t, 200, "Nothing waits for your approval")
	approver.Open("/exercise/drafts").Lacks(t, "Flood warning")
	author.Open(page).Has(t, 200, "Submit for approval", "Leave the harbour now.", "Extreme: extraordinary threat", "the harbour", "What people get", "Save the XML")
	approver.Open(page).Lacks(t, "Submit for approval", "Check and approve")

	// A time that is over, a wrong version and a wrong password are told on the form; the last after it was submitted.
	submit := author.Open(page + "/submit")
	submit.Has(t, 200, "Your signing password", "one other person is enough")
	version := submit.Find(t, `name="version" value="(\d+)"`)
	author.Send(page+"/submit", url.Values{"version": {version}, "when": {"later"}, "at": {"2020-01-01T10:00"}}).Has(t, 400, "That time is over", `value="2020-01-01T10:00"`)
	author.Send(page+"/submit", url.Values{"version": {version}, "when": {"later"}, "at": {"soon"}}).Has(t, 400, "Say day and time")
	author.Send(page+"/submit", url.Values{"version": {"7"}, "when": {"now"}}).Has(t, 404, "author saved version 1 while you were at version 7")
	author.Send(page+"/submit", url.Values{"version": {version}, "when": {"now"}, "password": {"wrong wrong wrong"}}).Has(t, 403, "Nothing was signed", "Sign as the author")
	author.Send(page+"/sign", url.Values{"version": {version}, "password": {signingPassword("author")}}).
		Has(t, 200, "Signed.", "You wrote this, so somebody else must approve it", "Waiting for one of: approver, ", "approvals still needed: 1 (rule red)", "author: as the author")

	// The author is offered nothing, and refused what he sends all the same.
	author.Open(page).Lacks(t, "Check and approve", "/sign\"")
	author.Open(page+"/approve").Has(t, 200, "somebody else must approve it")
	author.Open(page+"/approve").Lacks(t, "<form method=\"post\" action=\""+page)
	author.Send(page+"/approve", url.Values{"version": {version}, "password": {signingPassword("author")}}).Has(t, 403, "It was not approved")

	// The approver sees what it is, picks the place, and types the password.
	approver.Open("/actual/drafts").Has(t, 200, "Waiting for your approval", "Flood warning for the harbour", "approvals still needed: 1 (rule red)")
	approver.Open(page).Has(t, 200, "Check and approve")
	confirm := approver.Open(page + "/approve")
	confirm.Has(t, 200, "confirmation kind-actual", "LIVE WARNING", "1 person", `type="radio"`, `value="the harbour"`, "Your signing password", "goes out at once")
	good := url.Values{"version": {version}, "challenge": {confirm.Find(t, `name="challenge" value="([^"]+)"`)}, "place": {"the harbour"}, "password": {signingPassword("approver")}}
	with := func(name, value string) url.Values {
		v := url.Values{}
		for k := range good {
			v.Set(k, good.Get(k))
		}
		v.Set(name, value)
		return v
	}
	approver.Send(page+"/approve", with("password", "wrong wrong wrong")).Has(t, 403, "It was not approved", "confirmation kind-actual")
	approver.Send(page+"/approve", with("place", "the mill")).Has(t, 403, "that is not the place")
	approver.Send(page+"/approve", with("place", "")).Has(t, 403, "must pick its place")
	if n := len(o.Arrivals()); n != 0 {
		t.Fatalf("%d messages left before the approval", n)
	}
	out := approver.Send(page+"/approve", good)
	out.Has(t, 200, "Approved. It goes out now.", "This has been sent", "Watch the delivery")
	o.Became(d.Alert, "resident", "sms delivered")
	if texts := o.Texts(d.Alert, number); len(texts) != 1 || !strings.Contains(texts[0], "Leave the harbour now.") {
		t.Errorf("%q", texts)
	}
	// Twice is told, and does nothing.
	approver.Send(page+"/approve", good).Has(t, 409, "The draft is in another state by now: sent.")
	if n := len(o.Arrivals()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	approver.Open("/actual/drafts").Has(t, 200, "Nothing waits for your approval", "There is no other.")
	approver.Open("/actual/drafts?state=released").Has(t, 200, "Flood warning for the harbour", "Take the filter away")
	approver.Open("/actual/drafts?state=released&author=nobody").Has(t, 200, "No draft fits")
	if saved := approver.Open(page + "/document"); saved.Text != string(d.Document) {
		t.Errorf("the document that is saved is another: %.200s", saved.Text)
	}
	approver.Send("/language", url.Values{"lang": {"zh"}, "next": {page}}).Has(t, 200, "已发布", "查看发送进度")
	// What the API refuses is said in the language of the page, too.
	approver.Send(page+"/approve", good).Has(t, 409, "的状态是“已发布”，不能这样办理：须为 待审批")
}

// TestTheOneWhoReadsAnOldVersionIsTold: two people at one draft. Who approves, returns or submits what was changed meanwhile is told who
// changed it and what to do, and does nothing.
func TestTheOneWhoReadsAnOldVersionIsTold(t *testing.T) {
	t.Parallel()
	o := signersOffice(t)
	p := o.Plot()
	author, approver := o.Browser(), o.Browser()
	author.LogIn(o, "author")
	approver.LogIn(o, "approver")
	author.makesKey(o, "author", approval.MayAuthor)
	approver.makesKey(o, "approver", approval.MayApprove)
	a := o.Alert(Info(p.Area()))
	d := author.drafts(o, a)
	page := "/actual/drafts/" + d.ID
	author.Send(page+"/submit", url.Values{"version": {"1"}, "when": {"now"}, "password": {signingPassword("author")}}).Has(t, 200, "Signed.")
	approver.Open(page+"/approve").Has(t, 200, `name="version" value="1"`)

	a.Infos[0].Headline = "Flood warning for the mill"
	r := author.Ask("PUT", "/api/drafts/"+d.ID, "application/cap+xml", o.Document(a))
	if r.Status != 400 { // without If-Match
		t.Fatal(r.Status)
	}
	author.amends(o, d.ID, 1, a)
	author.Send(page+"/submit", url.Values{"version": {"2"}, "when": {"now"}, "password": {signingPassword("author")}}).Has(t, 200, "Signed.")
	shown := approver.Open(page)
	shown.Has(t, 200, "What has changed since it was last submitted", "<del>Flood warning for the harbour</del>", "<ins>Flood warning for the mill</ins>", "Older versions", `<svg`)
	approver.Open(page+"?from=1").Has(t, 200, "What has changed since version 1")
	if first := approver.Open(page + "/versions/1"); first.Text != string(d.Document) {
		t.Errorf("the first version is another: %.200s", first.Text)
	}
	approver.Open(page+"/now").Has(t, 200, `<div id="draft-now"`, "waiting for approval")
	approver.Open(page+"/shapes").Has(t, 200, `"FeatureCollection"`)
	old := url.Values{"version": {"1"}, "password": {signingPassword("approver")}, "reason": {"the place is missing"}}
	stale := "author saved version 2 while you were at version 1. Read the new version, then decide."
	approver.Send(page+"/approve", old).Has(t, 409, stale, "Read the new version</a>")
	approver.Send(page+"/end/return", old).Has(t, 409, stale)
	if n := len(o.Arrivals()); n != 0 {
		t.Fatalf("%d messages left", n)
	}
	// A reason must be given; returned, it comes back to its author, with the reason before all else.
	approver.Open(page+"/end/return").Has(t, 200, "Return to the author")
	approver.Send(page+"/end/return", url.Values{"version": {"2"}, "reason": {" "}}).Has(t, 400, "Say why, in a few words")
	approver.Send(page+"/end/return", url.Values{"version": {"2"}, "reason": {"which mill?"}}).Has(t, 200, "Returned to the author.", "which mill?")
	author.Open(page).Has(t, 200, "Returned, because:", "which mill?", "Submit for approval")
	author.Open("/actual/drafts").Has(t, 200, "returned to the author")
	author.Send(page+"/submit", url.Values{"version": {"2"}, "when": {"later"}, "at": {time.Now().UTC().Add(30 * time.Minute).Format("2006-01-02T15:04")}, "password": {signingPassword("author")}}).
		Has(t, 200, "Signed.")
	// It waits for its time once it is approved, and can be withdrawn until then; to nobody was anything sent.
	approver.Open(page+"/approve").Has(t, 200, "Once everybody has signed it goes out at")
	approver.Send(page+"/approve", url.Values{"version": {"2"}, "password": {signingPassword("approver")}}).Has(t, 200, "Approved.", "Goes out at")
	approver.Open(page+"/end/withdraw").Has(t, 200, "not for you")
	author.Send(page+"/end/withdraw", url.Values{"version": {"2"}, "reason": {"the tide turned"}}).Has(t, 200, "Withdrawn.", "the tide turned")
	other := author.drafts(o, o.Alert(Info(p.Area())))
	page = "/actual/drafts/" + other.ID
	author.Send(page+"/submit", url.Values{"version": {"1"}, "when": {"now"}}).Has(t, 200, "Submitted.")
	approver.Open(page+"/end/nothing").Has(t, 404)
	approver.Send(page+"/end/reject", url.Values{"version": {"1"}, "reason": {"twice"}}).Has(t, 200, "Rejected.", "Rejected, because:")
	author.Send(page+"/end/withdraw", url.Values{"version": {"1"}, "reason": {"twice"}}).Has(t, 409, "another state by now: rejected")
	author.Open("/exercise/drafts/"+other.ID).Has(t, 404)
	if n := len(o.Arrivals()); n != 0 {
		t.Fatalf("%d messages left", n)
	}
}

// amends puts a new version in the place of one.
func (b *Browser) amends(o *Office, id string, version int, a *cap.Alert) {
	b.tb.Helper()
	r, err := http.NewRequest(http.MethodPut, b.base+"/api/drafts/"+id, bytes.NewReader(o.Document(a)))
	if err != nil {
		b.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/cap+xml")
	r.Header.Set("If-Match", fmt.Sprintf("%q", strconv.Itoa(version)))
	r.Header.Set("Origin", b.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if p := b.do(r); p.Status != 200 {
		b.tb.Fatalf("%d %s", p.Status, p.Text)
	}
}
