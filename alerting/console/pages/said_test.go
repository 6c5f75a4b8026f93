package pages

import (
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
	"tocsin/alerting/template"
)

// TestWhatWasKeptInEnglishIsShownInChinese: titles of lists, notes and faults are those of the reader's language.
func TestWhatWasKeptInEnglishIsShownInChinese(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	called := []desk.Title{{Language: "en-us", Headline: "Flood"}, {Language: "zh-cn", Headline: "洪水"}}
	note := alerting.Say("note.nobody", "nobody in the area can be told")
	fault := template.Fault{Line: 3, Where: "slots.area", What: note}
	for _, row := range []struct{ lang, title, old, note, fault, lack, did, outline, line string }{
		{"en", "Flood", "Storm", note, "line 3: slots.area: " + note, "the gateway is away", "put off, to be tried again",
			"feature 3 (UN=1), polygon 2, ring 1: its geometry is empty",
			"line 4, column sms: it is no phone number; write it as +8613800138000"},
		{"zh", "洪水", "Storm", "该区域没有可以通知到的人", "第 3 行：slots.area：该区域没有可以通知到的人", "the gateway is away", "暂缓，稍后重试",
			"要素 3 (UN=1)，多边形 2，环 1：几何图形是空的",
			"第 4 行，“sms”列：不是电话号码：请写成 +8613800138000"},
	} {
		q := &request{p: &Pages{words: w}, Lang: row.lang}
		for what, have := range map[string][2]string{
			"a title":             {q.Heading(desk.Draft{Title: "Flood", Titles: called}), row.title},
			"a draft without any": {q.Heading(desk.Draft{Title: "Storm"}), row.old},
			"a countersignature":  {q.Called(called, "Flood"), row.title},
			"a note":              {q.Said(note), row.note},
			"a fault":             {q.TemplateFault(fault), row.fault},
			"somebody's words":    {q.Lack("the gateway is away"), row.lack},
			"an attempt":          {q.Did("put_off"), row.did},
			"an import":           {q.ImportFault(audience.Problem{Where: "feature 3 (UN=1), polygon 2, ring 1", What: "its geometry is empty"}), row.outline},
			"a line of an import": {q.ImportFault(audience.Problem{Line: 4, Column: "sms", What: "it is no phone number; write it as +8613800138000"}), row.line},
		} {
			if have[0] != have[1] {
				t.Errorf("%s in %s is %q, want %q", what, row.lang, have[0], have[1])
			}
		}
	}
}
