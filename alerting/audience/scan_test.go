package audience_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// town is a small population; every row has its own phone number.
func town() []string {
	rows := []string{
		"far,zh-CN,,,\"10.05,10.05\"",
		"chinese,zh-CN,,,\"30.5,120.5\"",
		"english,en-GB,,,\"30.5,120.6\"",
		"french,fr,,,\"30.6,120.5\"",
		"speechless,,,,\"30.6,120.6\"",
		"fire only,zh-CN,Fire,,\"30.7,120.5\"",
		"fire and weather,zh-CN,Fire|Met,,\"30.7,120.6\"",
		"severe only,zh-CN,,,\"30.8,120.5@Severe\"",
		"extreme only,zh-CN,,,\"30.8,120.6@Extreme\"",
		"two homes,en,,,\"30.51,120.51;30.52,120.52;10.1,10.1\"",
		"village,zh,,,cell:" + villageToken,
		"county,zh,,,code:SAME=006109@Moderate",
		"district,zh,,,code:CN=330106",
		"floods,zh,flood|tsunami,,\"40.5,120.5\"",
		"quakes,zh,earthquake,,\"40.5,120.5\"",
		"blazes,zh,Fire,,\"40.5,120.5\"",
		"north pole,en,,,\"90,0\"",
		"date line west,en,,,\"-17,179.9\"",
		"date line east,en,,,\"-17,-179.9\"",
		"unverified,zh,,no,\"30.5,120.7\"",
	}
	out := []string{"person,language,wants,verified,places,sms"}
	for i, row := range rows {
		out = append(out, fmt.Sprintf("%s,+861380000%04d", row, i))
	}
	return append(out, "no address,zh,,yes,\"30.5,120.8\",")
}

// villageToken is a level 10 cell (about 10 km) around 31.5, 121.5.
const villageToken = "35b20f"

func TestWhoIsFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		people(t, a, town()...)
		units := "code,parent,name\nCN=33,,Zhejiang\nCN=3301,CN=33,Hangzhou\nCN=330106,CN=3301,Xihu\n"
		if _, err := a.ImportUnits(t.Context(), strings.NewReader(units), nil); err != nil {
			t.Fatal(err)
		}
		for _, row := range foundRows() {
			t.Run(row.name, func(t *testing.T) {
				issued := alert(row.infos...)
				issued.Envelope.Audience = row.filter
				if row.scope != "" {
					issued.Alert.Scope = row.scope
				}
				found := everybody(t, a, issued)
				got := told(t, a, found)
				slices.Sort(got)
				slices.Sort(row.want)
				if !slices.Equal(got, row.want) {
					t.Errorf("found %q\nwant  %q", got, row.want)
				}
				scan, err := a.Begin(t.Context(), issued, "", nil)
				if err != nil {
					t.Fatal(err)
				}
				if (scan.Reason() == "") != (row.reason == "") || !strings.Contains(scan.Reason(), row.reason) {
					t.Errorf("reason %q, want one with %q", scan.Reason(), row.reason)
				}
				for _, f := range found {
					if f.Addresses[0] == nil || f.Addresses[1] != nil || f.Addresses[3] != nil {
						t.Errorf("person %d has addresses %v", f.ID, f.Addresses)
					}
				}
			})
		}
	})
}

type foundRow struct {
	name   string
	infos  []cap.Info
	scope  cap.Scope
	filter alerting.AudienceFilter
	want   []string
	reason string
}

