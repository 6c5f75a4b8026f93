package audience_test

import (
	"errors"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store/storetest"
)

func TestSirensAreListedInLots(t *testing.T) {
	a := open(t, storetest.Open(t))
	file := "ref,name,lat,lon,group,protocol,gateway,programmes,enabled\n" +
		"b,Town hall,30.1,120.1,town,http,east,alert=3|all-clear=5,\n" +
		"a,Harbour,30.2,120.2,harbour,http,east,,no\nc,Mill,30.3,120.3,town,mqtt,west,,yes\n"
	if _, err := a.ImportSirens(t.Context(), strings.NewReader(file), audience.SirenOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		q    audience.SirenQuery
		want string
	}{
		{audience.SirenQuery{Limit: 2}, "a off, b on"},
		{audience.SirenQuery{Limit: 2, After: "b"}, "c on"},
		{audience.SirenQuery{Limit: 9, Group: "town"}, "b on, c on"},
		{audience.SirenQuery{Limit: 9, Gateway: "east", State: "on"}, "b on"},
		{audience.SirenQuery{Limit: 9, State: "off"}, "a off"},
	} {
		all, err := a.SirenLines(t.Context(), row.q)
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, s := range all {
			have = append(have, s.Ref+" "+s.State)
			if s.Ref == "b" && (strings.Join(s.Programmes, " ") != "alert all-clear" || s.Lat != 30.1 || s.Name != "Town hall" || s.Changed.IsZero()) {
				t.Errorf("b: %+v", s)
			}
		}
		if got := strings.Join(have, ", "); got != row.want {
			t.Errorf("%+v: %q, want %q", row.q, got, row.want)
		}
	}
	for want, q := range map[string]audience.SirenQuery{
		`group "twon": no siren is in it; want one of [harbour town]`:   {Limit: 9, Group: "twon"},
		`gateway "wets": no siren hangs on it; want one of [east west]`: {Limit: 9, Gateway: "wets"},
	} {
		if _, err := a.SirenLines(t.Context(), q); !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
