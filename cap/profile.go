package cap

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Profile is what one community asks of an alert: the rules of the standard, and its own beside them. It is a value:
// make one of your own by appending rules to those of Core, and hand it to Check or Options. The zero Profile is Core.
type Profile struct {
	// ID is what commands and configurations call it, such as ipaws. It begins the IDs of the profile's own rules.
	ID string
	// Title is what people call it.
	Title string
	// Source says where its rules come from, and what they leave out.
	Source string
	// Codes are the values that elements <code> of an alert must have, all of them.
	Codes []string
	// Rules are all that an alert is checked with: those of Core, then the profile's own.
	Rules []Rule
	// older are codes of earlier versions, one of which stands in for Codes: authorities move slowly.
	older []string
}

// Core is CAP 1.2 itself with the advice that any office can use.
func Core() Profile { return builtin()[0].clone() }

// Profiles lists the profiles that are built in, Core first.
func Profiles() []Profile {
	var all []Profile
	for _, p := range builtin() {
		all = append(all, p.clone())
	}
	return all
}

// ProfileByID is the built-in profile with an ID; the empty ID is that of Core. The error lists those that there are.
func ProfileByID(id string) (Profile, error) {
	var known []string
	for _, p := range builtin() {
		if p.ID == id || id == "" {
			return p.clone(), nil
		}
		known = append(known, p.ID)
	}
	return Profile{}, fmt.Errorf("there is no profile %q: the profiles are %s", clip(id), strings.Join(known, ", "))
}

// clone keeps a caller who changes the lists from changing the profile for all others.
func (p Profile) clone() Profile {
	p.Codes, p.Rules = slices.Clone(p.Codes), slices.Clone(p.Rules)
	return p
}

const coreID = "core"

// builtin makes the profiles once; nothing writes to them.
var builtin = sync.OnceValue(func() []Profile {
	core := Profile{ID: coreID, Title: "Common Alerting Protocol 1.2", Source: "CAP-v1.2-os, OASIS, 1 July 2010", Rules: coreRules()}
	all := []Profile{core}
	for _, p := range []Profile{ipaws(), canada(), australia(), google(), wmo(), china()} {
		p.Rules = slices.Concat(core.Rules, codeRules(p), p.Rules)
		all = append(all, p)
	}
	return all
})

// codeRules ask for the codes by which an alert says that it keeps a profile.
func codeRules(p Profile) []Rule {
	if len(p.Codes) == 0 {
		return nil
	}
	return []Rule{{p.ID + ".code", p.Title + ", code", LevelError, "The alert names the profile: <code>" + strings.Join(p.Codes, "</code>, <code>") + "</code>.",
		func(a *Alert, report Report) {
			if slices.ContainsFunc(a.Codes, func(code string) bool { return slices.Contains(p.older, code) }) {
				return
			}
			for _, code := range p.Codes {
				if !slices.Contains(a.Codes, code) {
					report("alert/code", fmt.Sprintf("the code %s is missing, by which receivers know the profile: add it", code))
				}
			}
		}}}
}
