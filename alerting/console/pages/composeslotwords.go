package pages

import (
	"cmp"
	"encoding/json"
	"strings"

	"tocsin/alerting/template"
)

// slotLabel is what a slot asks for: its own words where it has some.
func (q *request) slotLabel(s *template.Slot) string {
	return cmp.Or(q.about(s.About, s.AboutIn), s.Name)
}

// slotHint says how to fill in a slot: bounds, what is taken when it is left empty, or an example.
func (q *request) slotHint(s *template.Slot, lang, hint string) string {
	hints := []string{}
	if hint != "" {
		hints = append(hints, hint)
	}
	if s.Min != nil && s.Max != nil {
		hints = append(hints, strings.TrimSpace(q.T("compose.slots.number", jsonText(*s.Min), jsonText(*s.Max), q.InMyLanguage(s.Unit))))
	}
	if s.Length > 0 {
		hints = append(hints, q.T("compose.slots.length", s.Length))
	}
	switch {
	case s.Type == template.TypeChoice || s.Type == template.TypeArea:
	case s.Default != nil:
		hints = append(hints, q.T("compose.slots.default", shownIn(s.Default, lang)))
	case s.Example != nil:
		hints = append(hints, q.T("compose.slots.example", shownIn(s.Example, lang)))
	}
	return strings.Join(hints, " · ")
}

// shownIn is a value of a slot in a language, where it has one for each.
func shownIn(v any, lang string) string {
	if each, ok := v.(map[string]any); ok {
		v = each[lang]
	}
	if text, ok := v.(string); ok {
		return text
	}
	return jsonText(v)
}

// Sample is a value of a slot as the reader's language has it.
func (q *request) Sample(v any) string {
	each, ok := v.(map[string]any)
	if !ok {
		return shownIn(v, q.Lang)
	}
	words := make(map[string]string, len(each))
	for tag := range each {
		words[tag] = shownIn(v, tag)
	}
	return q.InMyLanguage(words)
}

// Chosen is what is taken when a slot is left empty, in the reader's language.
func (q *request) Chosen(s template.Slot) string {
	if o := defaultOption(&s); o != nil {
		return q.InMyLanguage(o.Words)
	}
	return q.Sample(s.Default)
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// about is what a template, or a slot, is for, in the reader's language where the template has it.
func (q *request) about(text string, each map[string]string) string {
	return cmp.Or(q.InMyLanguage(each), text)
}

// InMyLanguage is the text of the reader's language, else any.
func (q *request) InMyLanguage(words map[string]string) string {
	for tag, text := range words {
		if strings.HasPrefix(strings.ToLower(tag), q.Lang) {
			return text
		}
	}
	return words["en"]
}

// defaultOption is the choice that is taken when a slot is left empty; nil when there is none.
func defaultOption(s *template.Slot) *template.Option {
	key, _ := s.Default.(string)
	return s.Option(key)
}

func (q *request) slotOptions(s *template.Slot) []Option {
	first := Option{Label: q.T("compose.slots.choose")}
	if o := defaultOption(s); o != nil {
		first.Label = q.T("compose.slots.default", q.InMyLanguage(o.Words))
	}
	out := []Option{first}
	for _, o := range s.Options {
		label := q.InMyLanguage(o.Words)
		if label == "" {
			label = o.Key
		}
		out = append(out, Option{Value: o.Key, Label: label})
	}
	return out
}
