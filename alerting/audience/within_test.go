package audience

import (
	"strings"
	"testing"
	"time"

	"tocsin/alerting/seal"
	"tocsin/alerting/store/storetest"
)

func TestWithin(t *testing.T) {
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), Config{DB: storetest.Open(t), Keys: keys, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	file := "code,name,parent\nU=1,a,\nU=11,b,U=1\nU=111,c,U=11\nU=2,d,\nU=r,e,U=s\nU=s,f,U=r\n"
	if _, err := a.ImportUnits(t.Context(), strings.NewReader(file), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		unit, upper string
		want        bool
	}{
		{"U=1", "U=1", true}, {"U=11", "U=1", true}, {"U=111", "U=1", true}, {"U=1", "U=11", false}, {"U=2", "U=1", false},
		{"U=nobody", "U=1", false}, {"U=nobody", "U=nobody", true}, {"U=r", "U=1", false}, // a ring leads nowhere
	} {
		if got, err := a.Within(t.Context(), row.unit, row.upper); err != nil || got != row.want {
			t.Errorf("%s within %s: %v %v", row.unit, row.upper, got, err)
		}
	}
}
