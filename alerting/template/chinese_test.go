package template

import (
	"errors"
	"regexp"
	"testing"

	"tocsin/alerting"
)

// saysChinese: each fault of a file, and each of a value, is Chinese for whoever reads that; what stands in quotes is not ours.
func saysChinese(t *testing.T, err error) {
	t.Helper()
	var texts []string
	if b := (*Broken)(nil); errors.As(err, &b) {
		for _, f := range b.Faults {
			texts = append(texts, f.What)
		}
	}
	for _, text := range texts {
		said := alerting.SaidIn("zh", text)
		if left := twoWords.FindString(foreign.ReplaceAllString(said, "")); said == text || left != "" {
			t.Errorf("%q is %q in Chinese", text, said)
		}
	}
}

var (
	twoWords = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)
	foreign  = regexp.MustCompile(`“[^”]*”|（英文说明：.*）`)
)
