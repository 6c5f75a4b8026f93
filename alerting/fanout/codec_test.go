package fanout

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alerting"
)

func drawPage(t *rapid.T) Page {
	n := rapid.IntRange(1, alerting.PageSize).Draw(t, "people")
	p := Page{Alert: alerting.AlertID{1}, Epoch: 7, Number: 3, Kind: People,
		Persons: rapid.SliceOfN(rapid.Int64Range(1, 1<<62), n, n).Draw(t, "ids"),
		Infos:   rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "infos")}
	switch rapid.IntRange(0, 2).Draw(t, "areas") {
	case 1:
		p.Areas = rapid.SliceOfN(rapid.Uint16(), n, n).Draw(t, "area")
	case 2:
		p.Areas = slices.Repeat([]uint16{rapid.Uint16Min(1).Draw(t, "the one area")}, n)
	}
	if !knownAreas(p.Areas) {
		p.Areas = nil
	}
	draw := func(name string) (b Bits) {
		for place := range n {
			if rapid.Bool().Draw(t, name) {
				b.Set(uint8(place))
			}
		}
		return b
	}
	p.Inside = draw("inside")
	for c := range channelCount {
		p.Targets[c] = draw("targets")
		if rapid.Bool().Draw(t, "has a later part") {
			p.Later[c] = p.Targets[c]
			p.Due = time.UnixMilli(1_700_000_000_000).UTC()
		}
	}
	return p
}

func TestPageSurvivesItsRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPage(t)
		row := p.row()
		got, err := row.page()
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, p) {
			t.Fatalf("got %+v\nwant %+v", got, p)
		}
	})
}

func TestRefusedRows(t *testing.T) {
	good := func() manifestRow {
		p := Page{Alert: alerting.AlertID{1}, Kind: People, Persons: []int64{5, 900, 3}, Infos: []uint8{0, 1, 0}}
		p.Targets[0].Set(2)
		return p.row()
	}
	for name, spoil := range map[string]func(*manifestRow){
		"no persons":                  func(r *manifestRow) { r.Persons = nil },
		"another version":             func(r *manifestRow) { r.Persons[0] = 3 },
		"fewer persons than said":     func(r *manifestRow) { r.Persons[1]++ },
		"more persons than said":      func(r *manifestRow) { r.Persons[1]-- },
		"a number in a longer form":   func(r *manifestRow) { r.Persons = []byte{1, 0, 0x8a, 0x00} },
		"an id that is not positive":  func(r *manifestRow) { r.Persons = []byte{1, 0, 1} },
		"an endless number":           func(r *manifestRow) { r.Persons = append([]byte{1, 0}, bytes.Repeat([]byte{0xff}, 12)...) },
		"areas announced, and none":   func(r *manifestRow) { r.Persons[0] = 2 },
		"areas not announced":         func(r *manifestRow) { r.Persons = append(r.Persons, 1) },
		"no area known":               func(r *manifestRow) { r.Persons = append([]byte{2}, append(r.Persons[1:], 0)...) },
		"areas of some places":        func(r *manifestRow) { r.Persons = append([]byte{2}, append(r.Persons[1:], 1, 2)...) },
		"areas of more places":        func(r *manifestRow) { r.Persons = append([]byte{2}, append(r.Persons[1:], 1, 2, 3, 4)...) },
		"equal areas in long form":    func(r *manifestRow) { r.Persons = append([]byte{2}, append(r.Persons[1:], 1, 1, 1)...) },
		"an area in a longer form":    func(r *manifestRow) { r.Persons = append([]byte{2}, append(r.Persons[1:], 0x81, 0)...) },
		"an area too large":           func(r *manifestRow) { r.Persons = append([]byte{2}, append(r.Persons[1:], 0x80, 0x80, 4)...) },
		"infos of another length":     func(r *manifestRow) { r.Infos = r.Infos[:2] },
		"equal infos in long form":    func(r *manifestRow) { r.Infos = []byte{1, 1, 1} },
		"no inside":                   func(r *manifestRow) { r.Inside = nil },
		"inside beyond the last":      func(r *manifestRow) { r.Inside = []byte{8} },
		"inside too long":             func(r *manifestRow) { r.Inside = []byte{1, 0} },
		"a channel that is not there": func(r *manifestRow) { r.Targets[0] = 16 },
		"no channel":                  func(r *manifestRow) { r.Targets = []byte{0} },
		"a channel without places":    func(r *manifestRow) { r.Targets = []byte{1, 0} },
		"a channel cut short":         func(r *manifestRow) { r.Targets = []byte{3, 4} },
		"targets too long":            func(r *manifestRow) { r.Targets = append(r.Targets, 0) },
		"later without target":        func(r *manifestRow) { r.Later = []byte{1, 1} },
		"an alert that is no id":      func(r *manifestRow) { r.Alert = "x" },
		"an origin that is no id":     func(r *manifestRow) { r.Origin = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			r := good()
			if _, err := r.page(); err != nil {
				t.Fatal(err)
			}
			if spoil(&r); reflect.DeepEqual(r, good()) {
				t.Fatal("nothing was spoilt")
			}
			if p, err := r.page(); err == nil {
				t.Errorf("accepted as %+v", p)
			}
		})
	}
}

