package cap

import (
	_ "embed" // the messages in Chinese
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Translation is the messages of findings in another language.
type Translation struct {
	byID map[string][]translated
}

// translated is one message: where the English one has this form, this is what to say, with what stands in the places of its verbs.
type translated struct {
	form   *regexp.Regexp // nil: whatever the English message is
	format string
}

// ReadTranslation reads a table of lines: the ID of a rule, its English message with %s where something is filled in (empty: any
// message of the rule), and the other message with the same %s in the same order, parted by tabs. An ID may be * for any rule that
// has no row of its own, or begin with *. for that of any profile. Lines that begin with # are remarks.
func ReadTranslation(table string) (*Translation, error) {
	t := &Translation{byID: make(map[string][]translated)}
	for i, line := range strings.Split(table, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 3 || cells[0] == "" || cells[2] == "" || strings.Count(cells[1], "%s") != strings.Count(cells[2], "%s") {
			return nil, fmt.Errorf("line %d of the translation: want an ID, a message and its translation with as many %%s, parted by tabs", i+1)
		}
		one := translated{format: cells[2]}
		if cells[1] != "" {
			one.form = regexp.MustCompile("^(?s:" + strings.ReplaceAll(regexp.QuoteMeta(cells[1]), "%s", "(.+?)") + ")$")
		}
		t.byID[cells[0]] = append(t.byID[cells[0]], one)
	}
	return t, nil
}

// Of is the message of a finding in the other language; false when it has none. The exact message of the rule comes first, then one
// that many rules share, then what is said of the rule whatever its message.
func (t *Translation) Of(f Finding) (string, bool) {
	_, rest, _ := strings.Cut(f.ID, ".")
	own := t.byID[f.ID]
	if own == nil {
		own = t.byID["*."+rest]
	}
	for _, rows := range [][]translated{own, t.byID["*"]} {
		for _, row := range rows {
			if row.form == nil {
				continue
			}
			if found := row.form.FindStringSubmatch(f.Message); found != nil {
				return row.with(found[1:]), true
			}
		}
	}
	for _, row := range own {
		if row.form == nil {
			return row.format, true
		}
	}
	return "", false
}

// with fills a message in.
func (r *translated) with(values []string) string {
	text := r.format
	for _, v := range values {
		before, after, _ := strings.Cut(text, "%s")
		text = before + v + after
	}
	return text
}

//go:embed chinese.tsv
var chineseTable string

// inChinese is made once; nothing writes to it.
var inChinese = sync.OnceValues(func() (*Translation, error) { return ReadTranslation(chineseTable) }) //nolint:gochecknoglobals // it is read once, and never written

// In is the message in a language, a tag by RFC 3066: Chinese, or English for any other and where nobody has written it in Chinese.
func (f Finding) In(tag string) string {
	if primary(strings.ToLower(tag)) != "zh" {
		return f.Message
	}
	table, err := inChinese()
	if err != nil {
		return f.Message
	}
	if text, ok := table.Of(f); ok {
		return text
	}
	return f.Message
}

// In is the findings with their messages in a language; see Finding.In.
func (f Findings) In(tag string) Findings {
	if f == nil {
		return nil
	}
	out := make(Findings, len(f))
	for i, one := range f {
		one.Message = one.In(tag)
		out[i] = one
	}
	return out
}
