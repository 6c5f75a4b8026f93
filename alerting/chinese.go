package alerting

import (
	_ "embed" // the messages in Chinese
	"slices"
	"strings"
	"sync"

	"tocsin/cap"
)

//go:embed chinese.tsv
var chineseTable string

// inChinese is made once; nothing writes to it.
var inChinese = sync.OnceValues(func() (*cap.Translation, error) { return cap.ReadTranslation(chineseTable) }) //nolint:gochecknoglobals // it is read once, and never written

// FindingsIn gives findings with their messages in a language, a tag by RFC 3066: those of the rules of CAP and those of the office.
// What nobody has written in Chinese stays English.
func FindingsIn(tag string, all cap.Findings) cap.Findings {
	if !strings.HasPrefix(strings.ToLower(tag), "zh") {
		return all
	}
	table, err := inChinese()
	if err != nil {
		return all.In(tag)
	}
	out := slices.Clone(all)
	for i, f := range out {
		if text, ok := table.Of(f); ok {
			out[i].Message = text
			continue
		}
		out[i].Message = f.In(tag)
	}
	return out
}
