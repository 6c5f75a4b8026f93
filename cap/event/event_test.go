package event

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tocsin/cap"
)

func tables(t testing.TB) *Tables {
	t.Helper()
	tables, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func info(text string, codes ...cap.Value) *cap.Info {
	return &cap.Info{Event: text, EventCodes: codes, Categories: []cap.Category{"Met"}}
}

func TestFind(t *testing.T) {
	tables := tables(t)
	for _, row := range []struct {
		name string
		info *cap.Info
		how  How
		want []Hazard
		// called is the name in Chinese.
		called string
	}{
		{"SAME", info("whatever", cap.Value{Name: "SAME", Value: "TSW"}), ByCode, []Hazard{Tsunami}, "海啸警报"},
		{"SAME in lower case", info("", cap.Value{Name: "same", Value: "tor"}), ByCode, []Hazard{Tornado}, "龙卷风警报"},
		{"OET", info("", cap.Value{Name: "OET:v1.2", Value: "OET-081"}), ByCode, []Hazard{Flood}, "洪水"},
		{"OET of a later version", info("", cap.Value{Name: "OET:v2.0", Value: "OET-203"}), ByCode, []Hazard{Tsunami}, "海啸"},
		{"CAP-CP", info("", cap.Value{Name: "profile:CAP-CP:Event:0.4", Value: "snowSquall"}), ByCode, []Hazard{Snow, Wind}, "雪飑"},
		{"CAP-AU", info("", cap.Value{Name: "urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0:AUeventLIST:1.0", Value: "grassFire"}),
			ByCode, []Hazard{Wildfire}, "草地火灾"},
		{"GB/T 35561", info("", cap.Value{Name: "GB/T 35561-2017", Value: "11B01"}), ByCode, []Hazard{Cyclone, Storm, Wind}, "台风"},
		{"GB/T 35561, a code without a line", info("", cap.Value{Name: "GB/T 35561", Value: "11D07"}), ByCode, []Hazard{Landslide}, "地质灾害"},
		{"GB/T 35561, a class, filled up from the text", info("化工厂爆炸", cap.Value{Name: "GB/T 35561", Value: "22B04"}), ByCode,
			[]Hazard{General, Explosion}, "事故灾难"},
		{"two codes", info("", cap.Value{Name: "SAME", Value: "FFW"}, cap.Value{Name: "OET:v1.2", Value: "OET-119"}), ByCode,
			[]Hazard{Flood, Rain, Landslide}, "山洪警报"},
		{"an unknown code beside a known text", info("Flood", cap.Value{Name: "SAME", Value: "ZZZ"}), ByName, []Hazard{Flood}, "洪水"},
		{"a code of a list that nobody knows", info("Zorbel", cap.Value{Name: "DWD", Value: "TOR"}), ByCategory, nil, ""},
		{"a name", info(" Flash  FLOOD "), ByName, []Hazard{Flood, Rain}, "山洪"},
		{"a Chinese name", info("道路结冰"), ByName, []Hazard{Ice}, "道路结冰"},
		{"words", info("Severe flooding in the valley"), ByWord, []Hazard{Flood}, "洪水"},
		{"Chinese words", info("洪水红色预警"), ByWord, []Hazard{Flood}, "洪水"},
		{"German compound", info("Amtliche Hochwasserwarnung"), ByWord, []Hazard{Flood}, "洪水"},
		{"Arabic with article", info("تحذير من الفيضانات"), ByWord, []Hazard{Flood}, "洪水"},
		{"Korean compound", info("호우경보"), ByWord, []Hazard{Rain, Flood}, "暴雨"},
		{"the longer word goes first", info("Storm surge expected"), ByWord, []Hazard{Surge, Flood}, "风暴潮"},
		{"a threat is no heat", info("Bomb threat"), ByName, []Hazard{Explosion, Attack}, "炸弹威胁"},
		{"a train is no rain", info("Train derailment"), ByWord, []Hazard{Accident}, "交通与事故"},
		{"police is no ice", info("Police notice of sizeable winds"), ByWord, []Hazard{Wind}, "大风"},
		{"nothing known but the category", info("Zorbel"), ByCategory, nil, ""},
		{"nothing at all", &cap.Info{Event: "Zorbel"}, Unknown, nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := tables.Find(row.info)
			if got.How != row.how {
				t.Errorf("found by %s, want %s: %v", got.How, row.how, got.Hazards)
			}
			if row.want != nil && !slices.Equal(got.Hazards, row.want) {
				t.Errorf("hazards %v, want %v", got.Hazards, row.want)
			}
			if name := got.Name("zh-CN"); row.called != "" && name != row.called {
				t.Errorf("called %q, want %q", name, row.called)
			}
		})
	}
}

// TestWhatNobodyKnowsConcernsEverybody: whoever filters by hazard lets through what no table knows, and what may be anything.
func TestWhatNobodyKnowsConcernsEverybody(t *testing.T) {
	tables := tables(t)
	for _, in := range []*cap.Info{info("Zorbel"), {Event: ""}, info("Zorbel", cap.Value{Name: "SAME", Value: "QQQ"}),
		info("Leave now", cap.Value{Name: "SAME", Value: "EVI"}), info("", cap.Value{Name: "OET:v1.2", Value: "OET-000"})} {
		found := tables.Find(in)
		for _, h := range Hazards() {
			if !found.Concerns(h) {
				t.Errorf("%+v is of no concern to who wants %s", in, h)
			}
		}
	}
	flood := tables.Find(info("Flood"))
	if !flood.Concerns(Flood) || flood.Concerns(Earthquake) {
		t.Errorf("a flood concerns the wrong people: %+v", flood)
	}
}

