package cap

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWriteIsStable(t *testing.T) {
	got, err := Write(floodAlert())
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != flood {
		t.Errorf("got\n%s\nwant\n%s", got, flood)
	}
}

func TestWriteMakesVersion12(t *testing.T) {
	a := floodAlert()
	for _, version := range []string{"", "1.0", "1.1"} {
		a.Version = version
		got, err := Write(a)
		if err != nil || string(got) != flood {
			t.Errorf("version %q: %v", version, err)
		}
	}
	a.Version, a.Infos[0].Categories = "1.0", nil
	if _, err := Write(a); err == nil {
		t.Error("what only CAP 1.0 may leave out was left out of a document of CAP 1.2")
	}
}

// genText draws text that XML can carry, with everything that needs care.
func genText() *rapid.Generator[string] {
	return rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune("abc xyz,.\n\t\r&<>\"'];[=-")),
		rapid.RuneFrom([]rune("äβж中\U0001F30A\u200D\uFFFD\u00A0\uFEFF\uE000")),
	))
}

// genWord draws text that is not blank.
func genWord() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string { return "w" + genText().Draw(t, "text") })
}

// genName draws what identifier and sender allow.
func genName() *rapid.Generator[string] {
	return rapid.StringMatching(`[A-Za-z0-9äж@.:/'">_-]{1,12}`)
}

// genListed draws a recipient or an incident.
func genListed() *rapid.Generator[string] { return rapid.StringMatching(`[a-z<&',]( ?[a-zж\n]){0,5}`) }

func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		at := time.Unix(rapid.Int64Range(0, 200_000_000_000).Draw(t, "second"), 0)
		offset := rapid.IntRange(-14*60, 14*60).Draw(t, "offset")
		if offset == 0 {
			return at.UTC()
		}
		return at.In(time.FixedZone("", offset*60))
	})
}

// maybeTime draws a time or none.
func maybeTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return genTime().Draw(t, "time")
	})
}

// some draws up to n of a thing; nil when none, as Parse gives it.
func some[T any](t *rapid.T, label string, n int, one *rapid.Generator[T]) []T {
	list := rapid.SliceOfN(one, 0, n).Draw(t, label)
	if len(list) == 0 {
		return nil
	}
	return list
}

func genPoint() *rapid.Generator[Point] {
	return rapid.Custom(func(t *rapid.T) Point {
		return Point{rapid.Float64Range(-90, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon")}
	})
}

func genValue() *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value { return Value{genText().Draw(t, "name"), genText().Draw(t, "value")} })
}

func genArea() *rapid.Generator[Area] {
	return rapid.Custom(func(t *rapid.T) Area {
		polygons := some(t, "polygons", 2, rapid.Custom(func(t *rapid.T) Polygon {
			p := Polygon(rapid.SliceOfN(genPoint(), 3, 6).Draw(t, "points"))
			p = append(p, p[0])
			if polygonFault(p) != "" {
				return Polygon{{1, 2}, {3, 4}, {5, 1}, {1, 2}}
			}
			return p
		}))
		circles := some(t, "circles", 2, rapid.Custom(func(t *rapid.T) Circle {
			return Circle{genPoint().Draw(t, "center"), rapid.Float64Range(0, maxRadiusKM).Draw(t, "radius")}
		}))
		area := Area{Description: genWord().Draw(t, "areaDesc"), Polygons: polygons, Circles: circles, Geocodes: some(t, "geocodes", 2, genValue())}
		if rapid.Bool().Draw(t, "altitude") {
			low := float64(rapid.IntRange(-1e9, 1e9).Draw(t, "feet")) / 128
			high := low + float64(rapid.IntRange(1, 1e9).Draw(t, "above"))/128
			area.Altitude, area.Ceiling = &low, &high
		}
		return area
	})
}

func genResource() *rapid.Generator[Resource] {
	return rapid.Custom(func(t *rapid.T) Resource {
		size := rapid.Int64Min(0).Draw(t, "size")
		return Resource{
			Description: genWord().Draw(t, "resourceDesc"), MIMEType: rapid.SampledFrom([]string{"image/png", "text/plain; charset=utf-8"}).Draw(t, "mimeType"),
			Size: &size, URI: rapid.SampledFrom([]string{"", "https://example.org/a?b=c&d=%20#e", "a.png"}).Draw(t, "uri"),
			DerefURI: rapid.SampledFrom([]string{"AAAA", "AA==", "AAA=\n", "AAAABBBB"}).Draw(t, "derefUri"), Digest: genText().Draw(t, "digest"),
		}
	})
}

