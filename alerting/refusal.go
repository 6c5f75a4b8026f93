package alerting

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Refusal is an error of one of the kinds that people read: its code says for good which sentence it is, and the sentence has a Chinese
// form (refusals.tsv). Errors that only programs and whoever runs the engine meet need none.
type Refusal struct {
	kind   error
	code   string
	text   string
	values []any
}

// Refuse makes a refusal of a kind (nil: of none): its code is "THING.WHAT", and its English sentence has the verbs of package fmt. A
// value that has a method Chinese (a Term, Several), a list of Terms, a time.Duration or an error that is itself a refusal is said in
// Chinese, too, where the sentence is.
func Refuse(kind error, code, format string, values ...any) error {
	return &Refusal{kind: kind, code: code, text: fmt.Sprintf(format, values...), values: values}
}

// Error is the kind and the English sentence.
func (r *Refusal) Error() string {
	if r.kind == nil {
		return r.text
	}
	return r.kind.Error() + ": " + r.text
}

// Unwrap is the kind.
func (r *Refusal) Unwrap() error { return r.kind }

// Sentence is the English sentence.
func (r *Refusal) Sentence() string { return r.text }

// Code says which sentence it is.
func (r *Refusal) Code() string { return r.code }

// Chinese is the sentence in Chinese; false when nobody has written it.
func (r *Refusal) Chinese() (string, bool) {
	table, err := refusals()
	if err != nil {
		return "", false
	}
	row, known := table.sentences[r.code]
	if !known {
		return "", false
	}
	values := make([]any, len(r.values))
	for i, v := range r.values {
		values[i] = inChineseToo(v)
	}
	return fmt.Sprintf(row.Chinese, values...), true
}

// RefusalOf is the refusal that an error is or wraps; nil when there is none.
func RefusalOf(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}

// InChinese is what an error says in Chinese; false when any part of it that people should read has no Chinese sentence.
func InChinese(err error) (string, bool) {
	switch e := err.(type) { //nolint:errorlint // every layer is looked at
	case *Refusal:
		return e.Chinese()
	case interface{ Unwrap() error }:
		return InChinese(e.Unwrap())
	case interface{ Unwrap() []error }:
		var texts []string
		for _, one := range e.Unwrap() {
			if slices.Contains(Kinds(), one) {
				continue
			}
			text, ok := InChinese(one)
			if !ok {
				return "", false
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, "\n"), len(texts) > 0
	}
	return "", false
}
