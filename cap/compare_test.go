package cap

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCompare(t *testing.T) {
	second := func(a *Alert) {
		i := a.Infos[0]
		i.Language, i.Headline = "zh-CN", "立即撤离"
		a.Infos = append(a.Infos, i)
	}
	only := func(path, label, before, after string) []Change { return []Change{{path, label, before, after}} }
	for name, row := range map[string]struct {
		a, b func(*Alert)
		want []Change
	}{
		"nothing":         {nil, nil, nil},
		"a text":          {nil, func(a *Alert) { a.Infos[0].Headline = "Leave" }, only("alert/info[1]/headline", "en-GB", "Flood at the river: leave now", "Leave")},
		"a text is gone":  {nil, func(a *Alert) { a.Note = "" }, only("alert/note", "", "second warning", "")},
		"a time":          {nil, func(a *Alert) { a.Infos[0].Expires = time.Time{} }, only("alert/info[1]/expires", "en-GB", "2026-05-25T04:00:00-00:00", "")},
		"another offset":  {nil, func(a *Alert) { a.Sent = a.Sent.UTC() }, only("alert/sent", "", "2026-05-24T16:49:00-07:00", "2026-05-24T23:49:00-00:00")},
		"a version":       {nil, func(a *Alert) { a.Version = "1.1" }, only("alert", "CAP", "1.2", "1.1")},
		"one code more":   {nil, func(a *Alert) { a.Codes = append(a.Codes, "x") }, only("alert/code[2]", "", "", "x")},
		"nothing stated":  {nil, func(a *Alert) { a.Infos[0].Areas[0].Altitude = nil }, only("alert/info[1]/area[1]/altitude", "en-GB, the lower town", "0", "")},
		"a circle":        {nil, func(a *Alert) { a.Infos[0].Areas[0].Circles[0].RadiusKM = 5 }, only("alert/info[1]/area[1]/circle[1]", "en-GB, the lower town", "38.5,-120 12.5", "38.5,-120 5")},
		"a polygon":       {nil, func(a *Alert) { a.Infos[0].Areas[0].Polygons = nil }, only("alert/info[1]/area[1]/polygon[1]", "en-GB, the lower town", "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14", "")},
		"another area":    {nil, func(a *Alert) { a.Infos[0].Areas = append(a.Infos[0].Areas, Area{Description: "the quay"}) }, only("alert/info[1]/area[2]/areaDesc", "en-GB, the quay", "", "the quay")},
		"a code list":     {nil, func(a *Alert) { a.Infos[0].Categories = []Category{"Met"} }, only("alert/info[1]/category[2]", "en-GB", "Safety", "")},
		"a file":          {nil, func(a *Alert) { a.Infos[0].Resources[0].DerefURI = "QUJD" }, only("alert/info[1]/resource[1]/derefUri", "en-GB, map", "", "4 bytes of base64, SHA-256 6b6d0e1a1d4b4c4d")},
		"a named value":   {nil, func(a *Alert) { a.Infos[0].Parameters = []Value{{"depth", ""}, {"gauge", "3"}} }, []Change{{"alert/info[1]/parameter[1]", "en-GB, depth", "", ""}, {"alert/info[1]/parameter[2]", "en-GB, gauge", "2.0", "3"}}},
		"the same name":   {nil, func(a *Alert) { a.Infos[0].EventCodes = append(a.Infos[0].EventCodes, Value{"SAME", "FLS"}) }, only("alert/info[1]/eventCode[2]", "en-GB, SAME", "", "FLS")},
		"another order":   {second, func(a *Alert) { second(a); a.Infos[0], a.Infos[1] = a.Infos[1], a.Infos[0] }, nil},
		"by language":     {second, func(a *Alert) { second(a); a.Infos = a.Infos[1:]; a.Infos[0].Headline = "撤离" }, nil},
		"other language":  {nil, func(a *Alert) { a.Infos[0].Language = "en-AU" }, only("alert/info[1]/language", "en-AU", "en-GB", "en-AU")},
		"no language":     {func(a *Alert) { a.Infos[0].Language = "en-us" }, func(a *Alert) { a.Infos[0].Language = "" }, only("alert/info[1]/language", "en-us", "en-us", "")},
		"in their order":  {nil, func(a *Alert) { a.Sender, a.Infos[0].Event, a.Infos[0].Contact = "x", "y", "z" }, []Change{{"alert/sender", "", "floods@warnings.example", "x"}, {"alert/info[1]/event", "en-GB", "Flood", "y"}, {"alert/info[1]/contact", "en-GB", "call 100", "z"}}},
		"gone and new":    {nil, func(a *Alert) { a.Source, a.Restriction = "", "r" }, []Change{{"alert/source", "", "gauge 17", ""}, {"alert/restriction", "", "", "r"}}},
		"a new reference": {nil, func(a *Alert) { a.References = nil }, only("alert/references", "", "floods@warnings.example,2.49.0.1.999.0.2026.5.24.12.0.0,2026-05-24T12:00:00-07:00", "")},
		"incidents":       {nil, func(a *Alert) { a.Incidents = []string{"spring-flood"} }, only("alert/incidents", "", `spring-flood "River Aa"`, "spring-flood")},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := floodAlert(), floodAlert()
			for alert, change := range map[*Alert]func(*Alert){a: row.a, b: row.b} {
				if change != nil {
					change(alert)
				}
			}
			got := Compare(a, b)
			switch name {
			case "a file":
				if len(got) != 1 || got[0].After[:26] != row.want[0].After[:26] {
					t.Errorf("%+v", got)
				}
			case "by language":
				// The whole English info is gone: each of its elements is a change, and then the one of the Chinese.
				if last := got[len(got)-1]; len(got) != 32 || last != (Change{"alert/info[1]/headline", "zh-CN", "立即撤离", "撤离"}) {
					t.Errorf("%d changes, the last %+v", len(got), last)
				}
			default:
				if !reflect.DeepEqual(got, row.want) {
					t.Errorf("got  %+v\nwant %+v", got, row.want)
				}
			}
		})
	}
}