func TestTables(t *testing.T) {
	tables := tables(t)
	count, codes := map[string]int{}, map[[2]string]bool{}
	for _, e := range tables.Entries() {
		count[e.List]++
		key := [2]string{e.List, strings.ToLower(e.Code)}
		if codes[key] {
			t.Errorf("%s %s stands there twice", e.List, e.Code)
		}
		codes[key] = true
		if len(e.Hazards) == 0 || e.names.in("en") == "" || e.names.in("zh") == "" {
			t.Errorf("%s %s lacks hazards or names", e.List, e.Code)
		}
		if got, ok := tables.Lookup(e.List, strings.TrimSuffix(e.Code, "*")); !ok || got.Code != e.Code {
			t.Errorf("%s %s is not found: %v", e.List, e.Code, got)
		}
	}
	for list, want := range map[string]int{OET: 224, SAME: 79, GBT35561: 70, CAPCP: 140, AU: 2} {
		if count[list] < want {
			t.Errorf("%s has %d codes, want at least %d", list, count[list], want)
		}
	}
	for _, h := range Hazards() {
		for _, language := range []string{"en", "zh", "zh-Hant", "es", "fr", "de", "ru", "ar", "ja"} {
			if tables.names[h].in(language) == "" {
				t.Errorf("hazard %s has no name in %s", h, language)
			}
		}
	}
	for _, c := range cap.Categories() {
		if len(tables.Hints([]cap.Category{c})) == 0 {
			t.Errorf("category %s hints at nothing", c)
		}
	}
	for _, w := range tables.words.words {
		if text := string(w.text); text != strings.ToLower(text) || utf8.RuneCountInString(text) < 2 && !joins([]rune(text)[0]) {
			t.Errorf("word %q is never found, or too often", text)
		}
		if found := tables.words.find(string(w.text)); !slices.Contains(found, w.hazards[0]) {
			t.Errorf("word %q gives %v, want %v", w.text, found, w.hazards)
		}
	}
}

// TestHazardsKeepTheirPlace: wishes of people are stored as bits in this order.
func TestHazardsKeepTheirPlace(t *testing.T) {
	const order = "flood surge dam tsunami rain thunderstorm tornado cyclone storm wind snow ice cold heat drought fog dust air wildfire " +
		"structure-fire earthquake volcano landslide avalanche sea space chemical radiation explosion disease animal contamination " +
		"outage accident missing attack unrest crime general notice"
	var got []string
	for _, h := range Hazards() {
		got = append(got, string(h))
		if slices.ContainsFunc(cap.Categories(), func(c cap.Category) bool { return strings.EqualFold(string(c), string(h)) }) {
			t.Errorf("hazard %s could be taken for a category", h)
		}
	}
	if !strings.HasPrefix(strings.Join(got, " "), order) {
		t.Errorf("the order has changed: %v", got)
	}
	if len(got)+len(cap.Categories()) > 63 {
		t.Errorf("%d hazards and %d categories do not fit into 63 bits", len(got), len(cap.Categories()))
	}
}

func TestNames(t *testing.T) {
	tables := tables(t)
	for tag, want := range map[string]string{"": "flood", "en-US": "flood", "zh": "洪水", "zh-CN": "洪水", "zh-Hans-HK": "洪水", "zh_TW": "洪水",
		"fr-CA": "inondation", "DE": "Hochwasser", "tlh": "flood"} {
		if got := tables.Name(Flood, tag); got != want {
			t.Errorf("%q: %q, want %q", tag, got, want)
		}
	}
	if got := tables.Name(Cyclone, "zh-Hant-TW"); got != "颱風" {
		t.Errorf("traditional: %q", got)
	}
	e, _ := tables.Lookup(OET, "OET-204")
	if got := tables.EntryName(e, "fr"); got != "cyclone tropical" {
		t.Errorf("an entry without a French name is called %q, want that of its hazard", got)
	}
}

// TestFindTakesAnything: no text breaks it, and what it finds are hazards of the list.
func TestFindTakesAnything(t *testing.T) {
	tables := tables(t)
	rapid.Check(t, func(r *rapid.T) {
		in := info(rapid.String().Draw(r, "event"), cap.Value{Name: rapid.String().Draw(r, "name"), Value: rapid.String().Draw(r, "value")})
		in.EventCodes = append(in.EventCodes, cap.Value{Name: "GB/T 35561", Value: rapid.String().Draw(r, "code")})
		found := tables.Find(in)
		for _, h := range found.Hazards {
			if !slices.Contains(Hazards(), h) {
				r.Fatalf("%q is no hazard", h)
			}
		}
		if (found.Entry != nil) != (found.How == ByCode || found.How == ByName) || found.Known() && len(found.Hazards) == 0 {
			r.Fatalf("%+v does not agree with itself", found)
		}
		_ = found.Name(rapid.String().Draw(r, "language"))
	})
}

func BenchmarkFind(b *testing.B) {
	tables := tables(b)
	in := info("Severe flooding in the valley of the upper river")
	for b.Loop() {
		tables.Find(in)
	}
}
