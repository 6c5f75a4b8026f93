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

func ids(t testing.TB, a *audience.Audience, refs ...string) []int64 {
	t.Helper()
	out := make([]int64, len(refs))
	for i, ref := range refs {
		var err error
		if out[i], err = a.Find(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestLookup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		people(t, a, town()...)
		issued := alert(info(cap.Minor, "en", box(29, 119, 32, 122)), info(cap.Severe, "zh", box(30.55, 120, 31, 121)),
			info(cap.Severe, "zh", geocode("SAME", "006109")), info(cap.Severe, "en", box(30.55, 120, 31, 121)))
		refs := []string{"french", "far", "chinese", "fire only", "extreme only", "county", "unverified", "english", "far"}
		who := append(ids(t, a, refs...), 999999)
		found, err := a.Lookup(t.Context(), issued, who)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []struct {
			info    int
			inside  bool
			address bool
		}{
			{3, true, true},  // French: in both areas, the severest; in the language that the alert has first.
			{1, false, true}, // Far away: the best in Chinese.
			{0, true, true},  // South of the severe area.
			{1, true, true},  // Wants fire only; was told all the same.
			{1, true, true},  // Wants the extreme only.
			{2, true, true},
			{0, true, false},
			{0, true, true},
			{1, false, true},
			{3, false, false}, // Gone.
		} {
			got := found[i]
			if got.ID != who[i] || got.Info != want.info || got.Inside != want.inside || (got.Addresses[0] != nil) != want.address {
				t.Errorf("person %d (%v): %+v; want %+v", i, append(refs, "gone")[i], got, want)
			}
		}
	})
}

func TestLookupWithoutAreas(t *testing.T) {
	a := open(t, storetest.Open(t))
	people(t, a, town()...)
	for name, issued := range map[string]*alerting.Issued{"no info": alert(), "no area": alert(info(cap.Severe, "en"), info(cap.Minor, "zh"))} {
		found, err := a.Lookup(t.Context(), issued, ids(t, a, "chinese", "english"))
		if err != nil {
			t.Fatal(err)
		}
		want := min(1, len(issued.Alert.Infos))
		if found[0].Info != want || found[1].Info != 0 || found[0].Inside || found[0].Addresses[0] == nil {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// silence is what a person hears of after some opt-outs, asked in three ways.
type silence struct {
	t      *testing.T
	a      *audience.Audience
	who    []int64
	issued *alerting.Issued
}

// check compares scan, look-up and the answer to the worker for the first person; the others hear everything.
func (s *silence) check(when string, sms, mail, out bool) {
	s.t.Helper()
	var scanned alerting.Addressee
	for _, f := range everybody(s.t, s.a, s.issued) {
		if f.ID == s.who[0] {
			scanned = f
		}
	}
	looked, err := s.a.Lookup(s.t.Context(), s.issued, s.who[:1])
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range []alerting.Addressee{scanned, looked[0]} {
		if (f.Addresses[0] != nil) != sms || (f.Addresses[2] != nil) != mail {
			s.t.Errorf("%s: %+v; want sms %v, mail %v", when, f, sms, mail)
		}
	}
	silent, err := s.a.OptedOut(s.t.Context(), alerting.SMS, s.who)
	if err != nil || silent[s.who[0]] != out || silent[s.who[1]] {
		s.t.Errorf("%s: opted out of sms are %v, %v", when, silent, err)
	}
}

func (s *silence) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestOptOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		file := []string{"person,sms,mail,places", "a,+8613800000001,a@example.org,\"1,1;code:X=1\"", "b,+8613800000002,b@example.org,\"1,1\""}
		people(t, a, file...)
		s := &silence{t: t, a: a, who: ids(t, a, "a", "b"), issued: alert(info(cap.Minor, "", circle(1, 1, 1), geocode("X", "1")))}
		one := s.who[0]
		s.check("at first", true, true, false)
		s.must(a.OptOut(t.Context(), alerting.SMS, one))
		s.must(a.OptOut(t.Context(), alerting.SMS, one))
		s.check("opted out of sms", false, true, true)
		people(t, a, file...)
		s.check("imported again", false, true, true)
		people(t, a, file[0], strings.Replace(file[1], "0001", "0009", 1))
		s.check("imported with another number", true, true, false)
		people(t, a, file...)
		s.check("imported with the old number", false, true, true)
		s.must(a.OptIn(t.Context(), alerting.SMS, one))
		s.check("opted in", true, true, false)
		s.must(a.OptOut(t.Context(), "", one))
		s.check("opted out of all", false, false, true)
		people(t, a, file...)
		s.check("opted out of all, imported again", false, false, true)
		s.must(a.OptIn(t.Context(), "", one))
		s.check("opted in to all", true, true, false)
		s.must(a.Prune(t.Context(), alerting.Mail, one))
		s.must(a.Prune(t.Context(), alerting.Mail, one))
		s.check("pruned", true, false, false)
		if out, err := a.OptedOut(t.Context(), alerting.SMS, []int64{one, 4711}); err != nil || out[one] || !out[4711] {
			t.Errorf("opted out are %v, %v; want only the person who is gone", out, err)
		}
	})
}

func TestOptOutOfNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		people(t, a, "person,sms", "a,+8613800000001")
		one := ids(t, a, "a")[0]
		for name, err := range map[string]error{
			"nobody":                  a.OptOut(t.Context(), alerting.SMS, 4711),
			"nobody, all":             a.OptOut(t.Context(), "", 4711),
			"no address":              a.OptOut(t.Context(), alerting.Push, one),
			"no channel":              a.OptIn(t.Context(), "pigeon", one),
			"a channel of no address": a.OptIn(t.Context(), alerting.Mail, one),
		} {
			if !errors.Is(err, alerting.ErrNotFound) {
				t.Errorf("%s: %v, want ErrNotFound", name, err)
			}
		}
	})
}

func TestFindAddress(t *testing.T) {
	db := storetest.Open(t)
	a := open(t, db)
	people(t, a, "person,sms,mail,push,places", "a,+8613800000001,Somebody@Example.org,"+subscriptionOf(5)+",\"1,1\"")
	want := ids(t, a, "a")[0]
	newer, err := audience.New(t.Context(), audience.Config{DB: db, Keys: keyring(t, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	for _, who := range []*audience.Audience{a, newer} {
		for ch, address := range map[alerting.Channel]string{alerting.SMS: "+86 138 0000 0001", alerting.Mail: "somebody@EXAMPLE.org",
			alerting.Push: "https://push.example.org/s/5"} {
			if got, err := who.FindAddress(t.Context(), ch, address); err != nil || got != want {
				t.Errorf("%s: person %d, %v", ch, got, err)
			}
		}
	}
	// After a change of keys the same number is still the same person's.
	result, err := newer.ImportPeople(t.Context(), strings.NewReader("person,sms\nb,+8613800000001\n"), audience.ImportOptions{})
	if err != nil || result.ProblemCount != 1 || result.Addresses != 0 {
		t.Errorf("under a new key: %+v, %v", result, err)
	}
	for ch, address := range map[alerting.Channel]string{alerting.SMS: "12345", alerting.Mail: "x", alerting.Push: "ftp://x", alerting.Siren: "s"} {
		if _, err := a.FindAddress(t.Context(), ch, address); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s %q: %v, want ErrInvalid", ch, address, err)
		}
	}
	if _, err := a.FindAddress(t.Context(), alerting.SMS, "+8613800000002"); !errors.Is(err, alerting.ErrNotFound) {
		t.Errorf("a number of nobody: %v, want ErrNotFound", err)
	}
}

func TestSirens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		file := "ref,name,lat,lon,group,protocol,gateway,programmes,max_seconds,enabled,url,unit,extra\n" +
			"s1,Town hall,30.5,120.5,north,http,g1,alert=3|all-clear=x,180,,http://127.0.0.1:1/,,\"{\"\"a\"\":[1]}\"\n" +
			"s2,Dam,30.6,120.5,south,modbus,g2,,,yes,,7,\n" +
			"s3,Old dam,30.6,120.6,south,mqtt,g2,,,no,,,\n" +
			"s4,Far,10,10,south,mqtt,g2,\"{\"\"alert\"\":1}\",,,,,\n" +
			"s5,,95,10,south,mqtt,g2,,,,,,\n" +
			"s6,,10,10,south,mqtt,,,,,,,\n" +
			"s7,,10,10,south,mqtt,g2,alert,,,,,\n" +
			"s8,,10,10,south,mqtt,g2,,-5,,,,\n" +
			"s9,,10,10,south,mqtt,g2,,,,,x,\n" +
			"s10,,10,10,south,mqtt,g2,,,,,,{\n" +
			"s11,,10,10,south,pigeon,g2,,,,,,\n"
		check := func(gateway, record string) error {
			if gateway != "g1" && gateway != "g2" {
				t.Errorf("a siren hangs on %q", gateway)
			}
			if strings.Contains(record, "pigeon") {
				return errors.New("unknown protocol")
			}
			return nil
		}
		for round := range 2 {
			result, err := a.ImportSirens(t.Context(), strings.NewReader(file), audience.SirenOptions{Check: check})
			if err != nil {
				t.Fatal(err)
			}
			columns := ""
			for _, p := range result.Problems {
				columns += p.Column + " "
			}
			if result.New+result.Replaced != 4 || result.Replaced != 4*round || columns != "lat gateway programmes max_seconds unit extra  " {
				t.Fatalf("round %d: %+v, columns %q", round, result, columns)
			}
		}
		for _, row := range sirenRows() {
			issued := alert(row.infos...)
			issued.Envelope.Audience.Groups, issued.Alert.Scope = row.groups, row.scope
			if got := sounding(t, a, issued); !slices.Equal(got, row.want) {
				t.Errorf("%s: %q, want %q", row.name, got, row.want)
			}
		}
		sirenRecords(t, a, alert(sirenRows()[0].infos...))
	})
}

