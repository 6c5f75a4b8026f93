package template

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/event"
)

// MaxFile bounds a file, in bytes.
const MaxFile = 256 << 10

const (
	maxSlots     = 32
	maxLanguages = 24
	maxValidity  = 7 * 24 * time.Hour
)

var templateID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// Parse reads a template. The name of the file is for messages. The error is a *Broken with all that is wrong.
func Parse(name string, text []byte) (*Template, error) {
	if len(text) > MaxFile {
		return nil, broken(name, []Fault{{What: alerting.Say("template.file-large", "it has %d bytes, more than %d: shorten it", len(text), MaxFile)}})
	}
	root, faults := readYAML(text)
	if len(faults) > 0 {
		return nil, broken(name, faults)
	}
	r := &reader{t: &Template{}, root: section{node: root, faults: &faults}}
	r.read()
	if err := broken(name, faults); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	r.t.Digest = hex.EncodeToString(sum[:])
	return r.t, nil
}

// reader reads one file.
type reader struct {
	t    *Template
	root section
}

func (r *reader) read() {
	r.root.only("id", "version", "about", "hazard", "event_codes", "status", "category", "responseType", "urgency", "severity", "certainty",
		"channels", "siren", "validity", "onset", "expires", "note", "slots", "languages", "update", "all-clear", "cancel")
	r.head()
	r.grade()
	r.way()
	r.texts()
	r.t.About, r.t.AboutIn = r.about(r.root)
	r.slots()
	r.t.Update = r.later("update")
	r.t.AllClear = r.later("all-clear")
	r.t.Cancel = r.later("cancel")
	r.moments()
	if len(*r.root.faults) == 0 {
		r.uses()
		r.knows()
		r.values()
	}
}

func (r *reader) head() {
	s, t := r.root, r.t
	t.ID = s.must("id", alerting.Say("must.id", "a name of small letters, digits and -, such as flood-severe"))
	if t.ID != "" && !templateID.MatchString(t.ID) {
		s.bad("id", "template.id", "%s: want small letters, digits and -, 64 at most", shown(t.ID))
	}
	if s.node.at["version"] == nil {
		s.bad("version", "template.version", "it is missing: write 1, and count up with every change")
	}
	t.Version = s.whole("version", 1, 1_000_000)
	t.Note = r.line(s, "note", s.text("note"))
}

func (r *reader) grade() {
	s, t := r.root, r.t
	t.Hazard = code(s, "hazard", event.Hazards())
	if codes, ok := s.section("event_codes"); ok {
		for _, name := range codes.node.keys {
			t.EventCodes = append(t.EventCodes, cap.Value{Name: name, Value: codes.text(name)})
		}
	}
	t.Statuses = codes(s, "status", Statuses())
	if s.node.at["status"] == nil {
		t.Statuses = Statuses()
	}
	t.Categories = codes(s, "category", cap.Categories())
	if s.node.at["category"] == nil {
		s.bad("category", "template.some-of", "it is missing: write one or some of %s", listed(cap.Categories()))
	}
	t.ResponseTypes = codes(s, "responseType", cap.ResponseTypes())
	if s.node.at["responseType"] == nil {
		s.bad("responseType", "template.some-of", "it is missing: write one or some of %s", listed(cap.ResponseTypes()))
	}
	t.Urgency = code(s, "urgency", []cap.Urgency{cap.Immediate, cap.Expected, cap.Future, cap.Past, cap.UnknownUrgency})
	t.Severity = code(s, "severity", []cap.Severity{cap.Extreme, cap.Severe, cap.Moderate, cap.Minor, cap.UnknownSeverity})
	t.Certainty = code(s, "certainty", []cap.Certainty{cap.Observed, cap.Likely, cap.Possible, cap.Unlikely, cap.UnknownCertainty})
}

