package template

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
)

// TestFaults: each is told with its line and with what to write.
func TestFaults(t *testing.T) {
	lineOf := func(part string) int { return 1 + strings.Count(flood[:strings.Index(flood, part)], "\n") }
	for _, row := range []struct {
		name, old, now string
		// at is a part of the line that the fault must name; "" is line 1.
		at, says string
	}{
		{"an unknown key", "version: 2", "version: 2\nvalidty: 3h", "hazard", "validty: there is no such key: want one of id, version"},
		{"an unknown key of a slot", "length: 20", "lenght: 20", "  place: {", "slots.place.lenght: there is no such key"},
		{"a slot that has no length", "until: {type: time}", "until: {type: time, length: 3}", "until: {type", "slots.until.length: there is no such key"},
		{"an unknown key of a language", "    senderName:", "    sendername:", "    senderName:", "languages.zh-CN.sendername: there is no such key"},
		{"a text that is missing", `    headline: "{place}洪水，至{until}"` + "\n", "", "  zh-CN:\n    event", "languages.zh-CN.headline: it is missing: write hazard, place and time in one line"},
		{"a text that is empty", `headline: "{place}洪水，至{until}"`, `headline: ""`, `headline: "{place}洪`, "it is empty"},
		{"a text that is a number", "event: Flood", "event: 7", "event: Flood", "languages.en.event: it is a number: want text"},
		{"a text in lines", `headline: "Flood in {place} until {until}"`, `headline: "Flood in {place}\nuntil {until}"`, `headline: "Flood in {place} until`, "it has several lines"},
		{"a hidden character", "event: Flood", `event: "Flo\u202Eod"`, "event: Flood", "U+202E"},
		{"a language that is missing later", "  zh-CN: {headline: \"{place}洪水持续\", description: \"至{until}。\", instruction: \"{action}。\"}\n", "", "update:", "update: the language zh-CN is missing"},
		{"a slot that nobody declared", "because of {cause}.", "because of {cause}, {why}.", "because of", "languages.en.description: the slot {why} is not declared"},
		{"a slot that nobody declared, later", `description: "Until {until}."`, `description: "Until {end}."`, "  en: {headline", "update.en.description: the slot {end} is not declared"},
		{"a cancel without a language", "  zh-CN: {headline: \"{place}没有洪水\", description: \"没有{cause}。\", instruction: \"请留在原地。\"}\n", "", "cancel:", "cancel: the language zh-CN is missing"},
		{"a slot that a cancel invents", "There is no {cause}.", "There is no {reason}.", `  en: {headline: "No flood`, "cancel.en.description: the slot {reason} is not declared"},
		{"a slot that a language does not use", "因{cause}，", "", "  cause: {", "slots.cause: no text of the language zh-CN holds {cause}"},
		{"an area in a text", "The water", "In {area}, the water", "    description: \"The water", "is an area and has no words"},
		{"a brace", "The water", "The } water", "    description: \"The water", "a } closes nothing"},
		{"a slot of nonsense", "because of {cause}.", "because of {cause}. {Why?}", "because of", `is no slot: want {name}`},
		{"a type that is none", "until: {type: time}", "until: {type: date}", "until: {type", `slots.until.type: "date" is none of text, place, time`},
		{"no area", "  area: {type: area}\n", "", "slots:", "0 slots of the type area: want exactly one"},
		{"a choice without options", "      leave: {en: Leave now, zh-CN: 立即撤离}\n      stay: {en: Stay upstairs, zh-CN: 留在楼上}\n", "", "    options:", "slots.action.options: want keys to choose from"},
		{"an option without a language", "stay: {en: Stay upstairs, zh-CN: 留在楼上}", "stay: {en: Stay upstairs}", "      stay:", "slots.action.options.stay.zh-CN: it is missing"},
		{"an about without a language", "until: {type: time}", "until: {type: time, about: {en: until when}}", "  until:", "slots.until.about.zh-CN: it is missing"},
		{"an about in another language", "version: 2", "version: 2\nabout: {en: A flood, zh-CN: 洪水, fr: Inondation}", "hazard", "about.fr: there is no such key"},
		{"a unit without a language", "unit: {en: m, zh-CN: 米}", "unit: {en: m}", "  level:", "slots.level.unit.zh-CN: it is missing"},
		{"bounds the wrong way round", "min: 0, max: 20", "min: 20, max: 0", "  level:", "it is less than min"},
		{"a default that does not fit", "default: leave", "default: run", "  action:", `slots.action.default: got "run"`},
		{"an example that does not fit", "level: {type: number,", "level: {type: number, example: 99,", "  level:", `slots.level.example: got "99"`},
		{"a hazard that is none", "hazard: flood", "hazard: deluge", "hazard", `hazard: "deluge" is none of flood, surge`},
		{"an event that is not the hazard", "hazard: flood", "hazard: tsunami", "hazard", "is not known as tsunami"},
		{"a severity in small letters", "severity: Severe", "severity: severe", "severity", `"severe" is none of Extreme, Severe`},
		{"a status that is not for the public", "version: 2", "version: 2\nstatus: [System]", "hazard", `"System" is none of Actual`},
		{"a channel that is none", "channels: [sms, siren]", "channels: [sms, fax]", "channels", `"fax" is none of sms, push, mail, siren`},
		{"a siren without its channel", "channels: [sms, siren]", "channels: [sms]", "siren:", "no siren sounds"},
		{"no validity", "validity: 6h\n", "", "", "validity: it is missing: write how long the warning holds"},
		{"a validity of a month", "validity: 6h", "validity: 720h", "validity", "from 1m to 168h"},
		{"an end that is no time", "expires: until", "expires: place", "expires", `"place" is no slot of the type time`},
		{"an id with blanks", "id: flood", "id: Flood 1", "", `id: "Flood 1": want small letters`},
		{"no version", "version: 2\n", "", "", "version: it is missing: write 1"},
		{"a language that is none", "  en:\n    event", "  english!:\n    event", "  en:\n    event", `"english!": want a language tag`},
		{"a web address without a scheme", "senderName: 港口应急办", "web: www.example.org", "senderName", "want an address such as https://"},
		{"an alias", "event: Flood", "event: &e Flood", "event: Flood", "anchors, aliases and tags are not read"},
		{"a key that stands twice", "version: 2", "version: 2\nversion: 3", "hazard", "already defined"},
		{"a list at the top", flood, "- id: flood\n", "", "it holds a list: want keys with values"},
		{"no YAML", "category: [Met]", "category: [Met", "", "this is no YAML"},
		{"nothing", flood, "", "", "it holds 0 documents"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(flood, row.old, row.now, 1)
			if text == flood {
				t.Fatal("nothing was changed")
			}
			_, err := Parse("f.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Fatalf("%v\nwant %q", err, row.says)
			}
			saysChinese(t, err)
			var b *Broken
			if !errors.As(err, &b) || !errors.Is(err, alerting.ErrInvalid) || b.File != "f.yaml" {
				t.Fatalf("%v is no broken file", err)
			}
			if row.at != "" && !strings.Contains(err.Error(), fmt.Sprintf("f.yaml: line %d: ", lineOf(row.at))) {
				t.Errorf("%v\nwant line %d", err, lineOf(row.at))
			}
		})
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := Parse("f.yaml", []byte("id: x\nhazard: y\nslots:\n  a: {type: z}\nlanguages:\n  en: {event: a}\n"))
	saysChinese(t, err)
	var b *Broken
	if !errors.As(err, &b) || len(b.Faults) < 10 {
		t.Fatalf("%v", err)
	}
	for i := 1; i < len(b.Faults); i++ {
		if b.Faults[i].Line < b.Faults[i-1].Line {
			t.Errorf("line %d follows line %d", b.Faults[i].Line, b.Faults[i-1].Line)
		}
	}
}

