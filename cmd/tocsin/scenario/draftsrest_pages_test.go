package scenario

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// coast lets an operator release first within a plot, as two founders have signed.
func (o *Office) coast(operator string, p Plot) string {
	o.tb.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	var points [][2]float64
	for _, at := range p.Ring() {
		points = append(points, [2]float64{at.Lat, at.Lon})
	}
	s := alerting.StandingOrder{Name: "coast", Kind: approval.Countersigned, Operators: []string{operator}, CountersignWithin: 15, Reason: "nights with one officer", At: now,
		Bounds: alerting.StandingBounds{Categories: []string{"Met"}, Severity: "Extreme", Channels: alerting.Channels(), People: 100, Sirens: 100, PerHour: 10, Burst: 10,
			Polygons: [][][2]float64{points}, From: now.Add(-time.Hour), Until: now.Add(time.Hour)}}
	for _, admin := range Operators()[:2] {
		a, err := approval.SignStanding(o.signer(admin), s, admin, now)
		if err != nil {
			o.tb.Fatal(err)
		}
		s.By = append(s.By, a)
	}
	ctx, cancel := call()
	defer cancel()
	id, err := o.Caller("first").Authorise(ctx, s)
	if err != nil {
		o.tb.Fatal(err)
	}
	return id
}

// TestWhatWaitsBesideDrafts: an alert that went out first is countersigned, a message in quarantine becomes a draft, and an administrative
// change is made with its second signature, all at the pages and with passwords.
func TestWhatWaitsBesideDrafts(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Login: true, Approvals: true, Gateways: map[string]string{"sms": "rate: 20"}, Inbox: `{name: weather, anchor_files: ["{{partner}}"]}`, People: []serve.Ready{{Name: "chief"},
		{Name: "deputy", Grants: []login.Grant{{Role: login.Administrator}}},
		{Name: "officer", Grants: []login.Grant{{Role: login.DutyOfficer}}},
		{Name: "approver", Grants: []login.Grant{{Role: login.Approver}, {Role: login.Administrator}}}}})
	p, number := o.Plot(), o.Number()
	other := o.Plot()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}}, Person{Ref: "elsewhere", SMS: o.Number(), Places: []string{other.Inside(1)}})
	officer, approver, deputy := o.Browser(), o.Browser(), o.Browser()
	officer.LogIn(o, "officer")
	approver.LogIn(o, "approver")
	deputy.LogIn(o, "deputy")
	officer.makesKey(o, "officer", approval.MayAuthor, approval.MayApprove, approval.MayAdminister)
	approver.makesKey(o, "approver", approval.MayApprove, approval.MayAdminister)

	t.Run("countersigned", func(t *testing.T) {
		standing := o.coast("officer", p)
		d := officer.drafts(o, o.Alert(Info(p.Area())))
		officer.Send("/actual/drafts/"+d.ID+"/submit", url.Values{"version": {"1"}, "when": {"now"}}).Has(t, 200, "Submitted.")
		first := "/actual/drafts/" + d.ID + "/release-first"
		officer.Open("/actual/drafts/"+d.ID).Has(t, 200, first, "Send first")
		approver.Open("/actual/drafts/"+d.ID).Lacks(t, first)
		approver.Open(first).Has(t, 200, "officer")
		officer.Open(first).Has(t, 200, "goes out at once", "within 15 minutes", "approver", "coast", "LIVE WARNING", standing)
		sends := func(path, password string) Page {
			return officer.Send(path, url.Values{"version": {"1"}, "standing": {standing}, "password": {password}})
		}
		sends(first, "wrong wrong wrong").Has(t, 403, "Nothing was sent", "Send it now")
		beyond := officer.drafts(o, o.Alert(Info(other.Area())))
		officer.Send("/actual/drafts/"+beyond.ID+"/submit", url.Values{"version": {"1"}, "when": {"now"}}).Has(t, 200, "Submitted.")
		sends("/actual/drafts/"+beyond.ID+"/release-first", signingPassword("officer")).Has(t, 403, "Nothing was sent")
		sends(first, signingPassword("officer")).Has(t, 200, "It is on its way", "released")
		o.Became(d.Alert, "resident", "sms delivered")
		officer.Open(first).Has(t, 200, "does not wait")
		page := "/actual/alerts/" + d.Alert.String() + "/countersign"
		approver.Open("/actual/drafts").Has(t, 200, "Already out, still to be countersigned", page, "Flood warning for the harbour, released by officer", "Time left: 1")
		approver.Open("/exercise/drafts").Lacks(t, page)
		officer.Open(page).Has(t, 200, "somebody else must countersign")
		officer.Send(page, url.Values{"password": {signingPassword("officer")}}).Has(t, 403, "Nothing was signed")
		approver.Open(page).Has(t, 200, "LIVE WARNING", "1 person", "Your signing password")
		approver.Send(page, url.Values{"password": {"wrong wrong wrong"}}).Has(t, 403, "Nothing was signed")
		approver.Send(page, url.Values{"password": {signingPassword("approver")}}).Has(t, 200, "Countersigned.")
		approver.Open("/actual/drafts").Lacks(t, "still to be countersigned")
	})
	t.Run("public tests", func(t *testing.T) {
		ctx, cancel := call()
		defer cancel()
		if err := o.Caller("first").OpenWindow(ctx, o.window("spring", p, nil, "first", "second")); err != nil {
			t.Fatal(err)
		}
		approver.Open("/test/windows").Has(t, 200, "spring", "open: tests reach the public", "SMS", "first, second", "/test/windows/spring")
		approver.Open("/test/drafts").Has(t, 200, `href="/test/windows"`)
		approver.Open("/actual/windows").Has(t, 404)
	})
	t.Run("a message in quarantine", func(t *testing.T) {
		hoax := o.Alert(Info(p.Area()))
		hoax.Infos[0].Headline = "A hoax"
		ctx, cancel := call()
		defer cancel()
		letter, err := o.API.PutInbox(ctx, "weather", o.Document(hoax))
		if err != nil {
			t.Fatal(err)
		}
		page := "/inbox/" + letter.ID
		officer.Open("/inbox?state=quarantined").Has(t, 200, "A hoax", "weather", "in quarantine")
		officer.Open(page).Has(t, 200, "From weather: A hoax", "Nobody vouches for this message")
		approver.Open(page).Lacks(t, "Take it, as a draft")
		officer.Send(page, url.Values{"act": {"release"}}).Has(t, 400, "Say why, in a few words")
		officer.Send(page, url.Values{"act": {"release"}, "reason": {"the weather service has confirmed it by telephone"}}).Has(t, 200, "It is a draft now", "/actual/drafts/d")
		officer.Send(page, url.Values{"act": {"drop"}, "reason": {"twice"}}).Has(t, 409, "Nothing was changed.")
	})
	t.Run("an administrative change", func(t *testing.T) {
		r := deputy.Ask("POST", "/api/changes", "application/json", []byte(`{"kind": "gateway.rate", "reason": "the office has a new contract", "body": {"gateway": "sms", "rate": 0.5}}`))
		var made struct{ ID, SHA256 string }
		if err := json.Unmarshal([]byte(r.Text), &made); err != nil || r.Status != 201 {
			t.Fatalf("%d %s %v", r.Status, r.Text, err)
		}
		page := "/office/changes/" + made.ID
		approver.Open("/office/changes").Has(t, 200, "rate of a gateway", page, "waiting for a signature", "deputy")
		shown := approver.Open(page)
		shown.Has(t, 200, "What would be different", "gateway sms", "Sign this change", "the office has a new contract")
		sum := shown.Find(t, `name="sha256" value="([0-9a-f]+)"`)
		deputy.Open(page).Has(t, 200, "You have no key to sign with here")
		approver.Send(page+"/sign", url.Values{"sha256": {sum}, "password": {"wrong wrong wrong"}}).Has(t, 403, "Nothing was signed")
		approver.Send(page+"/sign", url.Values{"sha256": {sum}, "password": {signingPassword("approver")}}).Has(t, 200, "Signed.", "You have signed this")
		approver.Send(page+"/sign", url.Values{"sha256": {sum}, "password": {signingPassword("approver")}}).Has(t, 409, "somebody else must")
		approver.Open(page+"/body").Has(t, 200, `"gateway"`)
		approver.Send(page+"/withdraw", url.Values{"reason": {""}}).Has(t, 400, "Say why")
		officer.Send(page+"/sign", url.Values{"sha256": {sum}, "password": {signingPassword("officer")}}).Has(t, 200, "The change is made", "made")
		approver.Open("/office/changes?state=applied").Has(t, 200, page)
		approver.Send(page+"/withdraw", url.Values{"reason": {"too late"}}).Has(t, 409, "Nothing was changed.")
	})
}
