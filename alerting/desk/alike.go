package desk

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"tocsin/cap"
)

// The places of a question look alike, or they would give the answer away to whoever has read nothing: each is as many names of
// administrative units, of the same depth, in the same language and script. What the message calls its place is never among them, unless
// a unit is called so.

// mostPicked is how many units one place of a question names at most.
const mostPicked = 3

// neighbours names the units that an alert is for, and others: with the same parent, and elsewhere. None where it is not known which it is for.
func (d *Desk) neighbours(ctx context.Context, a *cap.Alert) (own, near, far []string, err error) {
	if d.Neighbours == nil {
		return nil, nil, nil, nil
	}
	var areas []cap.Area
	described := make(map[string]bool)
	for _, i := range a.Infos {
		for _, area := range i.Areas {
			areas = append(areas, area)
			described[plain(area.Description)] = true
		}
	}
	return d.Neighbours(ctx, areas, func(name string) bool {
		return slices.ContainsFunc(formsOf(name), func(form string) bool { return described[plain(form)] })
	})
}

// threeAlike are the places of a question in a language, the right one first; nil where they would not be alike. The seed gives the same
// three again: whoever asks twice does not learn which one stays.
func (d *Desk) threeAlike(ctx context.Context, a *cap.Alert, lang, seed string) ([]string, error) {
	units, near, far, err := d.neighbours(ctx, a)
	if err != nil || len(units) == 0 {
		return nil, err
	}
	key, err := d.placeKey()
	if err != nil {
		return nil, err
	}
	taken := make(map[string]bool)
	for _, i := range a.Infos {
		for _, area := range i.Areas {
			taken[plain(area.Description)] = true
		}
	}
	for _, name := range units {
		for _, form := range formsOf(name) {
			taken[plain(form)] = true
		}
	}
	own := namesIn(ranked(key, seed, units), lang, nil)
	if len(own) == 0 {
		return nil, nil
	}
	own = slices.DeleteFunc(own, func(n string) bool { return isHan(n) != isHan(own[0]) })
	pool := namesIn(slices.Concat(ranked(key, seed, near), ranked(key, seed, far)), lang, taken)
	pool = slices.DeleteFunc(pool, func(n string) bool { return isHan(n) != isHan(own[0]) })
	each := min(mostPicked, len(own), len(pool)/2)
	if each == 0 {
		return nil, nil
	}
	between := phrasesOf(lang).between
	return []string{strings.Join(own[:each], between), strings.Join(pool[:each], between), strings.Join(pool[each:2*each], between)}, nil
}

// unsaid are the units of an alert whose names stand in none of its places, in a language: whoever picks one must know that it is meant.
func (d *Desk) unsaid(ctx context.Context, a *cap.Alert, lang string) ([]string, error) {
	units, _, _, err := d.neighbours(ctx, a)
	if err != nil {
		return nil, err
	}
	said := placesIn(a, lang)
	return slices.DeleteFunc(namesIn(units, lang, nil), func(name string) bool {
		return slices.ContainsFunc(said, func(place string) bool { return strings.Contains(plain(place), plain(name)) })
	}), nil
}

// namesIn are names in a language, each once, in their order, without those that are taken.
func namesIn(names []string, lang string, taken map[string]bool) []string {
	var out []string
	seen := make(map[string]bool)
	for _, name := range names {
		form := nameIn(name, lang)
		if slices.ContainsFunc(formsOf(name), func(f string) bool { return taken[plain(f)] }) || plain(form) == "" || seen[plain(form)] {
			continue
		}
		seen[plain(form)] = true
		out = append(out, form)
	}
	return out
}

// nameIn is the form of a unit's name in a language; the whole name where it has only one.
func nameIn(name, lang string) string {
	forms := formsOf(name)
	for _, form := range forms[1:] {
		if isHan(form) == (lang == "zh") {
			return form
		}
	}
	return forms[0]
}

// formsOf are the forms of a unit's name: the whole of it, and where it is said in Chinese and in another script, one beside the other,
// each of the two.
func formsOf(name string) []string {
	name = oneLine(name)
	first := strings.IndexFunc(name, isHanRune)
	last := strings.LastIndexFunc(name, isHanRune)
	if first < 0 {
		return []string{name}
	}
	last += len(string([]rune(name[last:])[:1]))
	han, before, after := name[first:last], name[:first], name[last:]
	apart := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	other := strings.TrimFunc(before+after, apart)
	beside := strings.TrimRightFunc(before, apart) != before || before == ""
	behind := strings.TrimLeftFunc(after, apart) != after || after == ""
	inside := strings.ContainsFunc(han, func(r rune) bool { return unicode.IsLetter(r) && !isHanRune(r) })
	bothSides := strings.TrimFunc(before, apart) != "" && strings.TrimFunc(after, apart) != ""
	if !strings.ContainsFunc(other, unicode.IsLetter) || !beside || !behind || inside || bothSides {
		return []string{name}
	}
	return []string{name, han, other}
}

func isHanRune(r rune) bool { return unicode.Is(unicode.Han, r) }

func isHan(text string) bool { return strings.ContainsFunc(text, isHanRune) }
