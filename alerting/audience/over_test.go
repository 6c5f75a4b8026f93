package audience_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// TestAnInfoThatIsOverIsForNobody: who would be told by it gets the next info that holds him, if there is one.
func TestAnInfoThatIsOverIsForNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		people(t, a, "person,language,places,sms",
			`english,en,"30.5,120.5",+8613800000001`,
			`chinese,zh-CN,"30.6,120.6",+8613800000002`,
			`elsewhere,en,"10.1,10.1",+8613800000003`)
		area := box(30, 120, 31, 121)
		extreme := info(cap.Extreme, "en-GB", area, box(10, 10, 11, 11))
		infos := []cap.Info{extreme, info(cap.Severe, "en-GB", area), info(cap.Severe, "zh-CN", area)}
		for _, row := range []struct {
			name string
			// over are the infos that ended a second ago; the others end in an hour.
			over  []int
			found []string
			// outside is what somebody is told whom nothing holds any more.
			outside string
		}{
			{"none", nil, []string{"chinese:0", "elsewhere:0", "english:0"}, "elsewhere:0"},
			{"the severest", []int{0}, []string{"chinese:2", "english:1"}, "elsewhere:1"},
			{"all in one language", []int{0, 1}, []string{"chinese:2", "english:2"}, "elsewhere:2"},
			{"all", []int{0, 1, 2}, nil, "elsewhere:0"},
		} {
			t.Run(row.name, func(t *testing.T) {
				issued := alert(infos...)
				issued.Expires = clock().Add(time.Hour)
				for i := range infos {
					end := issued.Expires
					if slices.Contains(row.over, i) {
						end = clock()
					}
					issued.Ends = append(issued.Ends, end)
				}
				got := told(t, a, everybody(t, a, issued))
				slices.Sort(got)
				if !slices.Equal(got, row.found) {
					t.Errorf("found %q, want %q", got, row.found)
				}
				id, err := a.Find(t.Context(), "elsewhere")
				if err != nil {
					t.Fatal(err)
				}
				again, err := a.Lookup(t.Context(), issued, []int64{id})
				if err != nil {
					t.Fatal(err)
				}
				if got := told(t, a, again); len(got) != 1 || got[0] != row.outside || again[0].Inside != (len(row.over) == 0) {
					t.Errorf("who was told before: %q, inside %v; want %q", got, again[0].Inside, row.outside)
				}
			})
		}
	})
}

func TestASirenDoesNotSoundForAnInfoThatIsOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		file := strings.NewReader("ref,lat,lon,protocol,gateway\nroof,30.5,120.5,http,horns")
		if _, err := a.ImportSirens(t.Context(), file, audience.SirenOptions{}); err != nil {
			t.Fatal(err)
		}
		issued := alert(info(cap.Extreme, "en", box(30, 120, 31, 121)), info(cap.Minor, "en", box(30, 120, 31, 121)))
		issued.Expires = clock().Add(time.Hour)
		for _, row := range []struct {
			ends []time.Time
			want []int
		}{
			{[]time.Time{issued.Expires, issued.Expires}, []int{0}},
			{[]time.Time{clock(), issued.Expires}, []int{1}},
			{[]time.Time{clock(), clock()}, nil},
		} {
			issued.Ends = row.ends
			all, err := a.Sirens(t.Context(), issued)
			if err != nil {
				t.Fatal(err)
			}
			if got := infosOf(all); !slices.Equal(got, row.want) {
				t.Errorf("ends %v: infos %v, want %v", row.ends, got, row.want)
			}
		}
	})
}

func infosOf(all []alerting.Addressee) (infos []int) {
	for _, a := range all {
		infos = append(infos, a.Info)
	}
	return infos
}
