package cap

import (
	"testing"
	"time"
)

// TestADraftIsWrittenAsFarAsItIs: an alert that lacks most is read again as it is, and reading says what is missing.
func TestADraftIsWrittenAsFarAsItIs(t *testing.T) {
	t.Parallel()
	a := &Alert{Identifier: "x", Sender: "a@b.example", Sent: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Status: StatusActual, MsgType: MsgAlert, Scope: ScopePublic,
		Infos: []Info{{Language: "en", Headline: "Water & <more>", Areas: []Area{{Polygons: []Polygon{{{1, 2}, {1, 3}, {2, 3}, {1, 2}}}}}},
			{Language: "zh-CN", Event: "洪水", Parameters: []Value{{Name: "X"}}}}}
	if _, err := Write(a); err == nil {
		t.Fatal("Write takes it, too: the test shows nothing")
	}
	got, findings := Read(WriteDraft(a), Options{})
	if got == nil {
		t.Fatal(findings)
	}
	paths := map[string]bool{}
	for _, f := range findings {
		paths[f.Path] = true
	}
	for _, want := range []string{"alert/info[1]/event", "alert/info[1]/urgency", "alert/info[2]/category", "alert/info[1]/area[1]/areaDesc"} {
		if !paths[want] {
			t.Errorf("nothing says that %s is missing:\n%v", want, findings)
		}
	}
	if len(got.Infos) != 2 || got.Infos[0].Headline != "Water & <more>" || len(got.Infos[0].Areas[0].Polygons) != 1 || got.Infos[1].Event != "洪水" || len(got.Infos[1].Parameters) != 1 {
		t.Errorf("%+v", got.Infos)
	}
	if again := WriteDraft(got); string(again) != string(WriteDraft(a)) {
		t.Errorf("it is not the same again:\n%s", again)
	}
}