// TestAreasOfPages: a page that was written before areas were is read as it was, and one with areas says them.
func TestAreasOfPages(t *testing.T) {
	p := Page{Alert: alerting.AlertID{1}, Kind: People}
	for i, area := range []int{0, 0, 3, 70_000, 300} {
		p.Persons, p.Infos = append(p.Persons, int64(i+1)), append(p.Infos, 0)
		p.setArea(area)
	}
	row := p.row()
	got, err := row.page()
	if want := []uint16{0, 0, 3, 0, 300}; err != nil || !slices.Equal(got.Areas, want) || got.Area(2) != 3 || got.Area(9) != 0 {
		t.Errorf("areas %v, %v, want %v", got.Areas, err, want)
	}
	row.Persons = []byte{1, 4, 2, 2, 2, 2, 2}
	if got, err = row.page(); err != nil || got.Areas != nil || got.Area(2) != 0 || !slices.Equal(got.Persons, p.Persons) {
		t.Errorf("an older page: %+v, %v", got, err)
	}
}

// FuzzPage: whatever a decoder accepts, the encoder writes again byte for byte.
func FuzzPage(f *testing.F) {
	f.Add([]byte{1, 1, 10, 4}, []byte{0}, []byte{3}, []byte{1, 3}, []byte{1, 1})
	f.Add([]byte{2, 1, 10, 4, 3, 0}, []byte{0}, []byte{3}, []byte{1, 3}, []byte{1, 1})
	f.Add([]byte{1, 0, 2}, []byte{9}, []byte{1}, []byte{8, 1}, []byte(nil))
	f.Fuzz(func(t *testing.T, persons, infos, inside, targets, later []byte) {
		row := manifestRow{Alert: alerting.AlertID{}.String(), Kind: "people", Persons: persons, Infos: infos, Inside: inside,
			Targets: targets, Later: later}
		p, err := row.page()
		if err != nil {
			return
		}
		again := p.row()
		for name, pair := range map[string][2][]byte{"persons": {persons, again.Persons}, "infos": {infos, again.Infos},
			"inside": {inside, again.Inside}, "targets": {targets, again.Targets}, "later": {later, again.Later}} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Errorf("%s: read %x, written %x", name, pair[0], pair[1])
			}
		}
	})
}

func TestIDSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, want := idSet{}, map[int64]bool{}
		for _, id := range rapid.SliceOf(rapid.Int64Range(1, 5000)).Draw(t, "ids") {
			if set.add(id) == want[id] {
				t.Fatalf("add %d: known %v", id, want[id])
			}
			want[id] = true
		}
		n := 0
		for id := range set.all() {
			if n++; !want[id] || !set.has(id) {
				t.Fatalf("%d is not in it", id)
			}
		}
		if n != len(want) || set.has(9999) {
			t.Fatalf("%d of %d", n, len(want))
		}
	})
}
