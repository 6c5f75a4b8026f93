package audience_test

import (
	"errors"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

func TestUnitName(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		if _, err := a.ImportUnits(t.Context(), strings.NewReader("code,name\nSAME=006109,Tuolumne\nSAME=006,\n"), nil); err != nil {
			t.Fatal(err)
		}
		for code, want := range map[string]string{"SAME=006109": "Tuolumne", "SAME=006": ""} {
			if have, err := a.UnitName(t.Context(), code); err != nil || have != want {
				t.Errorf("%s is %q, %v; want %q", code, have, err, want)
			}
		}
		if _, err := a.UnitName(t.Context(), "SAME=1"); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("a code of no unit: %v, want ErrNotFound", err)
		}
	})
}