func genInfo() *rapid.Generator[Info] {
	return rapid.Custom(func(t *rapid.T) Info {
		text := func(label string) string { return genText().Draw(t, label) }
		return Info{
			Language:      rapid.SampledFrom([]string{"", "en", "fr-CA", "zh-Hans-CN", "x-klingon"}).Draw(t, "language"),
			Categories:    rapid.SliceOfN(rapid.SampledFrom(Categories()), 1, 3).Draw(t, "categories"),
			Event:         genWord().Draw(t, "event"),
			ResponseTypes: some(t, "responseTypes", 2, rapid.SampledFrom(ResponseTypes())),
			Urgency:       rapid.SampledFrom([]Urgency{Immediate, Expected, Future, Past, UnknownUrgency}).Draw(t, "urgency"),
			Severity:      rapid.SampledFrom([]Severity{Extreme, Severe, Moderate, Minor, UnknownSeverity}).Draw(t, "severity"),
			Certainty:     rapid.SampledFrom([]Certainty{Observed, Likely, Possible, Unlikely, UnknownCertainty}).Draw(t, "certainty"),
			Audience:      text("audience"), EventCodes: some(t, "eventCodes", 2, genValue()),
			Effective: maybeTime().Draw(t, "effective"), Onset: maybeTime().Draw(t, "onset"), Expires: maybeTime().Draw(t, "expires"),
			SenderName: text("senderName"), Headline: text("headline"), Description: text("description"), Instruction: text("instruction"),
			Web:     rapid.SampledFrom([]string{"", "https://example.org/a?b=c&d=%20#e", "tel:+100"}).Draw(t, "web"),
			Contact: text("contact"), Parameters: some(t, "parameters", 2, genValue()),
			Resources: some(t, "resources", 2, genResource()), Areas: some(t, "areas", 2, genArea()),
		}
	})
}

// genAlert draws alerts that break no rule.
func genAlert() *rapid.Generator[*Alert] {
	return rapid.Custom(func(t *rapid.T) *Alert {
		a := &Alert{
			Version: "1.2", Identifier: genName().Draw(t, "identifier"), Sender: genName().Draw(t, "sender"), Sent: genTime().Draw(t, "sent"),
			Status:  rapid.SampledFrom([]Status{StatusActual, StatusExercise, StatusSystem, StatusTest, StatusDraft}).Draw(t, "status"),
			MsgType: rapid.SampledFrom([]MsgType{MsgAlert, MsgUpdate, MsgCancel, MsgAck, MsgError}).Draw(t, "msgType"),
			Source:  genText().Draw(t, "source"), Scope: rapid.SampledFrom([]Scope{ScopePublic, ScopeRestricted, ScopePrivate}).Draw(t, "scope"),
			Codes: some(t, "codes", 2, genText()), Note: genText().Draw(t, "note"), Incidents: some(t, "incidents", 2, genListed()),
			Infos: some(t, "infos", 3, genInfo()),
		}
		a.References = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Reference {
			return Reference{"earlier-" + genName().Draw(t, "sender"), genName().Draw(t, "identifier"), genTime().Draw(t, "sent")}
		}), 1, 3).Draw(t, "references")
		switch a.Scope {
		case ScopeRestricted:
			a.Restriction = genWord().Draw(t, "restriction")
		case ScopePrivate:
			a.Addresses = rapid.SliceOfN(genListed(), 1, 3).Draw(t, "addresses")
		}
		return a
	})
}

// TestWriteThenParse: what is written is accepted and means the same, and is written the same again.
func TestWriteThenParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genAlert().Draw(t, "alert")
		first, err := Write(a)
		if err != nil {
			t.Fatalf("not written: %v", err)
		}
		again, err := Parse(first, Options{})
		if err != nil {
			t.Fatalf("not read: %v\n%s", err, first)
		}
		if !reflect.DeepEqual(a, again) {
			t.Fatalf("got  %+v\nwant %+v\nfrom %s", again, a, first)
		}
		second, err := Write(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("written differently: %v\n%s\n%s", err, first, second)
		}
	})
}

// TestWriteAgainstSchema has the official schema judge what is written.
func TestWriteAgainstSchema(t *testing.T) {
	schema := filepath.Join(corpus(t), "CAP-v1.2.xsd")
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed: the schema cannot judge what is written")
	}
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schema}
	for i := range 200 {
		doc, err := Write(genAlert().Example(i))
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, fmt.Sprintf("%d.xml", i))
		if err := os.WriteFile(name, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	if out, err := exec.Command(xmllint, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, bytes.ReplaceAll(out, []byte(" validates\n"), nil))
	}
}
