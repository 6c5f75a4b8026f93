package pages

import (
	"regexp"
	"strings"
)

// What a change comes to is signed in English: these are its lines of sirens and of roles, so that they can be said in the reader's words.
var (
	sirenLine = regexp.MustCompile(`^(\d+) sirens? (.+?): (.*?)(?:, and (\d+) more)?$`)
	rolesLine = regexp.MustCompile(`^(\S+) (gains|loses) (.+)$`)
	keepsLine = regexp.MustCompile(`^(\S+) keeps what he has$`)
)

// ChangeSaid is a line of what a change comes to, in the reader's language; one that nobody knows stays as it is.
func (q *request) ChangeSaid(line string) string {
	if q.Lang != "zh" {
		return line
	}
	if m := sirenLine.FindStringSubmatch(line); m != nil && q.p.words.has("drafts.change.sirens."+m[2]) {
		said := q.T("drafts.change.sirens", q.T("drafts.change.sirens."+m[2]), m[1], strings.ReplaceAll(m[3], ", ", q.T("drafts.between")))
		if m[4] != "" {
			said += q.T("drafts.change.more", m[4])
		}
		return said
	}
	if m := rolesLine.FindStringSubmatch(line); m != nil {
		return q.T("drafts.change."+m[2], m[1], q.rolesSaid(m[3]))
	}
	if m := keepsLine.FindStringSubmatch(line); m != nil {
		return q.T("drafts.change.keeps", m[1])
	}
	return q.Said(line)
}

// rolesSaid are roles, each with its unit behind it, in the reader's words.
func (q *request) rolesSaid(text string) string {
	all := strings.Split(text, ", ")
	for i, one := range all {
		role, unit, in := strings.Cut(one, "@")
		if q.p.words.has("role." + role) {
			role = q.T("role." + role)
		}
		if in {
			role = q.T("drafts.change.role", role, unit)
		}
		all[i] = role
	}
	return strings.Join(all, q.T("drafts.between"))
}
