package alerting

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tocsin/cap"
)

// Say makes a sentence for people that is kept as English text, such as a note on an alert: books, journals and programs have one form
// of it for good, and SaidIn shows it in Chinese to whoever reads that. Its code stands before it as before that of a refusal, so that
// the tests hold it to the catalogue.
func Say(_, format string, values ...any) string { return fmt.Sprintf(format, values...) }

// SaidIn gives a sentence of the program that was kept as English text in a language, a tag by RFC 3066: what Say made, or what a refusal
// said, with whatever it holds. Texts that no sentence of the catalogue has the form of, such as those that people wrote, stay as they are.
func SaidIn(tag, text string) string {
	if !strings.HasPrefix(strings.ToLower(tag), "zh") {
		return text
	}
	forms, err := saidForms()
	if err != nil {
		return text
	}
	if chinese, known := (&saying{forms: forms, left: mostTries}).whole(text, deepest); known {
		return chinese
	}
	return text
}

// Said is a sentence that was kept as English text, as a value of another one: that says it in Chinese where it is Chinese itself.
type Said string

// Chinese is the sentence in Chinese, as far as it is known.
func (s Said) Chinese() string { return SaidIn("zh", string(s)) }

// deepest is how many sentences may hold each other.
const deepest = 4

// leastSaid is how many letters of its own a sentence has that can be told from others, in bytes; one that is all values cannot. Within
// another sentence, where no words of people begin, leastHeld are enough: one of a, b.
const (
	leastSaid = 8
	leastHeld = 6
)

// saidForm is one sentence of the catalogue as it is found in a text.
type saidForm struct {
	// said is the longest piece between its values, own the length of all of them.
	said    string
	own     int
	form    *regexp.Regexp
	chinese string
}

// longestFinding is the longest message of the rules of CAP, in bytes.
const longestFinding = 400

// mostTries is how often the sentences are looked through for one text: whatever people write takes no time.
const mostTries = 300

// saying is one text being read. Its forms are the sentences, those that say the most by themselves first; left is how often they may be
// looked through yet.
type saying struct {
	forms []saidForm
	left  int
}

// saidForms is made once; nothing writes to it.
var saidForms = sync.OnceValues(func() ([]saidForm, error) { //nolint:gochecknoglobals // it is made once, and never written
	table, err := refusals()
	if err != nil {
		return nil, err
	}
	var out []saidForm
	for code, s := range table.sentences {
		if !strings.Contains(code, ".") {
			continue
		}
		if one := formOf(s); one.own >= leastHeld {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b saidForm) int {
		return cmp.Or(cmp.Compare(b.own, a.own), strings.Compare(a.chinese, b.chinese))
	})
	return out, nil
})

var saidVerb = regexp.MustCompile(`%(?:\.\d+)?(?:\[(\d+)\])?([a-z])`)

// formOf turns the verbs of a sentence into places of a regular expression.
func formOf(s Sentence) saidForm {
	one := saidForm{chinese: s.Chinese}
	pattern, last := "^(?s:", 0
	piece := func(text string) {
		one.own += len(text)
		if len(text) > len(one.said) {
			one.said = text
		}
		pattern += regexp.QuoteMeta(text)
	}
	for _, at := range saidVerb.FindAllStringSubmatchIndex(s.English, -1) {
		piece(s.English[last:at[0]])
		last = at[1]
		switch s.English[at[4]:at[5]] {
		case "d":
			pattern += `(-?\d+)`
		case "q":
			pattern += `("(?:[^"\\]|\\.)*")`
		default:
			pattern += `(.*?)`
		}
	}
	piece(s.English[last:])
	one.form = regexp.MustCompile(pattern + ")$")
	return one
}

// whole is the Chinese of a text that is a sentence, or several parted by "; ", or that ends in one behind the kind of its error: what
// stands before the kind says where it came from, which InChinese leaves out, too.
func (s *saying) whole(text string, depth int) (string, bool) {
	if depth == 0 || len(text) < leastHeld || s.left == 0 {
		return "", false
	}
	if chinese, known := s.one(text, depth); known {
		return chinese, true
	}
	if rest, behind := behindKind(text); behind {
		for {
			if chinese, known := s.whole(rest, depth-1); known {
				return chinese, true
			}
			var more bool
			if _, rest, more = strings.Cut(rest, ": "); !more {
				break
			}
		}
	}
	if chinese, known := s.several(text, depth); known {
		return chinese, true
	}
	if chinese, known := s.said(text, depth); known {
		return chinese, true
	}
	if len(text) > longestFinding {
		return "", false
	}
	// What the rules of CAP say of any polygon.
	chinese := cap.Finding{ID: "*", Message: text}.In("zh")
	return chinese, chinese != text
}