func foundRows() []foundRow {
	valley := box(30, 120, 31, 121)
	fire := info(cap.Severe, "zh-CN", valley)
	fire.Categories = []cap.Category{"Fire"}
	odd := info(cap.Severe, "zh-CN", valley)
	odd.Categories = []cap.Category{"Meteor"}
	coast := func(text string, codes ...cap.Value) []cap.Info {
		one := info(cap.Severe, "zh", box(40, 120, 41, 121))
		one.Event, one.EventCodes = text, codes
		return []cap.Info{one}
	}
	named := func(refs ...string) alerting.AudienceFilter { return alerting.AudienceFilter{People: refs} }
	return []foundRow{
		{name: "box, severe, weather", infos: []cap.Info{info(cap.Severe, "zh-CN", valley)},
			want: []string{"chinese:0", "english:0", "french:0", "speechless:0", "fire and weather:0", "severe only:0", "two homes:0"}},
		{name: "minor severity", infos: []cap.Info{info(cap.Minor, "zh-CN", valley)},
			want: []string{"chinese:0", "english:0", "french:0", "speechless:0", "fire and weather:0", "two homes:0"}},
		{name: "extreme severity", infos: []cap.Info{info(cap.Extreme, "zh-CN", valley)},
			want: []string{"chinese:0", "english:0", "french:0", "speechless:0", "fire and weather:0", "severe only:0", "extreme only:0", "two homes:0"}},
		{name: "fire", infos: []cap.Info{fire},
			want: []string{"chinese:0", "english:0", "french:0", "speechless:0", "fire only:0", "fire and weather:0", "severe only:0", "two homes:0"}},
		{name: "a category that nobody knows", infos: []cap.Info{odd},
			want: []string{"chinese:0", "english:0", "french:0", "speechless:0", "fire only:0", "fire and weather:0", "severe only:0", "two homes:0"}},
		{name: "a hazard by its code", infos: coast("Zorbel", cap.Value{Name: "OET:v1.2", Value: "OET-081"}), want: []string{"floods:0"}},
		{name: "a hazard by its text", infos: coast("地震预警"), want: []string{"quakes:0"}},
		{name: "another hazard, and another category", infos: coast("Fog"), want: []string{}},
		{name: "an event that no table knows", infos: coast("Zorbel"), want: []string{"floods:0", "quakes:0", "blazes:0"}},
		{name: "a danger of any kind", infos: coast("Zorbel", cap.Value{Name: "SAME", Value: "EVI"}), want: []string{"floods:0", "quakes:0", "blazes:0"}},
		{name: "languages", infos: []cap.Info{info(cap.Severe, "en-US", valley), info(cap.Severe, "zh-Hans", valley)},
			want: []string{"chinese:1", "english:0", "french:0", "speechless:0", "fire and weather:1", "severe only:1", "two homes:0"}},
		{name: "no language is English", infos: []cap.Info{info(cap.Severe, "zh", valley), info(cap.Severe, "", valley)},
			want: []string{"chinese:0", "english:1", "french:0", "speechless:0", "fire and weather:0", "severe only:0", "two homes:1"}},
		{name: "the severest before the language", infos: []cap.Info{info(cap.Minor, "en", box(30, 120, 30.55, 121)), info(cap.Severe, "zh", box(30.515, 120, 30.515+.3, 121))},
			// Two homes: one in the minor area only, one in both.
			want: []string{"chinese:0", "english:0", "french:1", "speechless:1", "fire and weather:1", "severe only:1", "two homes:1"}},
		{name: "equal severity, other areas", infos: []cap.Info{info(cap.Severe, "zh", box(30.505, 120.505, 30.515, 120.515)), info(cap.Severe, "en", box(30.515, 120.515, 30.525, 120.525))},
			want: []string{"two homes:1"}},
		{name: "union of areas, each person once", infos: []cap.Info{info(cap.Severe, "zh", circle(30.51, 120.51, 0.5), circle(30.52, 120.52, 0.5), box(10, 10, 10.2, 10.2))},
			want: []string{"two homes:0", "far:0"}},
		{name: "rings within one area are united", infos: []cap.Info{info(cap.Severe, "zh", cap.Area{Polygons: append(box(30.4, 120.4, 30.55, 120.55).Polygons, box(30.45, 120.45, 30.65, 120.65).Polygons...)})},
			want: []string{"chinese:0", "english:0", "french:0", "speechless:0", "two homes:0"}},
		{name: "a coarse place is met by a small area", infos: []cap.Info{info(cap.Severe, "zh", circle(31.5, 121.5, 0.1))}, want: []string{"village:0"}},
		{name: "a coarse place in a large area", infos: []cap.Info{info(cap.Severe, "zh", box(31, 121, 32, 122))}, want: []string{"village:0"}},
		{name: "circle of radius 0 within a coarse place", infos: []cap.Info{info(cap.Severe, "zh", circle(31.5, 121.5, 0))}, want: []string{"village:0"}},
		{name: "across the date line", infos: []cap.Info{info(cap.Severe, "en", box(-18, 179, -16, 181-360))}, want: []string{"date line west:0", "date line east:0"}},
		{name: "circle on the date line", infos: []cap.Info{info(cap.Severe, "en", circle(-17, 180, 50))}, want: []string{"date line west:0", "date line east:0"}},
		{name: "circle on the pole", infos: []cap.Info{info(cap.Severe, "en", circle(90, 120, 50))}, want: []string{"north pole:0"}},
		{name: "geocode of a place", infos: []cap.Info{info(cap.Moderate, "en", geocode("SAME", "006109"))}, want: []string{"county:0"}},
		{name: "geocode, severity too low", infos: []cap.Info{info(cap.Minor, "en", geocode("SAME", "006109"))}, want: []string{}},
		{name: "geocode of a larger unit", infos: []cap.Info{info(cap.Minor, "zh", geocode("CN", "33"))}, want: []string{"district:0"}},
		{name: "geocode and polygon are united", infos: []cap.Info{info(cap.Severe, "zh", geocode("CN", "3301"), box(10, 10, 10.2, 10.2))},
			want: []string{"district:0", "far:0", "two homes:0"}},
		{name: "geocode that nobody knows", infos: []cap.Info{info(cap.Severe, "zh", geocode("UGC", "CAZ001"))}, want: []string{}, reason: "known geocode"},
		{name: "no area", infos: []cap.Info{info(cap.Severe, "zh")}, want: []string{}, reason: "known geocode"},
		{name: "no info", want: []string{}, reason: "no info"},
		{name: "no area, named people", infos: []cap.Info{info(cap.Severe, "zh"), info(cap.Severe, "en")}, filter: named("far", "english", "nobody", "far"),
			want: []string{"far:0", "english:1"}},
		{name: "area and named people", infos: []cap.Info{info(cap.Severe, "zh", valley)}, filter: named("far", "english", "fire only", "two homes"),
			want: []string{"english:0", "two homes:0"}},
		{name: "restricted", infos: []cap.Info{info(cap.Severe, "zh", valley)}, scope: cap.ScopeRestricted, want: []string{}, reason: "Restricted"},
		{name: "private, named people wherever they are", infos: []cap.Info{info(cap.Severe, "zh", valley)}, scope: cap.ScopePrivate,
			filter: named("far", "english", "fire only", "unverified", "no address"), want: []string{"far:0", "english:0", "fire only:0"}},
		{name: "a ring that cannot be used costs no other its people", infos: []cap.Info{info(cap.Severe, "zh", cap.Area{Polygons: []cap.Polygon{{{Lat: 1, Lon: 1}, {Lat: 300, Lon: 1}, {Lat: 2, Lon: 2}}, box(10, 10, 10.2, 10.2).Polygons[0]}})},
			want: []string{"far:0", "two homes:0"}},
		{name: "only a ring that cannot be used", infos: []cap.Info{info(cap.Severe, "zh", cap.Area{Polygons: []cap.Polygon{{{Lat: 1, Lon: 1}, {Lat: 300, Lon: 1}, {Lat: 2, Lon: 2}}}})},
			want: []string{}, reason: "not usable"},
		{name: "the whole world", infos: []cap.Info{info(cap.Extreme, "zh", box(-90, -180, 90, 180))},
			want: []string{"chinese:0", "english:0", "french:0", "speechless:0", "fire and weather:0", "severe only:0", "extreme only:0", "two homes:0", "far:0",
				"village:0", "north pole:0", "date line west:0", "date line east:0"}},
	}
}

func TestScanGoesOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		people(t, a, town()...)
		issued := alert(info(cap.Minor, "en", box(29, 119, 32, 122), geocode("CN", "330106")),
			info(cap.Severe, "zh", box(30.55, 120, 31, 121), geocode("SAME", "006109")))
		whole := everybody(t, a, issued)
		if len(whole) < 10 {
			t.Fatalf("only %d people found", len(whole))
		}
		for stop := range len(whole) + 1 {
			first, err := a.Begin(t.Context(), issued, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			before := []alerting.Addressee{}
			cursor := first.Cursor()
			if stop > 0 {
				if before, err = first.Next(t.Context(), stop); err != nil {
					t.Fatal(err)
				}
				cursor = first.Cursor()
			}
			again, err := a.Begin(t.Context(), issued, cursor, func(yield func(int64) bool) {
				for _, f := range before {
					if !yield(f.ID) {
						return
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := told(t, a, append(before, rest(t, again, 3)...)), told(t, a, whole); !slices.Equal(got, want) {
				t.Errorf("stopped after %d at %q: got %q\nwant %q", stop, cursor, got, want)
			}
			// From the start, with all that were told left out: only the others come.
			last, err := a.Begin(t.Context(), issued, "", func(yield func(int64) bool) {
				for _, f := range before {
					if !yield(f.ID) {
						return
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := told(t, a, rest(t, last, 256)), told(t, a, whole[len(before):]); !slices.Equal(got, want) {
				t.Errorf("scanned again without the first %d: got %q\nwant %q", stop, got, want)
			}
		}
	})
}

func TestNamedScanGoesOn(t *testing.T) {
	a := open(t, storetest.Open(t))
	var lines []string
	var refs []string
	for i := range 600 {
		refs = append(refs, fmt.Sprintf("p%d", i))
		lines = append(lines, fmt.Sprintf("p%d,+86138%08d", i, i))
	}
	people(t, a, append([]string{"person,sms"}, lines...)...)
	issued := alert(info(cap.Severe, "zh"))
	issued.Envelope.Audience.People = refs
	scan, err := a.Begin(t.Context(), issued, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := scan.Next(t.Context(), 300)
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Begin(t.Context(), issued, scan.Cursor(), nil)
	if err != nil {
		t.Fatal(err)
	}
	all := append(first, rest(t, again, 128)...)
	seen := map[int64]bool{}
	for _, f := range all {
		if f.Inside || seen[f.ID] {
			t.Errorf("person %d: inside %v, seen before %v", f.ID, f.Inside, seen[f.ID])
		}
		seen[f.ID] = true
	}
	if len(seen) != len(refs) {
		t.Errorf("%d people found, want %d", len(seen), len(refs))
	}
}

func TestScanRefusesOddCursors(t *testing.T) {
	a := open(t, storetest.Open(t))
	for _, cursor := range []string{"x", "c", "c 1 2", "c -1 2 3", "c 0 x 3", "c 0 0 -3", "k 0 1", "k 0 x y", "n", "n -1", "n 1 2", "END", "c 0 9999999999999999999999 1"} {
		if _, err := a.Begin(t.Context(), alert(), cursor, nil); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("cursor %q: %v, want ErrInvalid", cursor, err)
		}
	}
	scan, err := a.Begin(t.Context(), alert(info(cap.Severe, "zh", box(0, 0, 1, 1))), "end", nil)
	if err != nil || !scan.Done() {
		t.Errorf("the end: done %v, %v", scan.Done(), err)
	}
	scan, err = a.Begin(t.Context(), alert(info(cap.Severe, "zh", box(0, 0, 1, 1))), "k 0 9223372036854775807 a b c", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := scan.Cursor(); got != "k 0 9223372036854775807 a b c" {
		t.Errorf("the cursor came back as %q", got)
	}
}

func TestScanAfterAnError(t *testing.T) {
	a := open(t, storetest.Open(t))
	people(t, a, town()...)
	issued := alert(info(cap.Extreme, "zh", box(29, 119, 32, 122)))
	scan, err := a.Begin(t.Context(), issued, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := contextEnded(t)
	defer cancel()
	if _, err := scan.Next(ended, 5); err == nil {
		t.Fatal("a scan with an ended context went on")
	}
	if got, want := told(t, a, rest(t, scan, 5)), told(t, a, everybody(t, a, issued)); !slices.Equal(got, want) {
		t.Errorf("after an error: got %q, want %q", got, want)
	}
}

func TestAddressesOpen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, keys := open(t, db), keyring(t)
		people(t, a, "person,sms,mail,push,places", "p,+86 138-0000-0001,A@Example.org,"+subscriptionOf(1)+",\"1,1\"")
		found := everybody(t, a, alert(info(cap.Severe, "zh", box(0, 0, 2, 2))))
		if len(found) != 1 {
			t.Fatalf("found %d people", len(found))
		}
		for i, want := range []string{"+8613800000001", `"endpoint":"https://push.example.org/s/1"`, "A@Example.org"} {
			ch := alerting.Channels()[i]
			clear, err := keys.Open("addresses", found[0].Addresses[i], audience.AAD(ch))
			if err != nil || !strings.Contains(string(clear), want) {
				t.Errorf("%s is %q, %v; want %q", ch, clear, err, want)
			}
		}
	})
}
