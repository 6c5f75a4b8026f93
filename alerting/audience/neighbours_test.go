package audience

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/seal"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

// TestNeighbours: those with the same parent, then others; none of the units themselves, above them or below them.
func TestNeighbours(t *testing.T) {
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, err := New(t.Context(), Config{DB: db, Keys: keys, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		file := "code,name,parent\nU=1,land,\nU=11,a,U=1\nU=12,b,U=1\nU=13,,U=1\nU=111,a1,U=11\nU=112,a2,U=11\nU=121,b1,U=12\nU=2,other land,\n"
		if _, err := a.ImportUnits(t.Context(), strings.NewReader(file), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			codes, near, far []string
		}{
			{[]string{"U=11"}, []string{"b"}, []string{"b1", "other land"}},
			{[]string{"U=111"}, []string{"a2"}, []string{"b", "b1", "other land"}},
			{[]string{"U=11", "U=12"}, nil, []string{"other land"}},
			{[]string{"U=1"}, []string{"other land"}, nil},
			{[]string{"X=1"}, nil, []string{"land", "a", "a1", "a2", "b", "b1", "other land"}},
			{nil, nil, []string{"land", "a", "a1", "a2", "b", "b1", "other land"}},
		} {
			near, far, err := a.Neighbours(t.Context(), row.codes)
			if err != nil || !slices.Equal(near, row.near) || !slices.Equal(far, row.far) {
				t.Errorf("%v: %v, %v, %v", row.codes, near, far, err)
			}
		}
	})
}
