package event

import (
	"slices"
	"strings"
)

// name is a name in one language.
type name struct{ language, text string }

// names are what something is called, English among them.
type names []name

// namesOf pairs languages and texts.
func namesOf(languages, texts []string) names {
	out := make(names, len(texts))
	for i, text := range texts {
		out[i] = name{languages[i], text}
	}
	return out
}

// in is the name in the language that a tag asks for; empty when there is none.
func (n names) in(tag string) string {
	want := Language(tag)
	for _, one := range n {
		if one.language == want {
			return one.text
		}
	}
	return ""
}

// Language is the language that a tag asks for, as tables of names are sorted by it: its first part, or zh-Hant where Chinese
// is written so. An empty tag is English, as in CAP 1.2 §3.2.2.
func Language(tag string) string {
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	switch {
	case parts[0] == "":
		return "en"
	case parts[0] != "zh" && parts[0] != "yue":
		return parts[0]
	case slices.Contains(parts, "hant"), !slices.Contains(parts, "hans") && slices.ContainsFunc(parts, writesTraditional):
		return "zh-Hant"
	}
	return "zh"
}

func writesTraditional(part string) bool {
	return part == "tw" || part == "hk" || part == "mo" || part == "yue"
}

// Name is what a hazard is called in a language, else in English. The tag is that of an info (RFC 3066).
func (t *Tables) Name(h Hazard, tag string) string {
	if text := t.names[h].in(tag); text != "" {
		return text
	}
	return t.names[h].in("en")
}

// EntryName is what an event code stands for in a language. Where its own list has no name in it, that is the name of its
// main hazard, else the English one.
func (t *Tables) EntryName(e *Entry, tag string) string {
	for _, text := range []string{e.names.in(tag), t.names[e.Hazards[0]].in(tag)} {
		if text != "" {
			return text
		}
	}
	return e.names.in("en")
}
