package template

import (
	"slices"
	"strconv"
	"strings"

	"tocsin/alerting"
)

// section is a mapping of the file that is being read, and the way to it.
type section struct {
	node  *node
	where string
	// faults are gathered over the whole file.
	faults *[]Fault
}

// path is the way to a key.
func (s section) path(key string) string {
	switch {
	case key == "":
		return s.where
	case s.where == "":
		return key
	}
	return s.where + "." + key
}

// bad notes a fault, by its code and English sentence, at a key, or where the section begins if it lacks the key.
func (s section) bad(key, code, format string, args ...any) {
	line := s.node.line
	if n := s.node.at[key]; n != nil {
		line = n.line
	}
	*s.faults = append(*s.faults, Fault{Line: line, Where: s.path(key), What: alerting.Say(code, format, args...)})
}

// only notes the keys that nobody knows.
func (s section) only(known ...string) {
	for _, key := range s.node.keys {
		if !slices.Contains(known, key) {
			s.bad(key, "template.key", "there is no such key: want one of %s", strings.Join(known, ", "))
		}
	}
}

// text is the text at a key; empty when there is none. Blanks and line ends around it do not count.
func (s section) text(key string) string {
	n := s.node.at[key]
	if n == nil {
		return ""
	}
	if n.kind != words {
		s.bad(key, "template.text", "it is %s: want text; a number stands in quotes", n.kind)
		return ""
	}
	text := strings.TrimSpace(n.text)
	if text == "" {
		s.bad(key, "template.empty", "it is empty: write the text, or leave the key out")
	}
	return text
}

// must is a text that may not be missing; what says what to write.
func (s section) must(key, what string) string {
	if s.node.at[key] == nil {
		s.bad(key, "template.missing", "it is missing: write %s", what)
		return ""
	}
	return s.text(key)
}

// number is the number at a key; nil when there is none.
func (s section) number(key string) *float64 {
	n := s.node.at[key]
	if n == nil {
		return nil
	}
	v, err := strconv.ParseFloat(n.text, 64)
	if n.kind != figure || err != nil {
		s.bad(key, "template.number", "it is %s: want a number such as 3 or 2.5", n.kind)
		return nil
	}
	return &v
}

// whole is the whole number at a key; 0 when there is none.
func (s section) whole(key string, least, most int) int {
	n := s.node.at[key]
	if n == nil {
		return 0
	}
	v, err := strconv.Atoi(n.text)
	if n.kind != figure || err != nil || v < least || v > most {
		s.bad(key, "template.whole", "want a whole number from %d to %d", least, most)
		return 0
	}
	return v
}

// list is the texts at a key; one text stands for a list of one.
func (s section) list(key string) []string {
	n := s.node.at[key]
	if n == nil {
		return nil
	}
	items := n.items
	if n.kind == words {
		items = []*node{n}
	}
	var out []string
	for _, item := range items {
		text := strings.TrimSpace(item.text)
		if item.kind != words || text == "" {
			s.bad(key, "template.texts", "it holds %s: want texts", item.kind)
			return nil
		}
		if slices.Contains(out, text) {
			s.bad(key, "template.twice", "%s stands in it twice: once is enough", text)
			continue
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		s.bad(key, "template.list", "it is %s: want a list such as [a, b], or leave the key out", n.kind)
	}
	return out
}

// section is the mapping at a key; ok is false when there is none.
func (s section) section(key string) (section, bool) {
	n := s.node.at[key]
	if n == nil {
		return section{}, false
	}
	if n.kind != mapping {
		s.bad(key, "template.keys", "it is %s: want keys with values, further to the right", n.kind)
		return section{}, false
	}
	return section{node: n, where: s.path(key), faults: s.faults}, true
}

// sections are the mappings below a key, by their names and in their order.
func (s section) sections(key string) (names []string, below map[string]section) {
	all, ok := s.section(key)
	below = map[string]section{}
	if !ok {
		return nil, below
	}
	for _, name := range all.node.keys {
		if one, ok := all.section(name); ok {
			names = append(names, name)
			below[name] = one
		}
	}
	return names, below
}

// code is a text that must be one of a few.
func code[T ~string](s section, key string, known []T) T {
	text := s.must(key, alerting.Say("slot.wants-choice", "one of %s", listed(known)))
	if text != "" && !slices.Contains(known, T(text)) {
		s.bad(key, "template.none-of", "%s is none of %s", shown(text), listed(known))
	}
	return T(text)
}

// codes are texts that each must be one of a few.
func codes[T ~string](s section, key string, known []T) []T {
	var out []T
	for _, text := range s.list(key) {
		if !slices.Contains(known, T(text)) {
			s.bad(key, "template.none-of", "%s is none of %s", shown(text), listed(known))
			continue
		}
		out = append(out, T(text))
	}
	return out
}

func listed[T ~string](all []T) string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return strings.Join(out, ", ")
}