// TestEveryChangedFieldIsFound: an alert is like itself, and like no alert in which any one field was changed, whatever it is.
func TestEveryChangedFieldIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genAlert().Draw(t, "alert")
		if got := Compare(a, a); len(got) > 0 {
			t.Fatalf("an alert differs from itself: %+v", got)
		}
		text, err := Write(a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		b.Version = a.Version
		if got := Compare(a, b); len(got) > 0 {
			t.Fatalf("an alert that was written differs: %+v", got)
		}
		leaves := leavesOf(reflect.ValueOf(b).Elem(), "alert")
		leaf := leaves[rapid.IntRange(0, len(leaves)-1).Draw(t, "leaf")]
		alter(leaf.v)
		there, back := Compare(a, b), Compare(b, a)
		if len(there) == 0 || len(back) == 0 {
			t.Fatalf("%s was changed, and nobody saw it", leaf.name)
		}
	})
}

// leaf is one field of an alert that holds no others.
type leaf struct {
	name string
	v    reflect.Value
}

// leavesOf lists the fields below a value; what is not stated is none.
func leavesOf(v reflect.Value, name string) []leaf {
	var out []leaf
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		return []leaf{{name, v}}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return leavesOf(v.Elem(), name)
	case v.Kind() == reflect.Struct:
		for f, field := range v.Fields() {
			out = append(out, leavesOf(field, name+"."+f.Name)...)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			out = append(out, leavesOf(v.Index(i), name)...)
		}
	case v.Kind() != reflect.Pointer:
		return []leaf{{name, v}}
	}
	return out
}

// alter changes a field.
func alter(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Float64:
		v.SetFloat(v.Float() + 0.5)
	case reflect.Int64:
		v.SetInt(v.Int() + 1)
	default:
		v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Minute)))
	}
}