// TestAbout: what a template and its slots are for may be said in each language, and then in all of them.
func TestAbout(t *testing.T) {
	text := strings.Replace(flood, "version: 2", "version: 2\nabout: {en: A river floods, zh-CN: 河水泛滥}", 1)
	one := parse(t, strings.Replace(text, "until: {type: time}", "until: {type: time, about: {en: until when, zh-CN: 到什么时候}}", 1))
	until := one.slot("until")
	if one.About != "A river floods" || one.AboutIn["zh-CN"] != "河水泛滥" || until.About != "until when" || until.AboutIn["zh-CN"] != "到什么时候" {
		t.Errorf("template %q %v, slot %q %v", one.About, one.AboutIn, until.About, until.AboutIn)
	}
	one = parse(t, strings.Replace(flood, "version: 2", "version: 2\nabout: A river floods", 1))
	if one.About != "A river floods" || one.AboutIn != nil {
		t.Errorf("one line for all: %q %v", one.About, one.AboutIn)
	}
}

func TestDefaultsAndValidity(t *testing.T) {
	one := parse(t, flood)
	if len(one.Statuses) != 3 || one.Validity.String() != "6h" || one.slot("place").Length != 20 || one.slot("action").Default != "leave" || len(one.Update) != 2 || len(one.AllClear) != 2 || len(one.Cancel) != 2 || len(one.Digest) != 64 {
		t.Errorf("%+v", one)
	}
	for d, want := range map[time.Duration]string{6 * time.Hour: "6h", 90 * time.Minute: "1h30m", 5 * time.Minute: "5m", 61 * time.Second: "1m1s", 70 * time.Minute: "1h10m"} {
		if have := Validity(d).String(); have != want {
			t.Errorf("%v is worded %q, want %q", d, have, want)
		}
	}
}

// TestShelf: files are read again when they changed, and a broken one hides no other.
func TestShelf(t *testing.T) {
	dir := t.TempDir()
	stamp := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	write := func(name, text string) {
		t.Helper()
		stamp = stamp.Add(time.Second)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", flood)
	write("notes.txt", "not for us")
	shelf, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(what string, good, broken int) {
		t.Helper()
		g, b, err := shelf.Read()
		if err != nil || len(g) != good || len(b) != broken {
			t.Fatalf("%s: %d good and %d broken, %v; want %d and %d", what, len(g), len(b), err, good, broken)
		}
	}
	expect("one file", 1, 0)
	first, _ := shelf.Find("flood")
	if again, _ := shelf.Find("flood"); again != first {
		t.Error("a file that did not change was read again")
	}
	write("b.yml", "id: [")
	expect("a broken file beside it", 1, 1)
	if _, err := shelf.Find("other"); !errors.Is(err, alerting.ErrNotFound) || !strings.Contains(err.Error(), "b.yml") {
		t.Errorf("%v; want ErrNotFound that names b.yml", err)
	}
	write("b.yml", strings.Replace(flood, "id: flood", "id: other", 1))
	expect("put right", 2, 0)
	write("c.yaml", flood)
	expect("an id that stands twice", 2, 1)
	write("a.yaml", strings.Replace(flood, "version: 2", "version: 3", 1))
	if one, err := shelf.Find("flood"); err != nil || one.Version != 3 {
		t.Errorf("%+v, %v; want the changed file", one, err)
	}
	for _, name := range []string{"a.yaml", "c.yaml"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	expect("removed", 1, 0)
	if _, err := Open(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there is opened")
	}
}
