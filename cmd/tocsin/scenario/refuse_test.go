package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
)

// changed writes an alert and changes its text: what no writer of ours would write.
func (o *Office) changed(a *cap.Alert, pairs ...string) string {
	o.tb.Helper()
	text := string(o.Document(a))
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			o.tb.Fatalf("the document does not hold %q:\n%s", pairs[i], text)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// badDocument is a document that must not be issued, and the rules that it breaks.
type badDocument struct {
	name, text string
	rules      []string
}

// badDocuments: malformed, hostile, too large, or against a rule. All carry an identifier that begins with "bad-".
func badDocuments(o *Office) []badDocument {
	p := o.Plot()
	good := func(change func(a *cap.Alert)) *cap.Alert {
		a := o.Alert(Info(p.Area()))
		a.Identifier = "bad-" + a.Identifier
		if change != nil {
			change(a)
		}
		return a
	}
	text := func(pairs ...string) string { return o.changed(good(nil), pairs...) }
	const head = `<?xml version="1.0" encoding="UTF-8"?>`
	plain := strings.TrimPrefix(text(), head)
	open := strings.Join([]string{p.Inside(1), p.Inside(2), p.Inside(3), p.Inside(9999)}, " ")
	old := good(func(a *cap.Alert) { a.Sent, a.Infos[0].Expires = Soon(-3*time.Hour), Soon(-time.Hour) })
	late := good(func(a *cap.Alert) { a.Infos[0].Expires = Soon(10 * 24 * time.Hour) })
	wide := good(func(a *cap.Alert) { a.Infos[0].Description = strings.Repeat("water ", 60_000) })
	return []badDocument{
		{"nothing", "", []string{""}},
		{"no XML", "the river is rising", []string{""}},
		{"cut off", text()[:400], []string{""}},
		{"another format", `<rss version="2.0"><channel/></rss>`, []string{""}},
		{"another namespace", text("urn:oasis:names:tc:emergency:cap:1.2", "urn:example:other"), []string{""}},
		{"an entity from a file", head + `<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + strings.Replace(plain, "Flood", "&x;", 1), []string{""}},
		{"a billion laughs", head + `<!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>` + plain, []string{""}},
		{"two statuses", text("<status>Actual</status>", "<status>Test</status><status>Actual</status>"), []string{""}},
		{"a second root", text() + text(), []string{""}},
		{"a foreign identifier", text("<identifier>", `<identifier xmlns="urn:example:evil">`), []string{""}},
		{"UTF-16", "\xff\xfe<\x00a\x00l\x00e\x00r\x00t\x00/\x00>\x00", []string{""}},
		{"a NUL", text("Flood", "Fl\x00od"), []string{""}},
		{"nested for ever", head + strings.Repeat("<a>", 50_000), []string{""}},
		{"too large", string(o.Document(wide)), []string{"xml.size"}},
		{"already over", string(o.Document(old)), []string{"desk.expired"}},
		{"valid for too long", string(o.Document(late)), []string{"desk.validity"}},
		{"a draft", text("<status>Actual<", "<status>Draft<"), []string{"desk.status"}},
		{"an acknowledgement", text("<msgType>Alert<", "<msgType>Ack<"), []string{"desk.msgtype"}},
		{"an update of nothing", text("<msgType>Alert<", "<msgType>Update<"), []string{"desk.references"}},
		{"an update of a stranger's alert", text("<msgType>Alert<", "<msgType>Update<", "</scope>",
			"</scope><references>x@example.org,none,2026-01-01T00:00:00+00:00</references>"), []string{"desk.references.unknown"}},
		{"a ring that crosses itself", text(ringOf(o, p), strings.Join([]string{p.at(0, 0), p.at(1, 1), p.at(0, 1), p.at(1, 0), p.at(0, 0)}, " ")), []string{"core.polygon.crossing"}},
		{"a text that turns its direction", text("Leave the harbour", "Leave \u202Ethe\u202C harbour"), []string{"core.text.bidi"}},
		{"a right-to-left mark in English", text("Leave the harbour", "Leave the\u200F harbour"), []string{"desk.mark"}},
		{"an area of everybody", text(ringOf(o, p), "-90,-180 -90,180 90,180 90,-180 -90,-180"), []string{"desk.everywhere"}},
		{"a hundred thousand characters", text("Leave the harbour", strings.Repeat("x", 100_000)), []string{"core.limit.text"}},
		{"an open ring", text(ringOf(o, p), open), []string{"core.polygon.closed"}},
		{"many faults", text("<status>Actual<", "<status>actual<", "<urgency>Immediate<", "<urgency>now<",
			"<severity>Severe<", "<severity>bad<", "<certainty>Observed<", "<certainty>sure<", "<category>Met<", "<category>Weather<",
			ringOf(o, p), "95,20 95,21 96,21 95,20"),
			[]string{"core.status.value", "core.urgency.value", "core.severity.value", "core.certainty.value", "core.category.value", "core.polygon.range"}},
	}
}

// ringOf is a plot's ring as the writer writes it.
func ringOf(o *Office, p Plot) string {
	text := string(o.Document(o.Alert(Info(p.Area()))))
	_, text, _ = strings.Cut(text, "<polygon>")
	text, _, _ = strings.Cut(text, "</polygon>")
	return text
}

// badInput: each bad document is refused with all that is wrong with it, at issue and in a dry run, and nothing of it
// comes onto Kafka.
func badInput(t *testing.T, o *Office) {
	token, err := config.Secret(o.TokenFile("everything"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range badDocuments(o) {
		status, body := o.post(o.URL()+"/api/alerts", token, "application/cap+xml", row.text)
		var p client.Problem
		if err := json.Unmarshal([]byte(body), &p); err != nil || status != http.StatusBadRequest || p.Outcome != "refused" {
			t.Errorf("%s: %d %v %s, want 400 and refused", row.name, status, err, body)
			continue
		}
		for _, rule := range row.rules {
			found := slices.ContainsFunc(p.Findings, func(f cap.Finding) bool {
				return f.Level == cap.LevelError && f.Message != "" && f.ID != "" && (rule == "" || f.ID == rule)
			})
			if !found {
				t.Errorf("%s: no finding %q: %+v", row.name, rule, p.Findings)
			}
		}
		for _, f := range p.Findings {
			if f.Line == 0 || f.Path == "" {
				t.Errorf("%s: the finding does not say where: %+v", row.name, f)
			}
		}
		if strings.Contains(body, "root:") {
			t.Errorf("%s: the answer shows a file: %s", row.name, body)
		}
	}
	for name, contentType := range map[string]string{"no content type": "", "JSON": "application/json"} {
		if status, body := o.post(o.URL()+"/api/alerts", token, contentType, "{}"); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s, want 400", name, status, body)
		}
	}
	if status, body := o.post(o.URL()+"/api/alerts?channel=pigeon", token, "application/cap+xml", string(o.Document(o.Alert()))); status != 400 || !strings.Contains(body, "pigeon") {
		t.Errorf("a channel that there is not: %d %s", status, body)
	}
	for _, world := range alerting.Worlds() {
		for _, identifier := range o.OnStream(world) {
			if strings.HasPrefix(identifier, "bad-") {
				t.Errorf("a refused document is on Kafka: %s", identifier)
			}
		}
	}
}

// sameAgain: the same file twice is one alert; other content, channels or people under its id are a conflict.
func sameAgain(t *testing.T, o *Office) {
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "one", SMS: number, Places: []string{p.Inside(1)}})
	a := o.Alert(Info(p.Area()))
	document := o.Document(a)
	first, second := o.IssueDocument(document, client.Order{}), o.IssueDocument(document, client.Order{})
	if first.Repeated || !second.Repeated || first.Alert != second.Alert {
		t.Errorf("issued twice: %+v and %+v", first, second)
	}
	other := *a
	other.Infos = []cap.Info{Info(p.Area())}
	other.Infos[0].Instruction = "Stay where you are."
	ctx, cancel := call()
	defer cancel()
	for name, try := range map[string]func() error{
		"other words": func() error { _, err := o.API.Issue(ctx, o.Document(&other), client.Order{}); return err },
		"other channels": func() error {
			_, err := o.API.Issue(ctx, document, client.Order{Channels: []string{"mail"}})
			return err
		},
		"other people": func() error { _, err := o.API.Issue(ctx, document, client.Order{People: []string{"one"}}); return err },
	} {
		if p := refusal(t, try()); p.Status != http.StatusConflict || p.Outcome != "refused" {
			t.Errorf("%s under the same id: %+v, want a conflict", name, p)
		}
	}
	o.Settled(first.Alert)
	if n := len(o.To(first.Alert, number)); n != 1 {
		t.Errorf("issued twice, sent %d times", n)
	}
	wantOnStream(t, o, a.Identifier)
}

func wantOnStream(t *testing.T, o *Office, identifier string) {
	t.Helper()
	n := 0
	for _, have := range o.OnStream(alerting.Actual) {
		if have == identifier {
			n++
		}
	}
	if n != 1 {
		t.Errorf("alert %s stands %d times on Kafka, want once", identifier, n)
	}
}

// manyAtOnce: twenty callers post the same file at the same moment; it is one alert and one fan-out.
func manyAtOnce(t *testing.T, o *Office) {
	p := o.Plot()
	const people, callers = 30, 20
	var crowd []Person
	numbers := make([]string, people)
	for i := range people {
		numbers[i] = o.Number()
		crowd = append(crowd, Person{Ref: fmt.Sprintf("crowd %d", i), SMS: numbers[i], Places: []string{p.Inside(i)}})
	}
	o.Import(crowd...)
	a := o.Alert(Info(p.Area()))
	document := o.Document(a)
	answers, errs := make([]client.Accepted, callers), make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			ctx, cancel := call()
			defer cancel()
			answers[i], errs[i] = o.API.Issue(ctx, document, client.Order{})
		})
	}
	all.Wait()
	repeated := 0
	for i := range callers {
		if errs[i] != nil || answers[i].Alert != answers[0].Alert {
			t.Fatalf("caller %d: %+v, %v", i, answers[i], errs[i])
		}
		if answers[i].Repeated {
			repeated++
		}
	}
	if repeated != callers-1 {
		t.Errorf("%d of %d callers were told that it was a repetition, want all but one", repeated, callers)
	}
	o.Settled(answers[0].Alert)
	if got := len(o.Of(answers[0].Alert)); got != people {
		t.Errorf("%d messages for %d people", got, people)
	}
	for _, number := range numbers {
		if n := len(o.To(answers[0].Alert, number)); n != 1 {
			t.Errorf("somebody got %d messages", n)
		}
	}
	wantOnStream(t, o, a.Identifier)
}

// rights: without a token 401, without the right 403, and nothing happens.
func rights(t *testing.T, o *Office) {
	p := o.Plot()
	a := o.Alert(Info(p.Area()))
	a.Identifier = "bad-" + a.Identifier
	document := string(o.Document(a))
	secret := func(name string) string {
		s, err := config.Secret(o.TokenFile(name))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	good := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	for _, row := range []struct {
		name, token, path string
		want              int
	}{
		{"no token", "", "/api/alerts", 401},
		{"no token, dry run", "", "/api/alerts/dry-run", 401},
		{"a wrong token", secret("reader") + "x", "/api/alerts", 401},
		{"who may only read issues", secret("reader"), "/api/alerts", 403},
		{"who may only read cancels", secret("reader"), "/api/alerts/" + good.String() + "/cancel", 403},
		{"who may only read imports", secret("reader"), "/api/people", 403},
		{"who may only read puts a dead letter back", secret("reader"), "/api/deadletters/actual.dispatch.sms.flash/0/0/redrive", 403},
		{"who may only issue cancels", secret("issuer"), "/api/alerts/" + good.String() + "/cancel", 403},
		{"who may only issue asks for a dry run", secret("issuer"), "/api/alerts/dry-run", 403},
	} {
		status, body := o.post(o.URL()+row.path, row.token, "application/cap+xml", document)
		if status != row.want || !strings.Contains(body, "detail") {
			t.Errorf("%s: %d %s, want %d and why", row.name, status, body, row.want)
		}
	}
	if status, _ := o.Get(o.URL() + "/api/alerts/" + good.String()); status != 401 {
		t.Errorf("the status without a token: %d, want 401", status)
	}
	if s := o.Settled(good); s.StoppedBy != "" {
		t.Error("a cancel without the right stopped an alert")
	}
	if slices.Contains(o.OnStream(alerting.Actual), a.Identifier) {
		t.Error("an alert without the right is on Kafka")
	}
}

// badLines: a file of people with unusable lines is imported but for those, and each is named with its line.
func badLines(t *testing.T, o *Office) {
	p, first, last := o.Plot(), o.Number(), o.Number()
	place := p.Inside(1)
	text := strings.Join([]string{
		"person,language,sms,verified,places",
		`csv first,en,` + first + `,yes,"` + place + `"`,
		`,en,` + o.Number() + `,yes,"` + place + `"`,
		`csv tongue,klingonese-,` + o.Number() + `,yes,"` + place + `"`,
		`csv number,en,12,yes,"` + place + `"`,
		`csv place,en,` + o.Number() + `,yes,"95.0,20.0"`,
		`csv quote,en,"` + o.Number() + `,yes,"` + place + `"`,
		"csv bytes,en,\xff\xfe,yes,\"" + place + `"`,
		`csv yes,en,` + o.Number() + `,perhaps,"` + place + `"`,
		`csv last,en,` + last + `,yes,"` + place + `"`,
	}, "\n") + "\n"
	ctx, cancel := call()
	defer cancel()
	r, err := o.API.Import(ctx, "people", strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, problem := range r.Problems {
		lines = append(lines, problem.Line)
		if problem.What == "" || strings.Contains(problem.What, "555") {
			t.Errorf("line %d: %q says nothing, or an address", problem.Line, problem.What)
		}
	}
	if !slices.Equal(lines, []int{3, 4, 5, 6, 7, 8, 9}) || r.New != 2 || r.Skipped != 7 || r.ProblemCount != 7 {
		t.Errorf("result %+v, want problems in lines 3 to 9 and 2 new people", r)
	}
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(id, "csv first", "sms delivered")
	o.Became(id, "csv last", "sms delivered")
	if s := o.Settled(id); s.People.Targeted != 2 {
		t.Errorf("people %+v, want the 2 of the good lines", s.People)
	}
	for name, text := range map[string]string{"empty": "", "no person column": "name,sms\nx,y\n", "not a table": "\xff\xfep\x00"} {
		_, err := o.API.Import(ctx, "people", strings.NewReader(text), nil)
		if p := refusal(t, err); p.Status != http.StatusBadRequest || p.Detail == "" {
			t.Errorf("%s: %+v, want 400 and why", name, p)
		}
	}
}

// sirensThatDoNotFit: each line that no gateway could ever sound is told by its number, and the others are imported.
func sirensThatDoNotFit(t *testing.T, o *Office) {
	place := o.Plot().Inside(1)
	ctx, cancel := call()
	defer cancel()
	r, err := o.API.Import(ctx, "sirens", strings.NewReader("ref,lat,lon,protocol,gateway,url,host,register_map\n"+
		"fits,"+place+",http,siren,http://127.0.0.1:1,,\n"+
		"lost,"+place+",http,nowhere,http://127.0.0.1:1,,\n"+
		"mixed up,"+place+",http,siren,http://127.0.0.1:1,,\n"+
		"other,"+place+",modbus,siren,,127.0.0.1,tocsin\n"), nil)
	if err != nil || r.New != 1 || len(r.Problems) != 3 {
		t.Fatalf("%v %+v, want one siren and three problems", err, r)
	}
	for i, want := range []string{"no siren gateway of this name is configured", "id: want 1 to 64", "its gateway speaks http, and not modbus"} {
		if p := r.Problems[i]; p.Line != i+3 || !p.Skipped || !strings.Contains(p.What, want) {
			t.Errorf("%+v, want line %d: %s", p, i+3, want)
		}
	}
}
