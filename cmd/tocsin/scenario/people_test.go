package scenario

import (
	"strings"
	"testing"

	"tocsin/alerting/report"
	"tocsin/cap"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/client"
)

// chinese is Info in Chinese.
func chinese(area cap.Area) cap.Info {
	i := Info(area)
	i.Language, i.Event, i.SenderName = "zh-CN", "洪水", "港口应急办公室"
	i.Headline, i.Description, i.Instruction = "港口洪水预警", "潮水已漫过堤岸。", "请立即离开港口。"
	return i
}

// aThirdLanguage: who reads none of the alert's languages gets the info that its author put first.
func aThirdLanguage(t *testing.T, o *Office) {
	p := o.Plot()
	numbers := map[string]string{}
	for _, language := range []string{"fr", "en-GB", "zh-CN", ""} {
		numbers[language] = o.Number()
		o.Import(Person{Ref: "reader:" + language, Language: language, SMS: numbers[language], Places: []string{p.Inside(1)}})
	}
	for _, row := range []struct {
		name  string
		infos []cap.Info
		want  map[string]string
	}{
		{"English first", []cap.Info{Info(p.Area()), chinese(p.Area())},
			map[string]string{"fr": "Flood", "en-GB": "Flood", "zh-CN": "洪水", "": "Flood"}},
		{"Chinese first", []cap.Info{chinese(p.Area()), Info(p.Area())},
			map[string]string{"fr": "洪水", "en-GB": "Flood", "zh-CN": "洪水", "": "洪水"}},
	} {
		id := o.Issue(o.Alert(row.infos...), client.Order{})
		o.Settled(id)
		for language, event := range row.want {
			o.Became(id, "reader:"+language, "sms delivered")
			if texts := o.Texts(id, numbers[language]); len(texts) != 1 || !strings.HasPrefix(texts[0], event) {
				t.Errorf("%s: a reader of %q got %q, want one text about %s", row.name, language, texts, event)
			}
		}
	}
}

// anOptOut: whom the gateway reports as opted out is not asked again on that channel, and still gets his mail.
func anOptOut(t *testing.T, o *Office) {
	p, number, mailbox := o.Plot(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "left", SMS: number, Mail: mailbox, Places: []string{p.Inside(1)}})
	o.Fault(sim.Rule{On: sim.SMS, Kind: sim.Refuse, Match: number, Status: 400, Code: 21610, Times: 1})
	first := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	x := o.Became(first, "left", "sms opted_out", "mail sent")
	if s := o.Settled(first); s.People.Told != 1 {
		t.Errorf("one mail was sent, and the report says: %+v", s.People)
	}
	wantReason(t, x, "sms", "21610")

	second := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(second, "left", "mail sent")
	o.Settled(second)
	if n := o.To(second, number); len(n) != 0 {
		t.Errorf("who opted out was sent %d SMS", len(n))
	}

	// An import does not bring him back.
	o.Import(Person{Ref: "left", SMS: number, Mail: mailbox, Places: []string{p.Inside(1)}})
	o.Unsubscribe(second, mailbox)
	third := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Settled(third)
	o.NotFor(third, "left", "this person cannot be reached: opted out of mail; opted out of sms")
	if n := len(o.To(third, number)) + len(o.To(third, mailbox)); n != 0 {
		t.Errorf("who opted out of everything was sent %d messages", n)
	}
}

// wantReason checks that the history of a delivery says why.
func wantReason(t *testing.T, x report.Explanation, channel, reason string) {
	t.Helper()
	for _, s := range x.Spots {
		for _, d := range s.Deliveries {
			for _, n := range d.History {
				if string(d.Channel) == channel && strings.Contains(n.Reason, reason) {
					return
				}
			}
		}
	}
	t.Errorf("no reason %q on %s: %+v", reason, channel, x.Spots)
}

// aWrongNumber: what the gateway refuses is final and says why; so does what it cannot deliver later.
func aWrongNumber(t *testing.T, o *Office) {
	p, wrong, dead := o.Plot(), o.Number(), o.Number()
	o.Import(Person{Ref: "wrong", SMS: wrong, Places: []string{p.Inside(1)}},
		Person{Ref: "dead", SMS: dead, Places: []string{p.Inside(2)}})
	o.Fault(sim.Rule{On: sim.SMS, Kind: sim.Refuse, Match: wrong, Status: 400, Code: 21211})
	o.Fault(sim.Rule{On: sim.SMS, Kind: sim.CallbackFail, Match: dead, Code: 30003})
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	wantReason(t, o.Became(id, "wrong", "sms failed"), "sms", "21211: not a valid phone number")
	wantReason(t, o.Became(id, "dead", "sms failed"), "sms", "30003: phone not reachable")
	s := o.Settled(id)
	if len(s.Channels) != 1 || s.Channels[0].States.Failed != 2 || s.People.Told != 0 {
		t.Errorf("two failed, and the report says: %+v", s)
	}
	if n := len(o.To(id, wrong)); n != 0 {
		t.Errorf("the refused number has %d messages", n)
	}
	if n := len(o.To(id, dead)); n != 1 {
		t.Errorf("the number that is not reachable was tried %d times, want 1", n)
	}
}

