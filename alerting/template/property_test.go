package template

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/cap"
)

// TestAValueStaysInItsSlot: whatever stands in a text, the document means the same with it, apart from the words in the
// very places where the slot stands. So no value ends an element, changes another field, or is read as a slot.
func TestAValueStaysInItsSlot(t *testing.T) {
	one := parse(t, flood)
	const mark = "QQQQ"
	marked, err := one.Fill(request(map[string]any{"cause": mark, "place": mark}))
	if err != nil {
		t.Fatal(err)
	}
	nasty := []string{"</description>", "<area>", "]]>", "<!--", "&amp;", "&#10;", "{until}", "{{", "}}", "{", "\"", "'", "\\", "%s", "é", "洪", "🌊", "\u200F", " ", "a", "\t", "\n",
		"\u202E", "\x00", "\ufffd", "\xff", "<![CDATA[", "<?xml?>", "\u0085", "\u2028", "$1", "A1"}
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string {
			return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nasty), rapid.StringN(1, 3, -1)), 1, 6).Draw(t, name), "")
		}
		cause, place := draw("cause"), draw("place")
		f, err := one.Fill(request(map[string]any{"cause": cause, "place": place}))
		if err != nil {
			return
		}
		accepted++
		parsed, err := cap.Parse(f.Document, cap.Options{})
		if err != nil {
			t.Fatalf("the document cannot be read: %v", err)
		}
		if !reflect.DeepEqual(parsed, f.Alert) {
			t.Fatal("the document gives another alert")
		}
		// Put the marks back, and nothing is left of the values.
		cause, place = strings.TrimSpace(cause), strings.TrimSpace(place)
		want := *marked.Alert
		want.Infos = nil
		for _, in := range marked.Alert.Infos {
			in.Description = strings.Replace(in.Description, mark, cause, 1)
			in.Headline = strings.Replace(in.Headline, mark, place, 1)
			in.Areas = []cap.Area{in.Areas[0]}
			in.Areas[0].Description = place
			want.Infos = append(want.Infos, in)
		}
		if !reflect.DeepEqual(&want, parsed) {
			t.Fatalf("a value changed more than its slot:\nhave %+v\nwant %+v", parsed, &want)
		}
	})
	if accepted == 0 {
		t.Error("no value was accepted: the test shows nothing")
	}
}

// TestNoFileEndsTheProgram: whatever stands in a file, it is a template or is told to be broken.
func TestNoFileEndsTheProgram(t *testing.T) {
	lines := strings.SplitAfter(flood, "\n")
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, len(lines)).Draw(t, "lines") {
			line := rapid.SampledFrom(lines).Draw(t, "line")
			if rapid.IntRange(0, 9).Draw(t, "spoilt") == 0 {
				line = line[:rapid.IntRange(0, len(line)).Draw(t, "cut")] + rapid.SampledFrom([]string{"", "\n", "{", "[", ": ", "- ", "&a ", "*a", "? ", "!!x ", "|\n", "\"", "'"}).Draw(t, "end")
			}
			b.WriteString(line)
		}
		one, err := Parse("x.yaml", []byte(b.String()))
		if (one == nil) == (err == nil) {
			t.Fatalf("%v, %v", one, err)
		}
	})
}

func ExampleTemplate_Fill() {
	t, err := Parse("flood.yaml", []byte(flood))
	if err != nil {
		fmt.Println(err)
		return
	}
	filled, err := t.Fill(Request{Now: noon(), Random: zeros{}, Office: Office{Sender: "office@example.org", Name: "Harbour Office"},
		Values: map[string]any{"place": map[string]any{"en": "Riverside", "zh-CN": "河滨区"}, "cause": map[string]any{"en": "rain", "zh-CN": "暴雨"},
			"until": "17:30", "level": 6.2, "area": "30.25,120.16 5"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, in := range filled.Alert.Infos {
		fmt.Println(in.Headline, "/", in.Description)
	}
	// Output:
	// Flood in Riverside until 17:30 / The water stands at 6.2 m because of rain.
	// 河滨区洪水，至17:30 / 因暴雨，水位6.2米。
}