// quotedFirst is a text that begins with a value in quotes.
var quotedFirst = regexp.MustCompile(`^("(?:[^"\\]|\\.)*") (.+)$`)

// said is the Chinese of a sentence that stands behind the value of which it speaks: "x" is no code.
func (s *saying) said(text string, depth int) (string, bool) {
	found := quotedFirst.FindStringSubmatch(text)
	if found == nil {
		return "", false
	}
	name, err := strconv.Unquote(found[1])
	if err != nil {
		return "", false
	}
	chinese, known := s.one(found[2], depth)
	return "“" + name + "”" + chinese, known
}

// one is the Chinese of a text that is one sentence.
func (s *saying) one(text string, depth int) (string, bool) {
	if s.left == 0 {
		return "", false
	}
	s.left--
	for i := range s.forms {
		form := &s.forms[i]
		if !strings.Contains(text, form.said) || depth == deepest && form.own < leastSaid {
			continue
		}
		if found := form.form.FindStringSubmatch(text); found != nil && !slices.ContainsFunc(found[1:], func(v string) bool { return s.swallows(v, depth-1) }) {
			return form.with(found[1:], func(v string) string { return s.value(v, depth-1) }), true
		}
	}
	return "", false
}

// swallows reports whether a value holds the kind of an error and is no sentence: then it begins before what the sentence is about.
func (s *saying) swallows(v string, depth int) bool {
	if _, behind := behindKind(v); !behind {
		return false
	}
	_, known := s.whole(v, depth)
	return !known
}

// several is the Chinese of sentences that "; " parts, each of which is known.
func (s *saying) several(text string, depth int) (string, bool) {
	for at := 0; ; {
		next := strings.Index(text[at:], "; ")
		if next < 0 {
			return "", false
		}
		at += next
		if first, known := s.one(text[:at], depth); known {
			if rest, known := s.whole(text[at+2:], depth); known {
				return first + "；" + rest, true
			}
		}
		at += 2
	}
}

// behindKind is what stands behind the name of the first kind of errors in a text.
func behindKind(text string) (string, bool) {
	first := len(text)
	rest := ""
	for _, kind := range Kinds() {
		name := kind.Error() + ": "
		at := strings.Index(text, name)
		if at >= 0 && at < first && (at == 0 || strings.HasSuffix(text[:at], ": ")) {
			first, rest = at, text[at+len(name):]
		}
	}
	return rest, first < len(text)
}

// with fills the Chinese sentence in.
func (f *saidForm) with(values []string, said func(string) string) string {
	n := 0
	return saidVerb.ReplaceAllStringFunc(f.chinese, func(verb string) string {
		n++
		at := n
		if m := saidVerb.FindStringSubmatch(verb); m[1] != "" {
			at, _ = strconv.Atoi(m[1]) // digits
		}
		if at > len(values) {
			return verb // a test reads the table
		}
		return said(values[at-1])
	})
}

// value is what stands in the place of a verb, as a Chinese sentence has it; see inChineseToo.
func (s *saying) value(v string, depth int) string {
	if strings.HasPrefix(v, `"`) {
		if name, err := strconv.Unquote(v); err == nil {
			return name
		}
	}
	if name := Term(v).Chinese(); name != v {
		return name
	}
	if list, ok := strings.CutPrefix(v, "["); ok && strings.HasSuffix(list, "]") {
		names := strings.Fields(strings.TrimSuffix(list, "]"))
		for i, name := range names {
			names[i] = Term(name).Chinese()
		}
		return strings.Join(names, "、")
	}
	if d, err := time.ParseDuration(v); err == nil && strings.HasSuffix(v, "s") {
		return durationInChinese(d)
	}
	if chinese, known := s.whole(v, depth); known {
		return chinese
	}
	return v
}