// way reads how the warning goes, and how long it holds.
func (r *reader) way() {
	s, t := r.root, r.t
	t.Channels = codes(s, "channels", alerting.Channels())
	if siren, ok := s.section("siren"); ok {
		siren.only("programme", "groups")
		t.Siren = Siren{Programme: siren.text("programme"), Groups: siren.list("groups")}
		if len(t.Channels) > 0 && !slices.Contains(t.Channels, alerting.Siren) {
			s.bad("siren", "template.siren", "the channels are %s, so no siren sounds: add siren to them, or leave this out", listed(t.Channels))
		}
	}
	text := s.must("validity", alerting.Say("must.validity", "how long the warning holds, such as 6h or 90m"))
	if text == "" {
		return
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Minute || d > maxValidity || d%time.Second != 0 {
		s.bad("validity", "template.validity", "%s: want hours and minutes such as 6h, 90m or 1h30m, from 1m to %s", shown(text), Validity(maxValidity))
	}
	t.Validity = Validity(d)
}

// texts reads the languages.
func (r *reader) texts() {
	if r.root.node.at["languages"] == nil {
		r.root.bad("languages", "template.languages", "it is missing: write a tag such as en for each language, and below it event, headline, description, instruction, areaDesc")
		return
	}
	names, below := r.root.sections("languages")
	if len(names) == 0 || len(names) > maxLanguages {
		r.root.bad("languages", "template.languages-many", "it has %d languages: want 1 to %d", len(names), maxLanguages)
	}
	seen := map[language.Tag]bool{}
	for _, name := range names {
		s := below[name]
		tag, err := language.Parse(name)
		if err != nil || seen[tag] {
			s.bad("", "template.language", "%s: want a language tag such as en or zh-CN, each once", shown(name))
		}
		seen[tag] = true
		s.only("event", "headline", "description", "instruction", "areaDesc", "contact", "senderName", "web")
		x := Text{Language: name}
		x.Event = r.line(s, "event", s.must("event", alerting.Say("must.event", "what people call the danger in this language")))
		if strings.ContainsAny(x.Event, "{}") {
			s.bad("event", "template.event-slot", "no slot can stand here: write the words themselves")
		}
		x.Headline = r.pattern(s, "headline", s.must("headline", alerting.Say("must.headline", "hazard, place and time in one line")), true)
		x.Description = r.pattern(s, "description", s.must("description", alerting.Say("must.description", "what happens, where, and until when")), false)
		x.Instruction = r.pattern(s, "instruction", s.must("instruction", alerting.Say("must.instruction", "what people are to do, the most important first")), false)
		x.AreaDesc = r.pattern(s, "areaDesc", s.must("areaDesc", alerting.Say("must.area", `the name of the area, such as "{place}"`)), true)
		x.Contact = r.pattern(s, "contact", s.text("contact"), true)
		x.SenderName = r.line(s, "senderName", s.text("senderName"))
		x.Web = r.web(s)
		r.t.Texts = append(r.t.Texts, x)
	}
}

// later reads what to say when the danger changes, is over, or never was.
func (r *reader) later(key string) []Later {
	if r.root.node.at[key] == nil {
		return nil
	}
	names, below := r.root.sections(key)
	all := r.t.Languages()
	for _, name := range names {
		if !slices.Contains(all, name) {
			below[name].bad("", "template.language-unknown", "%s is none of the languages %s: write it there too", shown(name), listed(all))
		}
	}
	var out []Later
	for _, name := range all {
		s, ok := below[name]
		if !ok {
			r.root.bad(key, "template.language-missing", "the language %s is missing: write its headline, description and instruction", name)
			continue
		}
		s.only("headline", "description", "instruction")
		out = append(out, Later{Language: name,
			Headline:    r.pattern(s, "headline", s.must("headline", alerting.Say("must.new", "in one line what is new")), true),
			Description: r.pattern(s, "description", s.must("description", alerting.Say("must.changed", "what has changed")), false),
			Instruction: r.pattern(s, "instruction", s.must("instruction", alerting.Say("must.now", "what people are to do now")), false)})
	}
	return out
}

// pattern reads a text with slots, of one line or of several.
func (r *reader) pattern(s section, key, text string, oneLine bool) Pattern {
	if oneLine {
		text = r.line(s, key, text)
	} else if fault := wordsFault(text, true); fault != "" {
		s.bad(key, "template.words", "%s", fault)
	}
	p, err := parsePattern(text)
	if err != nil {
		s.bad(key, "template.words", "%s", err.Error())
	}
	return p
}

// line is a text that must stand on one line.
func (r *reader) line(s section, key, text string) string {
	if fault := wordsFault(text, false); fault != "" {
		s.bad(key, "template.words", "%s", fault)
	}
	return text
}

func (r *reader) web(s section) string {
	text := s.text("web")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(text, "{} ") {
		s.bad("web", "template.web", "%s: want an address such as https://warn.example/flood, without slots", shown(text))
	}
	return text
}

// moments reads which slots say when it begins and ends.
func (r *reader) moments() {
	r.t.Onset, r.t.Expires = r.moment("onset"), r.moment("expires")
}

func (r *reader) moment(key string) string {
	name := r.root.text(key)
	if name == "" {
		return ""
	}
	if slot := r.t.slot(name); slot == nil || slot.Type != TypeTime {
		r.root.bad(key, "template.time-slot", "%s is no slot of the type time: declare it as one, or leave this out", shown(name))
	}
	return name
}
