package template

import (
	_ "embed" // how times of day are written
	"regexp"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap/event"
)

var clockForm = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):([0-5][0-9])$`)

// farthest is how far from now a time in a warning may be.
const farthest = 366 * 24 * time.Hour

// inMoment reads a time and words it in each language.
func (c *filling) inMoment(s *Slot, raw any) (map[string]string, time.Time, error) {
	text, ok := raw.(string)
	if !ok {
		return nil, time.Time{}, alerting.Refuse(nil, "slot.got", "got %s: want %v", shown(raw), s.wants())
	}
	at, ok := momentOf(strings.TrimSpace(text), c.now)
	if !ok {
		return nil, time.Time{}, alerting.Refuse(nil, "slot.got", "got %s: want %v", shown(text), s.wants())
	}
	if d := at.Sub(c.now); !c.trial && (d > farthest || d < -farthest) {
		return nil, time.Time{}, alerting.Refuse(nil, "slot.year", "got %s, which is more than a year from now: check the date", shown(text))
	}
	return c.sayMoment(at), at, nil
}

// momentOf reads 18:00 (the next such time, in the zone of now), +3h (from now), or a time of RFC 3339. It is whole
// seconds, in the zone of now.
func momentOf(text string, now time.Time) (time.Time, bool) {
	if m := clockForm.FindStringSubmatch(text); m != nil {
		hour, _ := strconv.Atoi(m[1]) // the form has seen to both
		minute, _ := strconv.Atoi(m[2])
		at := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, now.Location())
		if !at.After(now) {
			at = time.Date(now.Year(), now.Month(), now.Day()+1, hour, minute, 0, 0, now.Location())
		}
		return at, true
	}
	if later, found := strings.CutPrefix(text, "+"); found {
		d, err := time.ParseDuration(later)
		if err != nil || d <= 0 {
			return time.Time{}, false
		}
		return now.Add(d).Truncate(time.Second), true
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, false
	}
	return at.In(now.Location()).Truncate(time.Second), true
}

// momentFile says how times are written, one language a line.
//
//go:embed moments.tsv
var momentFile string

// momentWords is how one language writes a time: of today, and of another day.
type momentWords struct {
	today, dated string
	months       []string
}

// momentsIn finds how a language writes times, by its whole tag, else by the language alone.
func momentsIn(tag string) (momentWords, bool) {
	for _, want := range []string{tag, event.Language(tag)} {
		for line := range strings.Lines(momentFile) {
			fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
			if line[0] == '#' || len(fields) != 4 || !strings.EqualFold(fields[0], want) {
				continue
			}
			return momentWords{fields[1], fields[2], strings.Fields(fields[3])}, true
		}
	}
	return momentWords{}, false
}

// sayMoment words a time in each language: the time of day, and the date unless it is today. A language that the table
// does not know has the date as ISO 8601 writes it, which reads the same to all. UTC says that it is.
func (c *filling) sayMoment(at time.Time) map[string]string {
	today := at.Year() == c.now.Year() && at.YearDay() == c.now.YearDay()
	zone := ""
	if _, offset := at.Zone(); offset == 0 {
		zone = " UTC"
	}
	out := map[string]string{}
	for _, name := range c.t.Languages() {
		words, known := momentsIn(name)
		form := words.dated
		switch {
		case today && known:
			form = words.today
		case today:
			form = "{15:04}"
		case !known:
			form = "{2006-01-02} {15:04}"
		}
		month := at.Format("1")
		if len(words.months) == 12 {
			month = words.months[at.Month()-1]
		}
		out[name] = strings.NewReplacer("{15:04}", at.Format("15:04")+zone, "{3:04 PM}", at.Format("3:04 PM")+zone, "{day}", at.Format("2"),
			"{month}", month, "{year}", at.Format("2006"), "{2006-01-02}", at.Format("2006-01-02")).Replace(form)
	}
	return out
}
