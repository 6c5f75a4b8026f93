package cap

import (
	"fmt"
	"slices"
	"strings"
)

// The lists of the code values, in the order of the schema (§3.4).

func statuses() []Status {
	return []Status{StatusActual, StatusExercise, StatusSystem, StatusTest, StatusDraft}
}

func msgTypes() []MsgType { return []MsgType{MsgAlert, MsgUpdate, MsgCancel, MsgAck, MsgError} }

func scopes() []Scope { return []Scope{ScopePublic, ScopeRestricted, ScopePrivate} }

func urgencies() []Urgency { return []Urgency{Immediate, Expected, Future, Past, UnknownUrgency} }

func severities() []Severity { return []Severity{Extreme, Severe, Moderate, Minor, UnknownSeverity} }

func certainties() []Certainty {
	return []Certainty{Observed, Likely, Possible, Unlikely, UnknownCertainty}
}

// code gives the value that a text stands for. The strict door takes the text as it is and leaves it to the rules; at the
// tolerant one neither case nor blanks around it matter.
func code[T ~string](d *decoder, text string, values func() []T) T {
	if !d.tolerant || slices.Contains(values(), T(text)) {
		return T(text)
	}
	bare := trim(text)
	for _, value := range values() {
		if !strings.EqualFold(bare, string(value)) {
			continue
		}
		if bare != text {
			d.tolerates(readBlanks, fmt.Sprintf("there are blanks around %s: remove them", value))
		}
		if bare != string(value) {
			d.tolerates(readCase, fmt.Sprintf("%q is read as %s: write it so", bare, value))
		}
		return value
	}
	return T(text)
}

// addCode appends the value that a text stands for; at the tolerant door it leaves out an element without content.
func addCode[T ~string](d *decoder, to *[]T, text string, values func() []T) {
	if !d.leavesOut(text) {
		*to = append(*to, code(d, text, values))
	}
}

// forgetUnknown empties what holds none of the code values: no reader of the alert can take it for one then.
func forgetUnknown(a *Alert) {
	forget(&a.Status, statuses)
	forget(&a.MsgType, msgTypes)
	forget(&a.Scope, scopes)
	for k := range a.Infos {
		i := &a.Infos[k]
		forget(&i.Urgency, urgencies)
		forget(&i.Severity, severities)
		forget(&i.Certainty, certainties)
		i.Categories = onlyKnown(i.Categories, Categories)
		i.ResponseTypes = onlyKnown(i.ResponseTypes, ResponseTypes)
	}
}

func forget[T ~string](value *T, values func() []T) {
	if !slices.Contains(values(), *value) {
		*value = ""
	}
}

func onlyKnown[T ~string](list []T, values func() []T) []T {
	known := values()
	return slices.DeleteFunc(list, func(value T) bool { return !slices.Contains(known, value) })
}