// twoPlaces: home and work in the area are one message; so are two people with one number.
func twoPlaces(t *testing.T, o *Office) {
	p, mine, ours := o.Plot(), o.Number(), o.Number()
	o.Import(Person{Ref: "two places", SMS: mine, Places: []string{p.Inside(1), p.Inside(777), p.Outside()}})
	ctx, cancel := call()
	defer cancel()
	r, err := o.API.Import(ctx, "people", strings.NewReader(CSV(
		Person{Ref: "his phone", SMS: ours, Places: []string{p.Inside(3)}},
		Person{Ref: "her phone too", SMS: ours, Places: []string{p.Inside(4)}})), nil)
	if err != nil || r.ProblemCount != 1 || r.Problems[0].Line != 3 || strings.Contains(r.Problems[0].What, ours[3:]) {
		t.Fatalf("the second owner of a number: %v %+v", err, r)
	}
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	s := o.Settled(id)
	if s.People.Targeted != 2 {
		t.Errorf("people: %+v, want 2 targeted", s.People)
	}
	wantOneSpot(t, o.Became(id, "two places", "sms delivered"))
	wantOneSpot(t, o.Became(id, "his phone", "sms delivered"))
	for _, number := range []string{mine, ours} {
		if n := len(o.To(id, number)); n != 1 {
			t.Errorf("%d messages to one phone", n)
		}
	}
	o.NotFor(id, "her phone too", "no address of this person is known")
}

// wantOneSpot checks that somebody stands in the manifest once, as one who is in the area.
func wantOneSpot(t *testing.T, x report.Explanation) {
	t.Helper()
	if !x.Targeted || len(x.Spots) != 1 || !x.Spots[0].Inside || len(x.Spots[0].Deliveries) != 1 {
		t.Errorf("%s is to be told once, for he is in the area: %+v", x.Who, x.Spots)
	}
}

// twoAreas: of several infos that hold a person it is the severest, once, whichever of his places it is for.
func twoAreas(t *testing.T, o *Office) {
	mild, grave := o.Plot(), o.Plot()
	both, here := o.Number(), o.Number()
	o.Import(Person{Ref: "home and work", SMS: both, Places: []string{mild.Inside(1), grave.Inside(1)}},
		Person{Ref: "home only", SMS: here, Places: []string{mild.Inside(2)}})
	watch, warning := Info(mild.Area()), Info(grave.Area())
	watch.Event, watch.Severity = "High water", cap.Moderate
	warning.Event, warning.Severity = "Dyke breach", cap.Extreme
	id := o.Issue(o.Alert(watch, warning), client.Order{})
	if s := o.Settled(id); s.People.Targeted != 2 || s.Channels[0].Targeted != 2 {
		t.Errorf("two people, and the report says: %+v", s)
	}
	wantOneSpot(t, o.Became(id, "home and work", "sms delivered"))
	wantOneSpot(t, o.Became(id, "home only", "sms delivered"))
	if texts := o.Texts(id, both); len(texts) != 1 || !strings.HasPrefix(texts[0], "Dyke breach") {
		t.Errorf("who is in both areas got %q", texts)
	}
	if texts := o.Texts(id, here); len(texts) != 1 || !strings.HasPrefix(texts[0], "High water") {
		t.Errorf("who is in the milder area got %q", texts)
	}
}

// nobodyThere: an alert for an empty area is issued all the same, and says so.
func nobodyThere(t *testing.T, o *Office) {
	p := o.Plot()
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	s := o.Settled(id)
	if s.Status != "done" || s.People.Targeted != 0 {
		t.Errorf("an alert for nobody stands at %+v", s)
	}
	wantNote(t, s.Notes, "nobody in the area can be told")
}

func wantNote(t *testing.T, notes []string, part string) {
	t.Helper()
	for _, n := range notes {
		if strings.Contains(n, part) {
			return
		}
	}
	t.Errorf("no note says %q: %q", part, notes)
}

// restricted: a restricted alert reaches whom the officer names, wherever they are, and nobody else.
func restricted(t *testing.T, o *Office) {
	p, chief, neighbour := o.Plot(), o.Number(), o.Number()
	o.Import(Person{Ref: "chief", SMS: chief, Places: []string{p.Outside()}},
		Person{Ref: "neighbour", SMS: neighbour, Places: []string{p.Inside(1)}})
	a := o.Alert(Info(p.Area()))
	a.Scope, a.Restriction = cap.ScopeRestricted, "for chiefs of the fire brigades"
	id := o.Issue(a, client.Order{People: []string{"chief"}})
	o.Became(id, "chief", "sms delivered")
	o.Settled(id)
	o.NotFor(id, "neighbour", "the alert is for named people, and this person is not among them")

	unnamed := o.Alert(Info(p.Area()))
	unnamed.Scope, unnamed.Restriction = cap.ScopeRestricted, a.Restriction
	id = o.Issue(unnamed, client.Order{})
	s := o.Settled(id)
	wantNote(t, s.Notes, "scope Restricted reaches named people only, and nobody is named")
	o.NotFor(id, "neighbour", "scope Restricted reaches named people only, and nobody is named")
	if n := len(o.To(id, neighbour)) + len(o.To(id, chief)); n != 0 {
		t.Errorf("a restricted alert without names reached %d people", n)
	}
}

