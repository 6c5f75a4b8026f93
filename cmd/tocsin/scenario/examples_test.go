package scenario

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

const (
	// corpusVariable names the folder of real CAP documents, shapelyVariable a Python with shapely.
	corpusVariable  = "CAP_CORPUS"
	shapelyVariable = "TOCSIN_TEST_SHAPELY"
	perExample      = 3000
)

// example is one of the four alerts in appendix A of CAP 1.2, and what must be said of it.
type example struct {
	name, file string
	// notes must be said by the dry run, and holders tells who must be in it at the least.
	notes  []string
	people bool
}

func examples() []example {
	return []example{
		{"homeland security advisory", "Oasis_HomelandAlert", []string{"no area has usable geometry or a known geocode; name an audience",
			"nobody in the area can be told"}, false},
		{"severe thunderstorm", "Oasis_ThunderstormWarning", []string{"it expired at 2003-06-17 16:00:00 -07:00: issued as it is, it would be refused"}, true},
		{"earthquake", "Oasis_EarthquakeReport", []string{"circle 1 has the radius 0: it holds only who is exactly at its centre"}, true},
		{"amber alert", "Oasis_AmberAlert", nil, true},
	}
}

// TestTheExamplesOfTheStandard issues the four examples of CAP 1.2 to twelve thousand people around them: the dry run
// must name those whom an independent judge names, and the gateways must take a message for exactly these.
func TestTheExamplesOfTheStandard(t *testing.T) {
	t.Parallel()
	corpus := os.Getenv(corpusVariable)
	if corpus == "" {
		t.Skipf("set %s to the folder of real CAP documents to run this test", corpusVariable)
	}
	office := Open(t, Options{})
	people := filepath.Join(office.Dir, "people.csv")
	crowd := crowdAround()
	if err := os.WriteFile(people, []byte(CSV(crowd...)), 0o600); err != nil {
		t.Fatal(err)
	}
	office.Import(crowd...)
	for _, e := range examples() {
		t.Run(e.name, func(t *testing.T) { playExample(t, office.For(t), e, corpus, people) })
	}
}

func playExample(t *testing.T, o *Office, e example, corpus, people string) {
	file := findExample(t, corpus, e.file)
	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := judged(t, file, people)
	if (len(want) > 0) != e.people {
		t.Fatalf("the judge names %d people: the fixture is not good", len(want))
	}
	run := o.DryRun(document, client.Order{})
	have := map[string]string{}
	for _, l := range run.List {
		if _, twice := have[l.Who]; twice || l.Kind != "person" {
			t.Errorf("the list names %+v twice, or not as a person", l)
		}
		have[l.Who] = l.Language
	}
	if !maps.Equal(have, want) || run.People != int64(len(want)) {
		t.Errorf("the dry run and the judge differ: %s", difference(have, want))
	}
	for _, note := range e.notes {
		wantNote(t, run.Notes, note)
	}
	expired := strings.Contains(strings.Join(run.Notes, " "), "it expired")
	if expired != time.Now().After(run.Expires) {
		t.Errorf("it ends at %v, and the notes are %q", run.Expires, run.Notes)
	}
	t.Logf("%d of %d people; notes: %q", len(want), 4*perExample, run.Notes)
	issueExample(t, o, string(document), want)
}

// issueExample issues a copy of an example whose times are now, and compares what arrives.
func issueExample(t *testing.T, o *Office, document string, want map[string]string) {
	now := moved(document, time.Now())
	if reference := regexp.MustCompile(`(?s)<references>\s*([^,]+),([^,]+),[^<]+</references>`); reference.MatchString(now) {
		// An update needs what it updates: the same message, a minute earlier, under the identifier that it refers to.
		earlier := moved(document, time.Now().Add(-time.Minute))
		earlier = strings.Replace(reference.ReplaceAllString(earlier, ""), "<msgType>Update<", "<msgType>Alert<", 1)
		identifier := reference.FindStringSubmatch(now)[2]
		earlier = regexp.MustCompile(`<identifier>[^<]*<`).ReplaceAllString(earlier, "<identifier>"+identifier+"<")
		sent := regexp.MustCompile(`<sent>([^<]*)<`).FindStringSubmatch(earlier)[1]
		now = reference.ReplaceAllString(now, "<references>$1,$2,"+sent+"</references>")
		first := o.IssueDocument([]byte(earlier), client.Order{})
		wantArrived(t, o, first.Alert, want)
	}
	wantArrived(t, o, o.IssueDocument([]byte(now), client.Order{}).Alert, want)
}

// moved is a copy of a document that is sent at a moment and lasts an hour.
func moved(document string, at time.Time) string {
	form := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-00:00") }
	document = regexp.MustCompile(`<sent>[^<]*<`).ReplaceAllString(document, "<sent>"+form(at)+"<")
	return regexp.MustCompile(`<expires>[^<]*<`).ReplaceAllString(document, "<expires>"+form(at.Add(time.Hour))+"<")
}

