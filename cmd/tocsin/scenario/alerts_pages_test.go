package scenario

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/login"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// TestAlertPages are scenarios that share an office.
func TestAlertPages(t *testing.T) {
	t.Parallel()
	o := alertsOffice(t)
	for _, row := range []struct {
		name string
		run  func(t *testing.T, o *Office)
	}{
		{"stop from the page", stopFromThePage}, {"who may not stop is told so", whoMayNotStop}, {"extend from the page", extendFromThePage},
		{"the archive is searched", archiveIsSearched},
	} {
		t.Run(row.name, func(t *testing.T) { row.run(t, o.For(t)) })
	}
}

// alertsOffice is an office whose alerts need no approval, and whose people work at the pages.
func alertsOffice(t *testing.T) *Office {
	t.Helper()
	return Open(t, Options{Login: true, People: []serve.Ready{{Name: "chief"},
		{Name: "officer", Grants: []login.Grant{{Role: login.DutyOfficer}}},
		{Name: "viewer", Grants: []login.Grant{{Role: login.Viewer}}}}})
}

// stopFromThePage: one person stops a warning from its page, without a script, in the words that he leaves or writes, and everybody who
// was told hears it: the gateway is the witness.
func stopFromThePage(t *testing.T, o *Office) {
	p := o.Plot()
	var people []Person
	for i := range 5 {
		people = append(people, Person{Ref: fmt.Sprint("resident ", i), SMS: o.Number(), Places: []string{p.Inside(i)}})
	}
	o.Import(people...)
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Settled(id)
	b := o.Browser()
	b.LogIn(o, "officer").Has(t, 200, "Flood warning for the harbour", "Live now", "the harbour", "Severe", "5 of 5 settled (100 %)", "<svg", "Nothing waits for you")
	at := "/actual/alerts/" + id.String()
	b.Open(at).Has(t, 200, "Leave the harbour now.", "5 of 5 people told", `href="`+at+`/stop"`, "What the states mean", "The tide is over the wall.", "<caption>Deliveries by channel and state</caption>")
	stream := b.Open(at + "/stream")
	stream.Has(t, 200, "event: delivery\ndata: <div id=\"delivery\"", "5 of 5 people told", "event: settled\n")
	if kind := stream.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Error(kind)
	}
	b.Open(at+"/who?who=resident+3").Has(t, 200, "Person resident 3", "Inside the area", "Text message: Delivered")
	b.Open(at+"/who?who=nobody+such").Has(t, 404, "No person and no siren has the reference", `value="nobody such"`)
	b.Open(at+"/failures").Has(t, 200, "Every delivery so far has arrived")
	if got := o.Of(id); len(got) != 5 {
		t.Fatalf("%d messages", len(got))
	}

	stop := b.Open(at + "/stop")
	stop.Has(t, 200, "5 people who were told", "Cancelled: Flood", "This warning has been cancelled: Flood.", "Stop this warning now", "LIVE WARNING")
	if s, err := o.Status(id); err != nil || s.Status != "done" {
		t.Errorf("looking at the page made it %s", s.Status)
	}
	form := formOf(stop)
	form.Set("note", "the gauge was broken")
	done := b.Send(at+"/stop", form)
	done.Has(t, 200, "The warning is stopped", "This is a cancel", "This warning has been cancelled: Flood")
	cancel, err := alerting.ParseAlertID(strings.TrimPrefix(strings.Split(done.Path, "?")[0], "/actual/alerts/"))
	if err != nil {
		t.Fatal(done.Path, err)
	}
	o.Settled(cancel)
	for _, who := range people {
		texts := o.Texts(cancel, who.SMS)
		if len(texts) != 1 || !strings.HasPrefix(texts[0], "CANCELLED: ") {
			t.Errorf("%s heard %q", who.Ref, texts)
		}
	}
	b.Open(at).Has(t, 200, "Another message took the place of this one", cancel.String())
	refused := b.Send("/actual/alerts/"+cancel.String()+"/stop", url.Values{"note": {"a second thought"}})
	refused.Has(t, 409, `role="alert"`, "it is a cancel itself", "This warning has been cancelled: Flood", "a second thought")
	b.Open(at+"/timeline").Has(t, 200, "First hand-over:", "Replaced by another message", "officer", "Reached")
	if home := b.Open("/actual/"); strings.Contains(home.Text, id.String()) || strings.Contains(home.Text, cancel.String()) {
		t.Error("what was stopped is still shown as live")
	}
	if csv := b.Open(at + "/report?format=csv"); csv.Status != 200 || !strings.Contains(csv.Header.Get("Content-Disposition"), ".csv") || !strings.Contains(csv.Text, "sms") {
		t.Errorf("%d %v %s", csv.Status, csv.Header, csv.Text)
	}
}

