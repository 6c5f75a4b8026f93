package template

import (
	"strings"
	"testing"
	"time"

	"tocsin/cap"
)

// flood is a small template of two languages with a slot of every type.
const flood = `id: flood
version: 2
hazard: flood
event_codes:
  "OET:v1.2": OET-081
category: [Met]
responseType: [Evacuate]
urgency: Immediate
severity: Severe
certainty: Observed
channels: [sms, siren]
siren:
  programme: alarm-water
  groups: [river]
validity: 6h
expires: until
slots:
  place: {type: place, length: 20}
  cause: {type: text, length: 30}
  until: {type: time}
  level: {type: number, min: 0, max: 20, unit: {en: m, zh-CN: 米}}
  action:
    type: choice
    options:
      leave: {en: Leave now, zh-CN: 立即撤离}
      stay: {en: Stay upstairs, zh-CN: 留在楼上}
    default: leave
  area: {type: area}
languages:
  en:
    event: Flood
    headline: "Flood in {place} until {until}"
    areaDesc: "{place}"
    instruction: "{action}. Keep away from the water."
    description: "The water stands at {level} because of {cause}."
  zh-CN:
    event: 洪水
    headline: "{place}洪水，至{until}"
    areaDesc: "{place}"
    instruction: "{action}。远离河水。"
    description: "因{cause}，水位{level}。"
    senderName: 港口应急办
update:
  en: {headline: "Flood in {place} goes on", description: "Until {until}.", instruction: "{action}."}
  zh-CN: {headline: "{place}洪水持续", description: "至{until}。", instruction: "{action}。"}
all-clear:
  en: {headline: "The flood in {place} is over", description: "The {cause} has ended.", instruction: "You may go back."}
  zh-CN: {headline: "{place}洪水已退", description: "{cause}已经结束。", instruction: "可以返回。"}
cancel:
  en: {headline: "No flood in {place}", description: "There is no {cause}.", instruction: "Stay where you are."}
  zh-CN: {headline: "{place}没有洪水", description: "没有{cause}。", instruction: "请留在原地。"}
`

func parse(t testing.TB, text string) *Template {
	t.Helper()
	one, err := Parse("flood.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// zone is that of the office in all tests.
func zone() *time.Location { return time.FixedZone("", 8*3600) }

func noon() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, zone()) }

// zeros is a source of bytes that are all alike.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func values() map[string]any {
	return map[string]any{"place": "Riverside", "cause": "rain", "until": "17:00", "level": 6.25, "area": "30.25,120.16 5"}
}

func request(change map[string]any) Request {
	v := values()
	for key, value := range change {
		if value == nil {
			delete(v, key)
			continue
		}
		v[key] = value
	}
	return Request{Values: v, Now: noon(), Random: zeros{}, Office: Office{Sender: "office@example.org", Name: "Harbour Office"}}
}

func TestFill(t *testing.T) {
	f, err := parse(t, flood).Fill(request(nil))
	if err != nil {
		t.Fatal(err)
	}
	a := f.Alert
	if a.Identifier != "20260501T040000Z-aaaaaaaaaaaaaaaa" || a.Sender != "office@example.org" || a.Status != cap.StatusActual || a.Scope != cap.ScopePublic ||
		!a.Sent.Equal(noon()) || len(a.Infos) != 2 {
		t.Errorf("alert %+v", a)
	}
	en, zh := a.Infos[0], a.Infos[1]
	for _, row := range []struct{ what, have, want string }{
		{"headline", en.Headline, "Flood in Riverside until 17:00"},
		{"description", en.Description, "The water stands at 6.25 m because of rain."},
		{"instruction", en.Instruction, "Leave now. Keep away from the water."},
		{"areaDesc", en.Areas[0].Description, "Riverside"},
		{"senderName", en.SenderName, "Harbour Office"},
		{"language", zh.Language, "zh-CN"},
		{"description", zh.Description, "因rain，水位6.25米。"},
		{"instruction", zh.Instruction, "立即撤离。远离河水。"},
		{"senderName", zh.SenderName, "港口应急办"},
	} {
		if row.have != row.want {
			t.Errorf("%s: %q, want %q", row.what, row.have, row.want)
		}
	}
	until := time.Date(2026, 5, 1, 17, 0, 0, 0, zone())
	for i := range a.Infos {
		if !a.Infos[i].Expires.Equal(until) || a.Infos[i].Severity != cap.Severe || len(a.Infos[i].Areas[0].Circles) != 1 {
			t.Errorf("info %d: %+v", i, a.Infos[i])
		}
	}
	if len(f.Order.Channels) != 2 || len(f.Order.Groups) != 1 || f.Order.Groups[0] != "river" {
		t.Errorf("order %+v", f.Order)
	}
	for _, finding := range f.Findings {
		t.Errorf("finding: %s", finding)
	}
	again, err := parse(t, flood).Fill(request(nil))
	if err != nil || string(again.Document) != string(f.Document) {
		t.Errorf("the same request gives another document: %v", err)
	}
}

// TestTheEndIsTheValidityUnlessSaid: who does not say until when gets the validity, in the texts too.
func TestTheEndIsTheValidityUnlessSaid(t *testing.T) {
	f, err := parse(t, flood).Fill(request(map[string]any{"until": nil}))
	if err != nil {
		t.Fatal(err)
	}
	if in := f.Alert.Infos[0]; !in.Expires.Equal(noon().Add(6*time.Hour)) || in.Headline != "Flood in Riverside until 18:00" {
		t.Errorf("expires %v, %q", in.Expires, in.Headline)
	}
	fixed := parse(t, strings.Replace(flood, "expires: until\n", "", 1))
	f, err = fixed.Fill(request(map[string]any{"until": "2026-05-01T09:00:00Z"}))
	if err != nil {
		t.Fatal(err)
	}
	if in := f.Alert.Infos[0]; !in.Expires.Equal(noon().Add(6*time.Hour)) || in.Headline != "Flood in Riverside until 17:00" {
		t.Errorf("expires %v, %q", in.Expires, in.Headline)
	}
}
