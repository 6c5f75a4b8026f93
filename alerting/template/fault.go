package template

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Fault is one thing that a file gets wrong.
type Fault struct {
	// Line is where, from 1; 0 is the file as a whole.
	Line int `json:"line"`
	// Where names the key, such as languages.zh-CN.headline.
	Where string `json:"where,omitempty"`
	// What says what is wrong and what to write; alerting.SaidIn gives it in Chinese.
	What string `json:"what"`
}

// String is the fault on one line.
func (f Fault) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", f.Line)
	}
	if f.Where != "" {
		b.WriteString(f.Where + ": ")
	}
	b.WriteString(f.What)
	return b.String()
}

// Broken is a file that is no template, as an error: it is ErrInvalid.
type Broken struct {
	File   string  `json:"file"`
	Faults []Fault `json:"faults"`
}

// Error lists the faults, one a line, each with its file.
func (b *Broken) Error() string {
	lines := make([]string, len(b.Faults))
	for i, f := range b.Faults {
		lines[i] = b.File + ": " + f.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap is the kind of the error.
func (b *Broken) Unwrap() error { return alerting.ErrInvalid }

// broken is the error of a file; nil without faults.
func broken(file string, faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return &Broken{File: file, Faults: faults}
}

// amiss is what is wrong with a text or an area: a refusal of no kind.
func amiss(code, format string, values ...any) error {
	return alerting.Refuse(nil, code, format, values...)
}

// shown is a value in a message, short whatever it holds.
func shown(v any) string {
	text, ok := v.(string)
	if !ok {
		text = fmt.Sprint(v)
	}
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