// whoMayNotStop: a viewer sees no button, and is refused when he sends the form all the same; nothing is done by a GET.
func whoMayNotStop(t *testing.T, o *Office) {
	p := o.Plot()
	o.Import(Person{Ref: "resident", SMS: o.Number(), Places: []string{p.Inside(1)}})
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Settled(id)
	b := o.Browser()
	b.LogIn(o, "viewer")
	at := "/actual/alerts/" + id.String()
	if page := b.Open(at); page.Status != 200 || strings.Contains(page.Text, at+"/stop") {
		t.Errorf("%d, with a button", page.Status)
	}
	b.Send(at+"/stop", formOf(b.Open(at+"/stop"))).Has(t, 403, "lacks the right cancel")
	b.Open("/exercise/alerts/"+id.String()).Has(t, 404)
	for _, act := range []string{"stop", "all-clear", "extend", "lapse", "proceed"} {
		b.Open(at + "/" + act)
	}
	if s, err := o.Status(id); err != nil || s.StoppedBy != "" || s.Status != "done" {
		t.Errorf("%+v", s)
	}
}

// extendFromThePage: a warning that ends soon is asked about, and may be extended or left to its end right there.
func extendFromThePage(t *testing.T, o *Office) {
	p := o.Plot()
	o.Import(Person{Ref: "resident", SMS: o.Number(), Places: []string{p.Inside(1)}})
	soon := func() alerting.AlertID {
		info := Info(p.Area())
		info.Expires = Soon(15 * time.Minute)
		id := o.Issue(o.Alert(info), client.Order{})
		o.Settled(id)
		return id
	}
	id := soon()
	b := o.Browser()
	at := "/actual/alerts/" + id.String()
	b.LogIn(o, "officer").Has(t, 200, "Ends soon, and nobody has said what becomes of it", at+"/extend", at+"/lapse")
	page := b.Open(at + "/extend")
	b.Send(at+"/extend", url.Values{"until": {"tomorrow"}}).Has(t, 422, "Write the time as", `value="tomorrow"`)
	b.Send(at+"/extend", url.Values{"until": {"2020-01-01T10:00"}}).Has(t, 400, "want a later time")
	b.Send(at+"/extend", formOf(page)).Has(t, 200, "It was issued again, to end later.")
	other := soon()
	b.Send("/actual/alerts/"+other.String()+"/lapse", nil).Has(t, 200, "Noted: it ends as it says.")
	if home := b.Open("/actual/"); strings.Contains(home.Text, "Ends soon, and nobody") {
		t.Error("still asked about")
	}
}

// archiveIsSearched by what people remember of a warning.
func archiveIsSearched(t *testing.T, o *Office) {
	p := o.Plot()
	first, second := Info(p.Area()), Info(p.Area())
	first.Headline = "A flood that is searched for"
	second.Headline, second.Event, second.Severity = "Smoke over the mill & the weir", "Fire", cap.Minor
	second.Categories = []cap.Category{"Fire"}
	toNobody := o.Issue(o.Alert(first), client.Order{})
	o.Settled(toNobody)
	o.Settled(o.Issue(o.Alert(second), client.Order{}))
	b := o.Browser()
	b.LogIn(o, "viewer")
	flood, smoke := "A flood that is searched for", "Smoke over the mill &amp; the weir"
	for _, row := range []struct {
		query        string
		flood, smoke bool
	}{
		{"", true, true}, {"?q=THAT+IS+searched", true, false}, {"?q=mill+%26", false, true}, {"?q=harbour", true, true}, {"?q=100%25", false, false},
		{"?severity=Severe", true, false}, {"?category=Fire&status=live", false, true}, {"?q=mill&status=stopped", false, false},
		{"?from=2020-01-01&to=2020-02-01", false, false}, {"?from=2020-01-01", true, true},
	} {
		page := b.Open("/actual/alerts" + row.query)
		if page.Status != 200 || strings.Contains(page.Text, flood) != row.flood || strings.Contains(page.Text, smoke) != row.smoke {
			t.Errorf("%s: %d, want flood %v and smoke %v\n%s", row.query, page.Status, row.flood, row.smoke, page.Text)
		}
	}
	b.Open("/actual/alerts?from=yesterday").Has(t, 422, "Write the day as")
	b.Open("/exercise/alerts").Has(t, 200, "No warning was issued in this world yet.")
	b.Open("/exercise/").Has(t, 200, "A tour of the desk", `href="/exercise/compose"`)
	b.Open("/office/deadletters").Has(t, 200, "There is none: nothing is stuck.")
	b.Send("/language", url.Values{"lang": {"zh"}, "next": {"/actual/"}}).Has(t, 200, "生效中的预警", "能否发布预警")
	// What fan-out noted of it is English in the books, and Chinese for whoever reads that.
	noted := b.Open("/actual/alerts/" + toNobody.String())
	noted.Has(t, 200, "该区域没有可以通知到的人")
	noted.Lacks(t, "nobody in the area")
}

// formOf is the form of a page as a browser would send it when nobody changes anything.
func formOf(p Page) url.Values {
	out := url.Values{}
	unescape := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;", "&")
	_, main, _ := strings.Cut(p.Text, "<main")
	for _, m := range regexp.MustCompile(`<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"`).FindAllStringSubmatch(main, -1) {
		out.Set(m[1], unescape.Replace(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(main, -1) {
		out.Set(m[1], unescape.Replace(m[2]))
	}
	return out
}
