package audience_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

func TestPeopleWithProblems(t *testing.T) {
	const header = "person,language,wants,sms,push,mail,verified,places"
	for _, row := range []struct {
		name, line string
		column     string
		what       string
	}{
		{"no reference", ",zh,,+8613800000001,,,,", "person", "empty"},
		{"long reference", strings.Repeat("x", 201) + ",zh,,,,,,", "person", "longer"},
		{"odd language", "p,not a language,,,,,,", "language", "zh-CN"},
		{"odd category", "p,zh,Met|Metro,,,,,", "wants", "Metro"},
		{"short number", "p,zh,,+86138,,,,", "sms", "digits"},
		{"words for a number", "p,zh,,call me,,,,", "sms", "phone"},
		{"number without a country", "p,zh,,5550100,,,,", "sms", "digits"},
		{"push that is no JSON", "p,zh,,,https://push.example.org,,,", "push", "JSON"},
		{"push without https", `p,zh,,,"{""endpoint"":""http://push.example.org""}",,,`, "push", "https"},
		{"push without keys", `p,zh,,,"{""endpoint"":""https://push.example.org""}",,,`, "push", "p256dh"},
		{"no mailbox", "p,zh,,,,somebody,,", "mail", "name@example.org"},
		{"mailbox with a name", "p,zh,,,,Some Body <a@example.org>,,", "mail", "name@example.org"},
		{"two mailboxes", "p,zh,,,,\"a@example.org,b@example.org\",,", "mail", "name@example.org"},
		{"perhaps verified", "p,zh,,,,,perhaps,", "verified", "yes nor no"},
		{"no such latitude", "p,zh,,,,,,\"91,1\"", "places", "latitude"},
		{"swapped", "p,zh,,,,,,\"120.1,30.2\"", "places", "latitude"},
		{"not a number", "p,zh,,,,,,\"NaN,1\"", "places", "earth"},
		{"no comma", "p,zh,,,,,,30", "places", "latitude,longitude"},
		{"odd severity", "p,zh,,,,,,\"1,1@Awful\"", "places", "Extreme"},
		{"unknown severity", "p,zh,,,,,,\"1,1@Unknown\"", "places", "Extreme"},
		{"odd token", "p,zh,,,,,,cell:xyz", "places", "token"},
		{"token of no cell", "p,zh,,,,,,cell:ffffffffffffffff", "places", "token"},
		{"odd code", "p,zh,,,,,,code:006109", "places", "valueName"},
		{"code without value", "p,zh,,,,,,code:SAME=", "places", "valueName"},
		{"too many places", "p,zh,,,,,,\"" + manyPlaces(101) + "\"", "places", "100"},
		{"quote in the middle", `p,z"h,,,,,,`, "", "quote"},
		{"open quote", `p,zh,,,,,,"1,1`, "", "not closed"},
		{"text behind a quote", `p,zh,,,,,,"1,1"x`, "", "quote"},
		{"not UTF-8", "p,zh,,,,,,\xff", "", "UTF-8"},
		{"a field too few", "p,zh,,,,,", "", "7 fields, and the first line names 8 columns"},
		{"a place without its quotes", "p,zh,,+8613800000001,,,yes,1,1", "", "9 fields, and the first line names 8 columns"},
		{"endless line", "p,zh," + strings.Repeat("x", 300<<10), "", "longer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := open(t, storetest.Open(t))
			file := header + "\nbefore,zh,,+8613800000002,,,yes,\"1,1\"\n" + row.line + "\nafter,zh,,+8613800000003,,,yes,\"1,1\"\n"
			result, err := a.ImportPeople(t.Context(), strings.NewReader(file), audience.ImportOptions{Region: "CN"})
			if err != nil {
				t.Fatal(err)
			}
			if result.New != 2 || result.Skipped != 1 || result.Lines != 3 || result.ProblemCount != 1 {
				t.Fatalf("got %+v, want 2 new people, 1 of 3 lines skipped", result)
			}
			p := result.Problems[0]
			if p.Line != 3 || p.Column != row.column || !p.Skipped || !strings.Contains(p.What, row.what) || !inChinese(p.What) {
				t.Errorf("problem %q, want line 3, column %q and %q", p, row.column, row.what)
			}
			for _, secret := range []string{"5550100", "call me", "+86138 ", "somebody", "a@example", "push.example"} {
				if strings.Contains(p.String(), secret) {
					t.Errorf("the problem repeats an address: %q", p)
				}
			}
		})
	}
}

