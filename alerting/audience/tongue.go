package audience

import (
	"slices"

	"golang.org/x/text/language"

	"tocsin/cap"
)

// tongues ranks the infos of an alert for a reader's language. Ranks are worked out once for each language.
type tongues struct {
	// tags are the different languages of the infos in the order in which they appear; of holds the place of each
	// info's language among them.
	tags  []language.Tag
	info  []int
	ranks map[string][]int
}

// maxTongues bounds the memory that odd language tags may take; further ones are ranked again each time.
const maxTongues = 4096

// newTongues reads the languages of the infos; CAP 1.2 §3.2.2: a missing language is en-US. A language that cannot be read
// matches nobody's.
func newTongues(infos []cap.Info) *tongues {
	t := &tongues{ranks: map[string][]int{}}
	for i := range infos {
		name := infos[i].Language
		if name == "" {
			name = "en-US"
		}
		tag, err := language.Parse(name)
		if err != nil {
			tag = language.Und
		}
		at := slices.Index(t.tags, tag)
		if at < 0 {
			at = len(t.tags)
			t.tags = append(t.tags, tag)
		}
		t.info = append(t.info, at)
	}
	return t
}

// of gives each info's rank for a reader of a language: 0 is the best, infos in one language share a rank. Languages that
// do not match his follow in the alert's own order, so that its first info is for him for whom nothing matches.
func (t *tongues) of(name string) []int {
	if r, ok := t.ranks[name]; ok {
		return r
	}
	r := t.rank(name)
	if len(t.ranks) < maxTongues {
		t.ranks[name] = r
	}
	return r
}

func (t *tongues) rank(name string) []int {
	order := make([]int, 0, len(t.tags))
	left := make([]int, 0, len(t.tags))
	for i, tag := range t.tags {
		if tag != language.Und {
			left = append(left, i)
		}
	}
	want, err := language.Parse(name)
	for err == nil && want != language.Und && len(left) > 0 {
		tags := make([]language.Tag, len(left))
		for k, i := range left {
			tags[k] = t.tags[i]
		}
		_, k, sure := language.NewMatcher(tags).Match(want)
		if sure == language.No {
			break
		}
		order = append(order, left[k])
		left = slices.Delete(left, k, k+1)
	}
	for i := range t.tags {
		if !slices.Contains(order, i) {
			order = append(order, i)
		}
	}
	ranks := make([]int, len(t.info))
	for i, tag := range t.info {
		ranks[i] = slices.Index(order, tag)
	}
	return ranks
}

// anywhere is the info for somebody whom no area holds: of those that are not over, one in his language, the severest of
// these; 0 when there is none.
func (p *plan) anywhere(name string) int {
	infos, ranks, best := p.alert.Infos, p.tongues.of(name), -1
	for i := range infos {
		if p.over[i] {
			continue
		}
		if best < 0 || ranks[i] < ranks[best] ||
			ranks[i] == ranks[best] && infos[i].Severity.Rank() > infos[best].Severity.Rank() {
			best = i
		}
	}
	return max(best, 0)
}
