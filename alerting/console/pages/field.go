package pages

import (
	"slices"
	"strings"

	"tocsin/cap"
)

// Field is one thing to fill in, with its label, what it means and what is wrong with it. The template "field" draws all of them, so that
// labels, hints and errors are tied to their inputs in the same way everywhere (WCAG 2.2 §1.3.1, §3.3.1, §3.3.2).
type Field struct {
	// Name is that of the form; the id is made of it.
	Name, Label string
	// Hint says how to fill it in, Meaning what the standard understands by it.
	Hint, Meaning string
	// Type is that of an <input>; or "textarea", "select", "radio", "checkboxes". Empty means "text".
	Type   string
	Value  string
	Values []string
	// Options are those of a choice.
	Options []Option
	// Said is what is wrong, or could be better.
	Said     []Said
	Required bool
	// Rows are those of a textarea, Max the most characters, 0 for no limit.
	Rows, Max int
	// Language is that of the value (BCP 47), where it is not the page's.
	Language string
	// Autocomplete is a token of HTML §4.10.18.7; Mode an inputmode.
	Autocomplete, Mode string
	// Autofocus puts the caret here.
	Autofocus bool
}

// Option is one of a choice.
type Option struct{ Value, Label, Meaning string }

// Said is a remark about a field.
type Said struct {
	// Level is "error", "warning" or "advice".
	Level string
	Text  string
	// Code and Clause say which rule it is.
	Code, Clause string
}

// ID is the id of the input.
func (f *Field) ID() string {
	return "f-" + strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(f.Name)
}

// Kind is the type with its default.
func (f *Field) Kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

// Wrong reports whether there is an error.
func (f *Field) Wrong() bool {
	return slices.ContainsFunc(f.Said, func(s Said) bool { return s.Level == "error" })
}

// DescribedBy is what a screen reader reads with the input: hint and remarks.
func (f *Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if len(f.Said) > 0 {
		ids = append(ids, f.ID()+"-said")
	}
	return strings.Join(ids, " ")
}

// Has reports whether a value is chosen.
func (f *Field) Has(value string) bool {
	return f.Value == value && f.Type != "checkboxes" || slices.Contains(f.Values, value)
}

// saidOf are findings as remarks.
func saidOf(found cap.Findings) []Said {
	var out []Said
	for _, f := range found {
		out = append(out, Said{Level: f.Level.String(), Text: f.Message, Code: f.ID, Clause: f.Clause})
	}
	return out
}

// wrongIn is a remark of ours about a field.
func wrongIn(text string) []Said { return []Said{{Level: "error", Text: text}} }

// localTime is how <input type=datetime-local> writes a moment, in the office's zone (HTML §2.3.5.5).
const localTime = "2006-01-02T15:04"