func manyPlaces(n int) string {
	var places []string
	for i := range n {
		places = append(places, fmt.Sprintf("1,%d.5", i))
	}
	return strings.Join(places, ";")
}

func TestFormsOfFiles(t *testing.T) {
	for _, row := range []struct{ name, file string }{
		{"plain", "person,sms,places\np,+8613800000001,\"1,1;2,2\"\n"},
		{"no line end", "person,sms,places\np,+8613800000001,\"1,1;2,2\""},
		{"byte order mark and DOS lines", "\ufeffperson,sms,places\r\np,+8613800000001,\"1,1|2,2\"\r\n\r\n"},
		{"semicolons", "person;sms;place1;place2\np;+8613800000001;1,1;2,2\n"},
		{"tabs, capitals, other columns", "Person\tSMS\tShoe size\tPlaces\np\t+86 138-0000-0001\t44\t1,1|2,2\n"},
		{"columns in another order, odd names", "places,person,sms,mail,s,placement,3\n\"1,1;2,2\",p,0138 0000 0001,,x,y,\n"},
		{"blank lines", "person,sms,places\n\n  \np,+8613800000001,\"1,1;2,2;1,1@Severe\"\n\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := open(t, storetest.Open(t))
			// One byte at a time: nothing may depend on how the file arrives.
			file := iotest.OneByteReader(strings.NewReader(row.file))
			result, err := a.ImportPeople(t.Context(), file, audience.ImportOptions{Region: "CN", Verified: true})
			if err != nil {
				t.Fatal(err)
			}
			if result.New != 1 || result.Places != 2 || result.Addresses != 1 || result.ProblemCount != 0 {
				t.Errorf("got %+v, want one person with two places and one address", result)
			}
			if found := everybody(t, a, alert(info(cap.Minor, "", circle(1, 1, 1)), info(cap.Minor, "", circle(2, 2, 1)))); len(found) != 1 {
				t.Errorf("found %d people, want 1", len(found))
			}
		})
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	a := open(t, storetest.Open(t))
	for _, row := range []struct{ name, file, what string }{
		{"empty", "", "empty"},
		{"no person", "name,sms\nx,y\n", "person"},
		{"two columns of a name", "person,sms,SMS\n", "two columns"},
		{"UTF-16", "\xff\xfep\x00e\x00", "UTF-16"},
		{"UTF-16, the other way", "\xfe\xff\x00p\x00e", "UTF-16"},
		{"binary", "\x89PNG\n", "UTF-8"},
		{"a header that is too long", strings.Repeat("x", 300<<10), "longer"},
		{"too many columns", "person" + strings.Repeat(",a", 300), "columns"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for kind, read := range map[string]func(io.Reader) error{
				"people": func(r io.Reader) error {
					_, err := a.ImportPeople(t.Context(), r, audience.ImportOptions{})
					return err
				},
				"sirens": func(r io.Reader) error {
					_, err := a.ImportSirens(t.Context(), r, audience.SirenOptions{})
					return err
				},
				"units": func(r io.Reader) error {
					_, err := a.ImportUnits(t.Context(), r, nil)
					return err
				},
			} {
				err := read(strings.NewReader(row.file))
				if !errors.Is(err, alerting.ErrInvalid) || kind == "people" && !strings.Contains(err.Error(), row.what) {
					t.Errorf("%s: %v, want ErrInvalid with %q", kind, err, row.what)
				}
			}
		})
	}
}

func TestImportEndsEarly(t *testing.T) {
	a := open(t, storetest.Open(t))
	broken := io.MultiReader(strings.NewReader("person,sms\np,+8613800000001\n"), iotest.ErrReader(errors.New("disk gone")))
	result, err := a.ImportPeople(t.Context(), broken, audience.ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "disk gone") {
		t.Errorf("got %v, want the reader's error", err)
	}
	if result.New != 1 {
		t.Errorf("%d people were kept, want the one before the fault", result.New)
	}
	ended, cancel := contextEnded(t)
	defer cancel()
	if _, err := a.ImportPeople(ended, strings.NewReader("person\np\n"), audience.ImportOptions{}); err == nil {
		t.Error("an import with an ended context went on")
	}
}

func TestImportReplaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		const header = "person,language,wants,sms,mail,places"
		people(t, a, header, "a,zh,,+8613800000001,a@example.org,\"1,1;code:X=1\"", "b,zh,,+8613800000002,,\"1,1\"")
		a1, err := a.Find(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		result := people(t, a, header, "a,en,Fire,+8613800000003,,\"2,2\"", "c,en,,+8613800000001,,\"1,1\"")
		if result.New != 1 || result.Replaced != 1 {
			t.Errorf("got %+v, want one new and one replaced person", result)
		}
		if a2, err := a.Find(t.Context(), "a"); err != nil || a2 != a1 {
			t.Errorf("the id changed from %d to %d, %v", a1, a2, err)
		}
		near := alert(info(cap.Minor, "en", circle(1, 1, 1), geocode("X", "1")))
		if got := told(t, a, everybody(t, a, near)); !slices.Equal(got, []string{"b:0", "c:0"}) {
			t.Errorf("at the old place: %q", got)
		}
		there := info(cap.Minor, "en", circle(2, 2, 1))
		if got := everybody(t, a, alert(there)); len(got) != 0 {
			t.Errorf("weather reaches %d who want fire only", len(got))
		}
		there.Categories = []cap.Category{"Fire"}
		found := everybody(t, a, alert(there))
		if len(found) != 1 || found[0].Addresses[2] != nil {
			t.Errorf("at the new place: %v; want one, without the old mailbox", found)
		}
	})
}

func TestOneAddressOneWarning(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		const header = "person,sms,mail,push,verified,places"
		people(t, a, header, "first,+8613800000001,One@Example.org,"+subscriptionOf(1)+",yes,\"1,1\"")
		file := strings.Join([]string{
			header,
			"second,+86 138 0000 0001,one@example.org," + subscriptionOf(1) + ",yes,\"1,1\"",
			"third,+8613800000003,,,yes,\"50,1\"",
			"fourth,+8613800000003,,,yes,\"1,1\"",
			"first,+8613800000001,,,yes,\"1,1\"",
			"twice,+8613800000005,,,yes,\"1,1\"",
			"twice,+8613800000006,,,yes,\"1,1\"",
		}, "\n")
		result, err := a.ImportPeople(t.Context(), strings.NewReader(file), audience.ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range result.Problems {
			got = append(got, fmt.Sprintf("%d %s %v", p.Line, p.Column, p.Skipped))
		}
		// Line 2: the number belongs to the person of line 5. The mailbox and the subscription were given up on line 5.
		want := []string{"6 person true", "4 sms false", "5 sms false"}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("problems %q, want %q\n%v", got, want, result.Problems)
		}
		seen := map[string]bool{}
		found := everybody(t, a, alert(info(cap.Minor, "", box(0, 0, 60, 2))))
		for _, f := range found {
			for i, sealed := range f.Addresses {
				if sealed == nil {
					continue
				}
				clear, err := keyring(t).Open("addresses", sealed, audience.AAD(alerting.Channels()[i]))
				if err != nil {
					t.Fatal(err)
				}
				if seen[string(clear)] {
					t.Errorf("one address reaches two people")
				}
				seen[string(clear)] = true
			}
		}
	})
}

func TestVerified(t *testing.T) {
	a := open(t, storetest.Open(t))
	file := "person,sms,verified,places\nyes,+8613800000001,yes,\"1,1\"\nno,+8613800000002,no,\"1,1\"\nunsaid,+8613800000003,,\"1,1\"\n"
	for _, row := range []struct {
		otherwise bool
		want      []string
	}{{false, []string{"yes:0"}}, {true, []string{"unsaid:0", "yes:0"}}} {
		result, err := a.ImportPeople(t.Context(), strings.NewReader(file), audience.ImportOptions{Verified: row.otherwise})
		if err != nil {
			t.Fatal(err)
		}
		got := told(t, a, everybody(t, a, alert(info(cap.Minor, "", circle(1, 1, 1)))))
		slices.Sort(got)
		if !slices.Equal(got, row.want) || result.Unverified != 3-len(row.want) {
			t.Errorf("verified otherwise %v: %q, %d unverified; want %q", row.otherwise, got, result.Unverified, row.want)
		}
	}
}

func TestManyPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		var calls []audience.Progress
		const n = 2500
		result, err := a.ImportPeople(t.Context(), crowd(n), audience.ImportOptions{Report: func(p audience.Progress) { calls = append(calls, p) }})
		if err != nil {
			t.Fatal(err)
		}
		if result.New != n || result.ProblemCount != 0 || result.Places != n+n/10 || result.Addresses != 2*n+n/4 {
			t.Errorf("got %+v", result)
		}
		if len(calls) < 10 || calls[len(calls)-1].Done != n || calls[len(calls)-1].Bytes == 0 ||
			!slices.IsSortedFunc(calls, func(a, b audience.Progress) int { return a.Done - b.Done }) {
			t.Errorf("progress was reported as %v", calls)
		}
		// Within a lot, ids follow the cells, so that what is near each other is stored together.
		found := everybody(t, a, alert(info(cap.Severe, "zh", box(27, 117, 33, 123))))
		ordered := 0
		for i := 1; i < len(found); i++ {
			if found[i].ID > found[i-1].ID {
				ordered++
			}
		}
		if len(found) != n || ordered < n*7/10 {
			t.Errorf("%d people found, %d of them in order", len(found), ordered)
		}
	})
}

func TestRemove(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		people(t, a, "person,sms,places", "a,+8613800000001,\"1,1;code:X=1\"", "b,+8613800000002,\"1,1\"")
		n, err := a.Remove(t.Context(), []string{"a", "nobody"})
		if err != nil || n != 1 {
			t.Errorf("removed %d, %v; want 1", n, err)
		}
		if got := told(t, a, everybody(t, a, alert(info(cap.Minor, "", circle(1, 1, 1), geocode("X", "1"))))); !slices.Equal(got, []string{"b:0"}) {
			t.Errorf("left are %q", got)
		}
		if _, err := a.Find(t.Context(), "a"); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("a removed person: %v, want ErrNotFound", err)
		}
		// The number is free again.
		people(t, a, "person,sms,places", "c,+8613800000001,\"1,1\"")
	})
}

// TestWhoHasNoPlaceIsImportedWithAWarning: he can be named, and is not found by any area.
func TestWhoHasNoPlaceIsImportedWithAWarning(t *testing.T) {
	for _, row := range []struct {
		name, file string
		want       string
	}{
		{"nothing in the columns", "person,place1,place2\nhere,,\"1,1\"\nnowhere,,\nnor here,,\n", "3 place1, 4 place1"},
		{"no column", "person,sms\na,\nb,\n", "1 "},
		{"everybody somewhere", "person,places\na,code:X=1\n", ""},
	} {
		a := open(t, storetest.Open(t))
		result, err := a.ImportPeople(t.Context(), strings.NewReader(row.file), audience.ImportOptions{})
		var have []string
		for _, w := range result.Warnings {
			have = append(have, fmt.Sprintf("%d %s", w.Line, w.Column))
			if !strings.Contains(w.What, "alerts that name him") || w.Skipped {
				t.Errorf("%s: %+v", row.name, w)
			}
		}
		if err != nil || strings.Join(have, ", ") != row.want || result.WarningCount != len(have) || result.ProblemCount != 0 ||
			result.New != result.Lines {
			t.Errorf("%s: warnings %q, %+v, %v, want %q", row.name, have, result, err, row.want)
		}
	}
}

// inChinese reports whether a reader of Chinese gets what is wrong in Chinese: no two words of English follow each other.
func inChinese(what string) bool {
	said := alerting.SaidIn("zh", what)
	return said != what && !twoWords.MatchString(foreign.ReplaceAllString(said, ""))
}

var (
	twoWords = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)
	foreign  = regexp.MustCompile(`“[^”]*”|（英文说明：.*）`)
)
