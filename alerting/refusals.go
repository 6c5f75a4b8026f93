package alerting

import (
	_ "embed" // the sentences
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed refusals.tsv
var refusalTable string

// refusals is read once; nothing writes to it.
var refusals = sync.OnceValues(func() (*refusalWords, error) { return readRefusals(refusalTable) }) //nolint:gochecknoglobals // it is read once, and never written

// Sentence is what a code says, with the verbs of package fmt where values are filled in. The Chinese one names them by their
// number (%[2]s) where it has them in another order.
type Sentence struct {
	Code    string `json:"code"`
	English string `json:"english"`
	Chinese string `json:"chinese"`
}

// refusalWords is the catalogue of what refusals say.
type refusalWords struct {
	sentences map[string]Sentence
	terms     map[Term]string
}

// readRefusals reads lines of a code, its English and its Chinese sentence, parted by tabs; the code = makes a Term of the line. Lines
// that begin with # are remarks.
func readRefusals(table string) (*refusalWords, error) {
	w := &refusalWords{sentences: make(map[string]Sentence), terms: make(map[Term]string)}
	for i, line := range strings.Split(table, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 3 || slices.Contains(cells, "") {
			return nil, fmt.Errorf("line %d of the refusals: want a code (or =), English and Chinese, parted by tabs", i+1)
		}
		s := Sentence{cells[0], cells[1], cells[2]}
		_, twice := w.sentences[s.Code]
		if s.Code == "=" {
			_, twice = w.terms[Term(s.English)]
			w.terms[Term(s.English)] = s.Chinese
		} else {
			w.sentences[s.Code] = s
		}
		if twice {
			return nil, fmt.Errorf("line %d of the refusals: %s stands there twice", i+1, cells[0])
		}
	}
	return w, nil
}

// Sentences are all that refusals can say, by their codes. What the English of a code with no dot describes is a whole kind: its
// Chinese stands before the English of an error that has no sentence of its own.
func Sentences() []Sentence {
	table, err := refusals()
	if err != nil {
		return nil // a test reads the table
	}
	return slices.SortedFunc(maps.Values(table.sentences), func(a, b Sentence) int { return strings.Compare(a.Code, b.Code) })
}

// General is the Chinese sentence of a kind of errors, by its code: "invalid".
func General(code string) string {
	table, err := refusals()
	if err != nil {
		return ""
	}
	return table.sentences[code].Chinese
}

// Term is a word of the program, such as the state of a draft, that a sentence names. It has a Chinese name in the catalogue, or else
// stays as it is.
type Term string

// Terms makes terms of words.
func Terms[S ~string](all []S) []Term {
	out := make([]Term, len(all))
	for i, one := range all {
		out[i] = Term(one)
	}
	return out
}

// Chinese is the name of the term in Chinese.
func (t Term) Chinese() string {
	table, err := refusals()
	if err != nil {
		return string(t)
	}
	if name, known := table.terms[t]; known {
		return name
	}
	return string(t)
}

// inChineseToo is a value as a Chinese sentence has it.
func inChineseToo(v any) any {
	switch v := v.(type) {
	case interface{ Chinese() string }: // a Term, or a value that knows by itself
		return v.Chinese()
	case []Term:
		names := make([]string, len(v))
		for i, t := range v {
			names[i] = t.Chinese()
		}
		return strings.Join(names, "、")
	case time.Duration:
		return durationInChinese(v)
	case error:
		if r := RefusalOf(v); r != nil {
			if text, ok := r.Chinese(); ok {
				return text
			}
		}
	}
	return v
}

// durationInChinese writes a time in the units that it has, from days to seconds.
func durationInChinese(d time.Duration) string {
	left := d.Round(time.Second)
	var out strings.Builder
	for _, unit := range []struct {
		long time.Duration
		name string
	}{{24 * time.Hour, " 天"}, {time.Hour, " 小时"}, {time.Minute, " 分钟"}, {time.Second, " 秒"}} {
		if n := left / unit.long; n > 0 {
			left -= n * unit.long
			if out.Len() > 0 {
				out.WriteByte(' ')
			}
			fmt.Fprintf(&out, "%d%s", n, unit.name)
		}
	}
	if out.Len() == 0 {
		return "0 秒"
	}
	return out.String()
}

// Several are reasons that stand together: each is said in the language of the sentence that holds them.
type Several []error

// String is the reasons in English.
func (s Several) String() string {
	return joined(s, "; ", func(err error) string { return err.Error() })
}

// Chinese is the reasons in Chinese, as far as they have it.
func (s Several) Chinese() string {
	return joined(s, "；", func(err error) string { return fmt.Sprint(inChineseToo(err)) })
}

// Lines are the reasons in English, one each.
func (s Several) Lines() []string { return each(s, func(err error) string { return err.Error() }) }

// ChineseLines are the reasons in Chinese, as far as they have it.
func (s Several) ChineseLines() []string {
	return each(s, func(err error) string { return fmt.Sprint(inChineseToo(err)) })
}

func each(s Several, say func(error) string) []string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = say(err)
	}
	return texts
}

func joined(s Several, by string, say func(error) string) string {
	return strings.Join(each(s, say), by)
}
