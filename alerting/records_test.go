package alerting

import (
	"slices"
	"testing"
	"time"

	"tocsin/cap"
)

func TestEnds(t *testing.T) {
	issued := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name string
		// infos and want are hours after the issue; 0 in infos is no expires.
		infos, want []int
		last        int
	}{
		{"the last info counts for the alert", []int{1, 5, 3}, []int{1, 5, 3}, 5},
		{"an info without expires lives for the lifetime", []int{1, 0}, []int{1, 24}, 24},
		{"a longer info beats the lifetime", []int{0, 30}, []int{24, 30}, 30},
		{"no infos", nil, nil, 24},
		{"already over", []int{-2}, []int{-2}, -2},
	} {
		a := new(cap.Alert)
		for _, h := range row.infos {
			i := cap.Info{}
			if h != 0 {
				i.Expires = issued.Add(time.Duration(h) * time.Hour)
			}
			a.Infos = append(a.Infos, i)
		}
		ends, last := Ends(a, issued, 24*time.Hour)
		var got []int
		for _, end := range ends {
			got = append(got, int(end.Sub(issued)/time.Hour))
		}
		if !slices.Equal(got, row.want) || last.Sub(issued) != time.Duration(row.last)*time.Hour {
			t.Errorf("%s: infos end after %v, the alert after %v; want %v, %d", row.name, got, last.Sub(issued), row.want, row.last)
		}
	}
}

func TestWordsEndWithTheirInfo(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := &Issued{Expires: now.Add(time.Hour), Ends: []time.Time{now.Add(time.Minute), now.Add(time.Hour)}}
	if !in.EndOf(0).Equal(now.Add(time.Minute)) || !in.EndOf(1).Equal(in.Expires) || !in.EndOf(7).Equal(in.Expires) {
		t.Errorf("infos end at %v, %v, %v", in.EndOf(0), in.EndOf(1), in.EndOf(7))
	}
	if in.Over(0, now) || !in.Over(0, now.Add(time.Minute)) || in.Over(1, now.Add(time.Minute)) || new(Issued).Over(0, now) {
		t.Error("the shorter info is over after its minute, and nothing else")
	}
	b := &Batch{Expires: now.Add(time.Hour), Texts: []Message{{Expires: now.Add(time.Minute)}, {}, {Expires: now.Add(2 * time.Hour)}}}
	for text, want := range []time.Time{now.Add(time.Minute), b.Expires, b.Expires} {
		if got := b.ExpiryOf(&Target{Text: uint8(text)}); !got.Equal(want) {
			t.Errorf("text %d ends at %v, want %v", text, got, want)
		}
	}
}
