package template

import (
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/event"
)

// defaultLength is how many characters a text or a name may have where the file does not say.
const defaultLength = 80

// slots reads the declarations.
func (r *reader) slots() {
	if r.root.node.at["slots"] == nil {
		r.root.bad("slots", "template.slots", "it is missing: declare at least one, of the type area")
		return
	}
	names, below := r.root.sections("slots")
	if len(names) > maxSlots {
		r.root.bad("slots", "template.slots-many", "it has %d slots: %d are enough", len(names), maxSlots)
	}
	areas := 0
	for _, name := range names {
		s := below[name]
		if !slotName.MatchString(name) {
			s.bad("", "template.slot-name", "a slot is called by small letters, digits and _, 32 at most")
		}
		slot := Slot{Name: name, line: s.node.line, Type: code(s, "type", Types())}
		slot.About, slot.AboutIn = r.about(s)
		known := []string{"type", "about", "default", "example"}
		switch slot.Type {
		case TypeText, TypePlace:
			known = append(known, "length")
			if slot.Length = s.whole("length", 1, 500); slot.Length == 0 {
				slot.Length = defaultLength
			}
		case TypeNumber:
			known = append(known, "min", "max", "unit")
			slot.Min, slot.Max, slot.Unit = s.number("min"), s.number("max"), r.perLanguage(s, "unit", true)
			if slot.Min != nil && slot.Max != nil && *slot.Min > *slot.Max {
				s.bad("max", "template.max", "it is less than min: exchange them")
			}
		case TypeChoice:
			known = append(known, "options")
			slot.Options = r.options(s)
		case TypeArea:
			areas++
		}
		s.only(known...)
		for key, into := range map[string]*any{"default": &slot.Default, "example": &slot.Example} {
			if n := s.node.at[key]; n != nil {
				*into = n.plain()
			}
		}
		r.t.Slots = append(r.t.Slots, slot)
	}
	if areas != 1 {
		r.root.bad("slots", "template.one-area", "%d slots of the type area: want exactly one, for the warning holds in one area", areas)
	}
}

// options reads what may be chosen: a key each, and below it a text for each language.
func (r *reader) options(s section) []Option {
	all, ok := s.section("options")
	if !ok || len(all.node.keys) == 0 {
		s.bad("options", "template.options", "want keys to choose from, and below each a text for every language")
		return nil
	}
	var out []Option
	for _, key := range all.node.keys {
		out = append(out, Option{Key: key, Words: r.perLanguage(all, key, false)})
	}
	return out
}

// about reads what a template, or a slot, is for: a line for all languages, or one for each.
func (r *reader) about(s section) (string, map[string]string) {
	if n := s.node.at["about"]; n == nil || n.kind == words || len(r.t.Texts) == 0 {
		return r.line(s, "about", s.text("about")), nil
	}
	each := r.perLanguage(s, "about", false)
	return each[r.t.Texts[0].Language], each
}

// perLanguage reads a text for every language. Where one text may do for all, it may stand by itself.
func (r *reader) perLanguage(s section, key string, oneForAll bool) map[string]string {
	n := s.node.at[key]
	if n == nil {
		return nil
	}
	out := map[string]string{}
	if n.kind == words && oneForAll {
		text := r.line(s, key, s.text(key))
		for _, name := range r.t.Languages() {
			out[name] = text
		}
		return out
	}
	each, ok := s.section(key)
	if !ok {
		return nil
	}
	each.only(r.t.Languages()...)
	for _, name := range r.t.Languages() {
		out[name] = r.line(each, name, each.must(name, alerting.Say("must.words", "the words of this language")))
	}
	return out
}

// uses compares the slots that are declared with those that stand in the texts.
func (r *reader) uses() {
	for i := range r.t.Texts {
		x := &r.t.Texts[i]
		used := map[string]bool{}
		for _, p := range x.patterns() {
			r.declared("languages."+x.Language, p.key, p.Pattern)
			for _, name := range p.Slots() {
				used[name] = true
			}
		}
		for _, slot := range r.t.Slots {
			if slot.Type != TypeArea && !used[slot.Name] {
				*r.root.faults = append(*r.root.faults, Fault{Line: slot.line, Where: "slots." + slot.Name,
					What: alerting.Say("template.unused", "no text of the language %s holds {%s}: write it there, or take the slot out", x.Language, slot.Name)})
			}
		}
	}
	for key, all := range map[string][]Later{"update": r.t.Update, "all-clear": r.t.AllClear, "cancel": r.t.Cancel} {
		for _, l := range all {
			for _, p := range []keyed{{"headline", l.Headline}, {"description", l.Description}, {"instruction", l.Instruction}} {
				r.declared(key+"."+l.Language, p.key, p.Pattern)
			}
		}
	}
}

// declared notes the slots of a text that nobody declared, or that have no words.
func (r *reader) declared(where, key string, p Pattern) {
	for _, name := range p.Slots() {
		slot := r.t.slot(name)
		var what string
		switch {
		case slot == nil:
			what = alerting.Say("template.undeclared", "the slot {%s} is not declared: add it to slots, or write the words themselves", name)
		case slot.Type == TypeArea:
			what = alerting.Say("template.wordless", "the slot {%s} is an area and has no words: use a slot of the type place for its name", name)
		default:
			continue
		}
		top, language, _ := strings.Cut(where, ".")
		n := r.root.node.at[top].at[language].at[key]
		*r.root.faults = append(*r.root.faults, Fault{Line: n.line, Where: where + "." + key, What: what})
	}
}

// tables are the tables of events, read once.
var tables = sync.OnceValue(func() (t struct {
	*event.Tables
	err error
}) {
	t.Tables, t.err = event.Read()
	return t
})

// knows asks the tables of events whether they take each event for the hazard that the file names: people choose by
// hazard what they want to hear of, and sirens sound by it.
func (r *reader) knows() {
	known := tables()
	if known.err != nil {
		r.root.bad("hazard", "template.tables", "the tables of events cannot be read: %s", known.err.Error())
		return
	}
	for i := range r.t.Texts {
		x := &r.t.Texts[i]
		found := known.Find(&cap.Info{Event: x.Event, EventCodes: r.t.EventCodes, Categories: r.t.Categories})
		if found.Known() && slices.Contains(found.Hazards, r.t.Hazard) {
			continue
		}
		r.root.bad("hazard", "template.hazard", "the event %s in %s is not known as %s, so people who ask for that would not be told and sirens would not sound for it: "+
			"add a code of it to event_codes, such as \"OET:v1.2\": OET-081 for a flood", shown(x.Event), x.Language, r.t.Hazard)
	}
}

// values tries the defaults and examples as if somebody had filled them in.
func (r *reader) values() {
	c := &filling{t: r.t, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), trial: true}
	for i := range r.t.Slots {
		slot := &r.t.Slots[i]
		for _, tried := range []struct {
			key   string
			value any
		}{{"default", slot.Default}, {"example", slot.Example}} {
			if tried.value == nil {
				continue
			}
			if _, err := c.resolve(slot, tried.value); err != nil {
				*r.root.faults = append(*r.root.faults, Fault{Line: slot.line, Where: "slots." + slot.Name + "." + tried.key, What: err.Error()})
			}
		}
	}
}