// filters: the lowest severity that a person wants at a place, the categories he wants, and addresses that he never
// confirmed.
func filters(t *testing.T, o *Office) {
	const graver = "this person wants to hear of graver warnings only at the places in the area"
	p := o.Plot()
	people := []struct {
		ref, wants, severity string
		unverified           bool
		flood, fire          bool
		why                  string
	}{
		{"wants all", "", "", false, true, true, ""},
		{"from moderate", "", "@Moderate", false, true, false, graver},
		{"from extreme", "", "@Extreme", false, false, false, graver},
		{"only fire", "Fire", "", false, false, true, "wants to hear of other hazards only: Fire"},
		{"weather and fire", "Met|Fire", "@Minor", false, true, true, ""},
		{"fire from severe", "Fire", "@Severe", false, false, false, "this person wants to hear of"},
		{"never confirmed", "", "", true, false, false, "cannot be reached: the address for sms is not verified"},
	}
	for i, x := range people {
		o.Import(Person{Ref: x.ref, Wants: x.wants, SMS: o.Number(), Unverified: x.unverified,
			Places: []string{p.Inside(i) + x.severity}})
	}
	blaze := Info(p.Area())
	blaze.Event, blaze.Categories, blaze.Severity = "Grass fire", []cap.Category{"Fire"}, cap.Minor
	flood, fire := o.Issue(o.Alert(Info(p.Area())), client.Order{}), o.Issue(o.Alert(blaze), client.Order{})
	o.Settled(flood)
	o.Settled(fire)
	for _, x := range people {
		for id, want := range map[bool]bool{true: x.flood, false: x.fire} {
			alert := fire
			if id {
				alert = flood
			}
			if want {
				o.Became(alert, x.ref, "sms delivered")
			} else {
				o.NotFor(alert, x.ref, x.why)
			}
		}
	}
}

// geocodes: an alert for a province reaches the places of its counties; a code that nobody knows reaches nobody until
// the officer names an audience.
func geocodes(t *testing.T, o *Office) {
	o.ImportCSV("units", "code,name,parent\nADM=12,The province,\nADM=1201,Its county,ADM=12\n")
	o.Import(Person{Ref: "in the county", SMS: o.Number(), Places: []string{"code:ADM=1201"}},
		Person{Ref: "in another", SMS: o.Number(), Places: []string{"code:ADM=1301"}})
	province := cap.Area{Description: "the province", Geocodes: []cap.Value{{Name: "ADM", Value: "12"}}}
	id := o.Issue(o.Alert(Info(province)), client.Order{})
	o.Became(id, "in the county", "sms delivered")
	o.Settled(id)
	o.NotFor(id, "in another", "no place of this person is in the area")

	nowhere := cap.Area{Description: "nobody knows where", Geocodes: []cap.Value{{Name: "FIPS", Value: "4711"}}}
	id = o.Issue(o.Alert(Info(nowhere)), client.Order{})
	wantNote(t, o.Settled(id).Notes, "no area has usable geometry or a known geocode; name an audience")
	id = o.Issue(o.Alert(Info(nowhere)), client.Order{People: []string{"in another"}})
	o.Became(id, "in another", "sms delivered")
	o.Settled(id)
	o.NotFor(id, "in the county", "the alert is for named people")
}

// aPoint: a circle of radius 0, as seismologists write them, holds only who is exactly there, and the officer is told so
// beforehand.
func aPoint(t *testing.T, o *Office) {
	p := o.Plot()
	center := cap.Point{Lat: p.South + .1, Lon: p.West + .1}
	at := cap.Area{Description: "under the harbour", Circles: []cap.Circle{{Center: center}}}
	o.Import(Person{Ref: "ten metres away", SMS: o.Number(), Places: []string{Place(center.Lat+.0001, center.Lon)}})
	run := o.DryRun(o.Document(o.Alert(Info(at))), client.Order{})
	wantNote(t, run.Notes, "circle 1 has the radius 0: it holds only who is exactly at its centre")
	wantNote(t, run.Notes, "nobody in the area can be told")
	o.Import(Person{Ref: "there", SMS: o.Number(), Places: []string{Place(center.Lat, center.Lon)}})
	id := o.Issue(o.Alert(Info(at)), client.Order{})
	o.Became(id, "there", "sms delivered")
	wantNote(t, o.Settled(id).Notes, "circle 1 has the radius 0")
	o.NotFor(id, "ten metres away", "no place of this person is in the area")
}
