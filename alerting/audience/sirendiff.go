package audience

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tocsin/alerting"
)

// lines are the summary: "2 sirens moved: harbour, mill".
func (d *sirenDiff) lines() alerting.Several {
	var out alerting.Several
	slices.Sort(d.order)
	for _, what := range d.order {
		refs := d.refs[what]
		out = append(out, alerting.Refuse(nil, "siren.plan", "%s %s: %s", sirensCounted(len(refs)), alerting.Term(what), someSirens(refs)))
	}
	if len(out) > 0 && d.unchanged > 0 {
		out = append(out, alerting.Refuse(nil, "siren.plan-same", "%d as before", d.unchanged))
	}
	return out
}

// sirensCounted is so many sirens.
type sirensCounted int

func (n sirensCounted) String() string {
	if n == 1 {
		return "1 siren"
	}
	return strconv.Itoa(int(n)) + " sirens"
}

// Chinese makes it a value of a Chinese sentence.
func (n sirensCounted) Chinese() string { return strconv.Itoa(int(n)) + " 台警报器" }

// namedSirens is how many references a line of a summary names.
const namedSirens = 10

// someSirens are the references of sirens, of which the first are named.
type someSirens []string

func (s someSirens) String() string { return s.named(", ", ", and %d more") }

// Chinese makes it a value of a Chinese sentence.
func (s someSirens) Chinese() string { return s.named("、", "，另有 %d 台") }

func (s someSirens) named(by, more string) string {
	text := strings.Join(s[:min(len(s), namedSirens)], by)
	if left := len(s) - namedSirens; left > 0 {
		text += fmt.Sprintf(more, left)
	}
	return text
}
