package cap

import (
	"slices"
	"sync"
)

// Rule is one thing that an alert must or should keep. Rules are values: documentation, reports and tests walk over
// them, and a profile is a list of them.
type Rule struct {
	// ID is the stable name, such as core.polygon.closed; its first part names the profile.
	ID string
	// Clause is where the rule comes from, such as "CAP 1.2 §3.2.4 polygon".
	Clause string
	// Level is how grave a breach is.
	Level Level
	// Title says in one sentence what an alert that keeps the rule looks like.
	Title string
	// Check calls report for every breach. It leaves the alert as it is and keeps nothing of it. Nil for what only a
	// document can break, see FormRules.
	Check func(a *Alert, report Report)
}

// Report takes one breach of a rule: the path of the element, such as alert/info[1]/web, and what is wrong with it and
// what to write instead.
type Report func(path, message string)

// Check runs the rules of a profile on an alert, which must not be nil, and returns all that they find, in the order of
// the rules: at most 100 of each level. The zero Profile is Core. Findings about an alert have no lines;
// Inspect and ParseAll run the same rules on a document and give them.
//
// An alert of version 1.0 or 1.1 may leave out what was optional then. An alert of 3 KB takes some 30 µs.
func Check(a *Alert, p Profile) Findings {
	rules := p.Rules
	if len(rules) == 0 {
		rules = coreRules()
	}
	var n notes
	var r *Rule
	report := func(path, message string) {
		n.add(Finding{ID: r.ID, Clause: r.Clause, Path: path, Message: message, Level: r.Level})
	}
	for i := range rules {
		if r = &rules[i]; r.Check != nil {
			r.Check(a, report)
		}
	}
	return n.list
}

// coreRules are the rules of the standard and the advice on its use that any alert is checked with, whatever its
// profile. They are made once, because thousands of alerts a second are checked; nothing writes to them.
var coreRules = sync.OnceValue(func() []Rule {
	return slices.Concat(alertRules(), noteRules(), referenceRules(), infoRules(), valueRules(), resourceRules(), areaRules(),
		shapeRules(), textRules(), severeRules())
})
