package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestValues(t *testing.T) {
	one := parse(t, flood)
	square := `{"type":"Polygon","coordinates":[[[120,30],[121,30],[121,31],[120,30]]]}`
	for _, row := range []struct {
		name, slot string
		value      any
		// want is what the English texts then hold, or, after "!", what the error says.
		want string
	}{
		{"a name each", "place", map[string]any{"en": "Riverside", "zh-CN": "河滨区"}, "Flood in Riverside"},
		{"a name for one language only", "place", map[string]any{"en": "Riverside"}, "!slot place: got no text in zh-CN: want one for each of en, zh-CN"},
		{"a name in a language of nobody", "place", map[string]any{"en": "a", "zh-CN": "b", "fr": "c"}, `!got a text in "fr"`},
		{"a name that is too long", "place", strings.Repeat("x", 21), "!of 21 characters: want a name of at most 20 characters"},
		{"the code of a unit", "place", "code:SAME=006109", "Flood in Tuolumne"},
		{"the code of no unit", "place", "code:SAME=1", "!slot place: got \"code:SAME=1\": not found"},
		{"a code without a value", "place", "code:SAME", "!want code:NAME=VALUE"},
		{"a number for a name", "place", 7.0, "!slot place: got \"7\": want a name"},
		{"nothing", "place", nil, "!slot place: got nothing: want a name"},
		{"blanks", "cause", " \t ", "!holds nothing to read"},
		{"two lines", "cause", "rain\nand wind", "!it has several lines"},
		{"a bell", "cause", "rain\a", "!control character U+0007"},
		{"an override of direction", "cause", "rain\u202Eniar", "!U+202E, which changes the direction"},
		{"a character that nobody sees", "cause", "ra\u200Bin", "!U+200B, which nobody sees"},
		{"bytes of no character", "cause", "rain\xff", "!not UTF-8"},
		{"a slot in a value", "cause", "{until} & <b>", "because of {until} & <b>."},
		{"today", "until", "16:30", "until 16:30"},
		{"after midnight", "until", "+13h", "!no later than 2026-05-01T18:00:00+08:00 (a validity of 6h)"},
		{"already over", "until", "2026-05-01T11:00:00+08:00", "!want a time after now"},
		{"from another zone", "until", "2026-05-01T08:30:00-00:00", "until 16:30"},
		{"no time of day", "until", "25:00", `!slot until: got "25:00": want a time such as 18:00`},
		{"no time at all", "until", "tonight", `!got "tonight"`},
		{"a number in words", "level", "six", `!slot level: got "six": want a number from 0 to 20`},
		{"a number as text", "level", "7", "stands at 7 m"},
		{"a number of JSON", "level", json.Number("0.5"), "stands at 0.5 m"},
		{"a number that is too large", "level", 20.01, "!want a number from 0 to 20"},
		{"a number of many decimals", "level", 1.23456, "!at most 3 decimals"},
		{"no number", "level", "NaN", "!want a number"},
		{"a choice", "action", "stay", "Stay upstairs."},
		{"a choice of nothing", "action", "run", `!slot action: got "run": want one of leave, stay`},
		{"a polygon", "area", "30,120 30,121 31,121 30,120", "Flood"},
		{"an open polygon", "area", "30,120 30,121 31,121 31,120", "!the polygon is not closed"},
		{"a polygon of words", "area", "north of the river", "!point 1: \"north\" is no position"},
		{"a position out of range", "area", "120,30 121,30 121,31 120,30", "!the latitude 120 is not between -90 and 90"},
		{"a circle without radius", "area", "30,120 0", "!want kilometres, more than 0"},
		{"codes", "area", "GB/T 2260=330106; SAME=006109", "Flood"},
		{"a code without a name", "area", "=006109", "!want NAME=VALUE"},
		{"GeoJSON", "area", square, "Flood"},
		{"a feature collection", "area", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":` + square + `}]}`, "Flood"},
		{"GeoJSON of a point", "area", `{"type":"Point","coordinates":[120,30]}`, `!the type "Point" holds no area`},
		{"GeoJSON with a hole", "area", `{"type":"Polygon","coordinates":[[[120,30],[121,30],[121,31],[120,30]],[[120.4,30.1],[120.5,30.1],[120.5,30.2],[120.4,30.1]]]}`, "!a polygon has 2 rings"},
		{"JSON that is none", "area", "{", "!this is no JSON"},
		{"WKT", "area", "POLYGON ((120 30, 121 30, 121 31, 120 30))", "Flood"},
		{"WKT of two", "area", "SRID=4326;MULTIPOLYGON (((120 30, 121 30, 121 31, 120 30)), ((122 30, 123 30, 123 31, 122 30)))", "Flood"},
		{"WKT that ends early", "area", "POLYGON ((120 30, 121 30", "!bracket is missing"},
		{"WKT of another system", "area", "SRID=3857;POLYGON ((120 30, 121 30, 121 31, 120 30))", "!in WGS 84"},
		{"an object", "area", map[string]any{"circle": "30,120 5"}, "Flood"},
		{"an object of codes", "area", map[string]any{"codes": []any{"SAME=006109"}}, "Flood"},
		{"an object of GeoJSON", "area", map[string]any{"geojson": map[string]any{"type": "Polygon", "coordinates": []any{[]any{[]any{120.0, 30.0}, []any{121.0, 30.0}, []any{121.0, 31.0}, []any{120.0, 30.0}}}}}, "Flood"},
		{"two forms", "area", map[string]any{"circle": "30,120 5", "codes": "SAME=1"}, "!want exactly one of polygon, circle, codes, geojson, wkt"},
		{"a slot that is none", "depth", 3.0, `!there is no slot "depth": the slots are place, cause, until, level, action, area`},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := request(map[string]any{row.slot: row.value})
			r.Units = func(code string) (string, error) {
				if code != "SAME=006109" {
					return "", fmt.Errorf("%w: no unit", alerting.ErrNotFound)
				}
				return "Tuolumne", nil
			}
			f, err := one.Fill(r)
			if says, wrong := strings.CutPrefix(row.want, "!"); wrong {
				if err == nil || !strings.Contains(err.Error(), says) || !errors.Is(err, alerting.ErrInvalid) {
					t.Fatalf("%v; want ErrInvalid with %q", err, says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			in := f.Alert.Infos[0]
			if all := in.Headline + in.Description + in.Instruction; !strings.Contains(all, row.want) {
				t.Errorf("%q does not hold %q", all, row.want)
			}
		})
	}
}

func TestAllWrongValuesAreToldAtOnce(t *testing.T) {
	_, err := parse(t, flood).Fill(request(map[string]any{"place": nil, "level": 99.0, "until": "noon", "x": "y"}))
	for _, want := range []string{"fill the template flood", "slot place", "slot level", "slot until", `no slot "x"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestAreaForms(t *testing.T) {
	want := cap.Polygon{{Lat: 30, Lon: 120}, {Lat: 30, Lon: 121}, {Lat: 31, Lon: 121}, {Lat: 30, Lon: 120}}
	for _, text := range []string{"30,120 30,121 31,121 30,120", "POLYGON((120 30,121 30,121 31,120 30))", "polygon z ((120 30 5, 121 30 5, 121 31 5, 120 30 5))",
		`{"type":"Polygon","coordinates":[[[120,30],[121,30],[121,31],[120,30]]]}`, `{"polygon": "30,120 30,121 31,121 30,120"}`,
		`{"wkt": "MULTIPOLYGON(((120 30,121 30,121 31,120 30)))"}`} {
		area, err := areaOf(text)
		if err != nil || len(area.Polygons) != 1 || fmt.Sprint(area.Polygons[0]) != fmt.Sprint(want) {
			t.Errorf("%s: %v, %v", text, area, err)
		}
	}
}

func TestMoments(t *testing.T) {
	late := time.Date(2026, 5, 1, 23, 30, 0, 0, zone())
	for _, row := range []struct{ text, want string }{
		{"23:45", "2026-05-01T23:45:00+08:00"},
		{"6:15", "2026-05-02T06:15:00+08:00"},
		{"23:30", "2026-05-02T23:30:00+08:00"},
		{"+90m", "2026-05-02T01:00:00+08:00"},
		{"2026-05-01T18:00:00.7Z", "2026-05-02T02:00:00+08:00"},
		{"24:00", ""}, {"7:5", ""}, {"+0s", ""}, {"+-1h", ""}, {"-1h", ""}, {"2026-05-01", ""}, {"18:00 ", ""}, {"", ""},
	} {
		at, ok := momentOf(row.text, late)
		if have := at.Format(time.RFC3339); ok != (row.want != "") || ok && have != row.want {
			t.Errorf("%q: %s, %v; want %s", row.text, have, ok, row.want)
		}
	}
}

func TestTimesAndNumbersAreWordedByLanguage(t *testing.T) {
	tomorrow := time.Date(2026, 5, 2, 6, 5, 0, 0, zone())
	for _, row := range []struct{ language, today, dated, number string }{
		{"en", "12:00", "06:05 on 2 May", "1234.5"},
		{"en-US", "12:00 PM", "6:05 AM on May 2", "1234.5"},
		{"zh-CN", "12:00", "5月2日06:05", "1234.5"},
		{"zh-TW", "12:00", "5月2日06:05", "1234.5"},
		{"fr-CA", "12:00", "06:05 le 2 mai", "1234,5"},
		{"de", "12:00 Uhr", "06:05 Uhr am 2. Mai", "1234,5"},
		{"mi", "12:00", "2026-05-02 06:05", "1234.5"},
	} {
		c := &filling{t: &Template{Texts: []Text{{Language: row.language}}}, now: noon()}
		if have := c.sayMoment(noon())[row.language]; have != row.today {
			t.Errorf("%s: today is %q, want %q", row.language, have, row.today)
		}
		if have := c.sayMoment(tomorrow)[row.language]; have != row.dated {
			t.Errorf("%s: tomorrow is %q, want %q", row.language, have, row.dated)
		}
		have, err := c.inNumber(&Slot{Type: TypeNumber}, 1234.5)
		if err != nil || have[row.language] != row.number {
			t.Errorf("%s: the number is %q, %v; want %q", row.language, have[row.language], err, row.number)
		}
	}
	c := &filling{t: &Template{Texts: []Text{{Language: "en"}}}, now: noon().UTC()}
	if have := c.sayMoment(noon().UTC())["en"]; have != "04:00 UTC" {
		t.Errorf("UTC is worded %q", have)
	}
}

// TestEveryTableOfMomentsIsWhole: a language without twelve months would speak in numbers.
func TestEveryTableOfMomentsIsWhole(t *testing.T) {
	n := 0
	for line := range strings.Lines(momentFile) {
		if line[0] == '#' {
			continue
		}
		n++
		words, ok := momentsIn(strings.SplitN(line, "\t", 2)[0])
		if !ok || len(words.months) != 12 && words.months[0] != "-" || !strings.Contains(words.dated, "{day}") || !strings.Contains(words.dated, "{month}") {
			t.Errorf("line %q: %+v", line, words)
		}
	}
	if n < 15 {
		t.Errorf("only %d languages", n)
	}
}

func TestStatus(t *testing.T) {
	all, test := parse(t, flood), parse(t, strings.Replace(flood, "version: 2\n", "version: 2\nstatus: [Test, Exercise]\nnote: The annual drill.\n", 1))
	for _, row := range []struct {
		name     string
		t        *Template
		status   cap.Status
		note     string
		want     cap.Status
		wantNote string
		says     string
	}{
		{"nothing said", all, "", "", cap.StatusActual, "", ""},
		{"an exercise", all, cap.StatusExercise, "", cap.StatusExercise, "Exercise with the template flood.", ""},
		{"an exercise with a name", all, cap.StatusExercise, "Blue Tide", cap.StatusExercise, "Blue Tide", ""},
		{"nothing said of a test", test, "", "", cap.StatusTest, "The annual drill.", ""},
		{"a test as the real thing", test, cap.StatusActual, "", "", "", `the status is "Actual": want one of Test, Exercise`},
		{"a status that is none", all, "Draft", "", "", "", "want one of Actual, Exercise, Test"},
		{"a note that is hidden", all, "", "a\u202Eb", "", "", "the note"},
	} {
		r := request(nil)
		r.Status, r.Note = row.status, row.note
		f, err := row.t.Fill(r)
		switch {
		case row.says != "":
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s: %v, want %q", row.name, err, row.says)
			}
		case err != nil:
			t.Errorf("%s: %v", row.name, err)
		case f.Alert.Status != row.want || f.Alert.Note != row.wantNote:
			t.Errorf("%s: %s, %q", row.name, f.Alert.Status, f.Alert.Note)
		}
	}
}

func TestOnset(t *testing.T) {
	text := strings.NewReplacer("expires: until\n", "onset: from\nexpires: until\n", "  until: {type: time}\n", "  until: {type: time}\n  from: {type: time}\n",
		"because of {cause}.", "because of {cause}, from {from}.", "因{cause}", "从{from}因{cause}").Replace(flood)
	f, err := parse(t, text).Fill(request(map[string]any{"from": "14:00"}))
	if err != nil {
		t.Fatal(err)
	}
	if in := f.Alert.Infos[1]; !in.Onset.Equal(noon().Add(2 * time.Hour)) {
		t.Errorf("onset %v", in.Onset)
	}
	if _, err := parse(t, text).Fill(request(map[string]any{"from": "17:00"})); err == nil || !strings.Contains(err.Error(), "slot from: it begins at") {
		t.Errorf("it begins when it ends: %v", err)
	}
}

func TestIdentifiers(t *testing.T) {
	for _, row := range []struct{ pattern, want, says string }{
		{"", "20260501T040000Z-aaaaaaaaaaaaaaaa", ""},
		{"33010010101001_{local}_{digit}", "33010010101001_20260501120000_0", ""},
		{"urn:oid:2.49.0.1.156:{time}:{template}:{random}", "urn:oid:2.49.0.1.156:20260501T040000Z:flood:aaaaaaaaaaaaaaaa", ""},
		{"flood-{random}", "", "{time} or {local}"},
		{"flood-{time}", "", "{random} (or {digit})"},
		{"{time} {random}", "", "no blank"},
		{"{time}-{serial}", "", "{serial} stands for nothing"},
		{"{time", "", "is no slot"},
	} {
		have, err := identifierOf(row.pattern, "flood", noon(), zeros{})
		if row.says == "" && (err != nil || have != row.want) || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("%q: %q, %v; want %q %q", row.pattern, have, err, row.want, row.says)
		}
	}
	if _, err := identifierOf("", "flood", noon(), strings.NewReader("")); err == nil {
		t.Error("without random bytes an identifier is made")
	}
	if _, err := parse(t, flood).Fill(Request{Values: values(), Now: noon(), Random: zeros{}}); err == nil || !strings.Contains(err.Error(), "office has no sender") {
		t.Errorf("nobody warns: %v", err)
	}
}