type sirenRow struct {
	name   string
	infos  []cap.Info
	groups []string
	scope  cap.Scope
	want   []string
}

func sirenRows() []sirenRow {
	both := []cap.Info{info(cap.Minor, "en", box(30, 120, 31, 121)), info(cap.Severe, "en", circle(30.5, 120.5, 1))}
	return []sirenRow{
		{"the severest info", both, nil, cap.ScopePublic, []string{"s1:g1:1", "s2:g2:0"}},
		{"a group", both, []string{"south"}, cap.ScopePublic, []string{"s2:g2:0"}},
		{"private", both, []string{"south"}, cap.ScopePrivate, nil},
		{"no geometry", []cap.Info{info(cap.Severe, "en", geocode("SAME", "006109"))}, nil, cap.ScopePublic, nil},
		{"no geometry, a group", []cap.Info{info(cap.Severe, "en")}, []string{"south"}, cap.ScopePublic, []string{"s2:g2:0", "s4:g2:0"}},
	}
}

// sounding is the sirens of an alert as "ref:gateway:info".
func sounding(t *testing.T, a *audience.Audience, issued *alerting.Issued) []string {
	t.Helper()
	found, err := a.Sirens(t.Context(), issued)
	if err != nil {
		t.Fatal(err)
	}
	who := make([]int64, len(found))
	for i, f := range found {
		who[i] = f.ID
	}
	refs, err := a.SirenRefs(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s:%s:%d", refs[f.ID], f.Gateway, f.Info))
	}
	return out
}

// sirenRecords looks sirens up by id and reads what their gateways get.
func sirenRecords(t *testing.T, a *audience.Audience, issued *alerting.Issued) {
	t.Helper()
	found, err := a.LookupSirens(t.Context(), issued, []int64{4, 1, 3, 99, 2})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"id":"s4","programmes":{"alert":1},"protocol":"mqtt"}`,
		`{"extra":{"a":[1]},"id":"s1","max_seconds":180,"programmes":{"alert":"3","all-clear":"x"},"protocol":"http","url":"http://127.0.0.1:1/"}`,
		`{"id":"s3","protocol":"mqtt"}`,
		``,
		`{"id":"s2","protocol":"modbus","unit":7}`,
	}
	for i, f := range found {
		if f.Addresses[3] == nil {
			if want[i] != "" || f.ID != 99 {
				t.Errorf("siren %d has no record", f.ID)
			}
			continue
		}
		record, err := keyring(t).Open("addresses", f.Addresses[3], audience.AAD(alerting.Siren))
		if err != nil || string(record) != want[i] {
			t.Errorf("siren %d: %s, %v; want %s", f.ID, record, err, want[i])
		}
	}
	if found[0].Inside || !found[1].Inside || found[1].Info != 1 || !found[2].Inside || found[4].Gateway != "g2" {
		t.Errorf("looked up %+v", found)
	}
}