// wantArrived checks that exactly these people got one mail each.
func wantArrived(t *testing.T, o *Office, id alerting.AlertID, want map[string]string) {
	t.Helper()
	s := o.Settled(id)
	if s.People.Targeted != int64(len(want)) || s.People.Told != int64(len(want)) {
		t.Errorf("want %d told, and the report says: %+v", len(want), s.People)
	}
	got := map[string]string{}
	for _, a := range o.Of(id) {
		who, _, _ := strings.Cut(a.Recipient, "@")
		if _, twice := got[who]; twice {
			t.Errorf("%s got it twice", who)
		}
		got[who] = want[who]
	}
	if !maps.Equal(got, want) {
		t.Errorf("the gateway and the judge differ: %s", difference(got, want))
	}
}

func difference(have, want map[string]string) string {
	var parts []string
	for who, language := range have {
		if w, ok := want[who]; !ok || w != language {
			parts = append(parts, fmt.Sprintf("%s is there as %q, want %q", who, language, w))
		}
	}
	for who := range want {
		if _, ok := have[who]; !ok {
			parts = append(parts, who+" is missing")
		}
	}
	slices.Sort(parts)
	return fmt.Sprintf("%d differences: %v", len(parts), parts[:min(len(parts), 10)])
}

func findExample(t *testing.T, corpus, name string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(corpus, "valid", "*", name+"*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the corpus holds %v for %s: %v", found, name, err)
	}
	return found[0]
}

// judged asks the judge: the one with shapely where the environment names a Python that has it, else the plain one of
// these tests; and both must agree.
func judged(t *testing.T, file, people string) map[string]string {
	t.Helper()
	plain := judgePlainly(t, file, people)
	python := os.Getenv(shapelyVariable)
	if python == "" {
		t.Logf("judged without shapely: set %s to a Python that has it", shapelyVariable)
		return plain
	}
	out, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "judge.py"), file, people).Output()
	if err != nil {
		t.Fatalf("the judge: %v", err)
	}
	verdict := map[string]string{}
	if err := json.Unmarshal(out, &verdict); err != nil {
		t.Fatalf("the judge: %v", err)
	}
	if !maps.Equal(plain, verdict) {
		t.Errorf("the two judges differ: %s", difference(plain, verdict))
	}
	return verdict
}

// crowdAround is the fixture: for each example three thousand people in a box around it, with a few of every kind of
// place and wish.
func crowdAround() []Person {
	r := rand.New(rand.NewPCG(4, 12))
	boxes := []struct{ south, north, west, east float64 }{
		{38.7, 39.1, -77.3, -76.8}, {38.2, 38.8, -120.4, -119.5}, {32.75, 33.15, -115.75, -115.35}, {33.6, 34.8, -119, -117.6},
	}
	codes := []string{"006109", "006009", "006003", "006037", "006001", "006025"}
	var crowd []Person
	for i := range 4 * perExample {
		box := boxes[i/perExample]
		point := func() string {
			return Place(box.south+r.Float64()*(box.north-box.south), box.west+r.Float64()*(box.east-box.west))
		}
		p := Person{Ref: fmt.Sprintf("p%05d", i), Language: []string{"en", "es", "fr-FR", "", "es-MX"}[r.IntN(5)]}
		p.Mail = p.Ref + "@example.org"
		p.Places = []string{point()}
		switch r.IntN(10) {
		case 0:
			p.Places = append(p.Places, "code:SAME="+codes[r.IntN(len(codes))])
		case 1:
			p.Places = []string{"code:SAME=" + codes[r.IntN(len(codes))]}
		case 2:
			p.Places[0] += "@" + []string{"Minor", "Moderate", "Severe", "Extreme"}[r.IntN(4)]
		case 3:
			p.Places = append(p.Places, point())
		case 4:
			p.Wants = []string{"Fire", "Met", "Rescue|Geo", "Health"}[r.IntN(4)]
		}
		crowd = append(crowd, p)
	}
	// One lives where the earth shook, and one ten metres beside him.
	crowd[2*perExample].Places, crowd[2*perExample].Wants = []string{"32.952500,-115.552700"}, ""
	crowd[2*perExample+1].Places, crowd[2*perExample+1].Wants = []string{"32.952590,-115.552700"}, ""
	return crowd
}

// readPeople reads the fixture again from its file, as the other judge does.
func readPeople(t *testing.T, file string) []Person {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var people []Person
	for _, row := range rows[1:] {
		people = append(people, Person{Ref: row[0], Language: row[1], Wants: row[2], Places: strings.Split(row[7], ";")})
	}
	return people
}
