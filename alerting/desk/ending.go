package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// Ending is what the message would say, in each language, that Cancel writes of an alert, or AllClear where clear is set, when nobody
// gives it other words: nothing is issued. ErrNotFound when this desk issued no such alert.
func (d *Desk) Ending(ctx context.Context, id alerting.AlertID, clear bool) ([]alerting.Words, error) {
	original, err := d.Issued(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("what would end alert %s: %w", id, err)
	}
	infos := d.cancelledInfos(original.Alert, d.cancelUntil(original), wordsOf(original.Origin, Order{}))
	if clear {
		infos = d.clearing(original, Order{}).Infos
	}
	var out []alerting.Words
	for i := range infos {
		if _, ok := alerting.WordsIn(out, infos[i].Language); !ok {
			out = append(out, alerting.Words{Language: infos[i].Language, Headline: infos[i].Headline, Description: infos[i].Description, Instruction: infos[i].Instruction})
		}
	}
	return out, nil
}

// wordsOf are what a Cancel says: what the order says, else what a template had prepared, unless the order has a note.
func wordsOf(from *alerting.Origin, o Order) []alerting.Words {
	switch {
	case len(o.Words) > 0:
		return o.Words
	case from != nil && o.Note == "":
		return from.Cancel
	}
	return nil
}

// checkWords refuses words that nobody would hear: in a language that the alert does not speak, or without a headline.
func checkWords(a *cap.Alert, words []alerting.Words) error {
	for _, w := range words {
		switch {
		case !slices.ContainsFunc(a.Infos, func(i cap.Info) bool { return i.Language == w.Language }):
			return alerting.Refuse(alerting.ErrInvalid, "words.language", "words: the alert has nothing in the language %.40q; leave these words out", w.Language)
		case strings.TrimSpace(w.Headline) == "" || strings.TrimSpace(w.Description) == "":
			return alerting.Refuse(alerting.ErrInvalid, "words.empty", "words in the language %.40q: headline and description must say something; leave the words out to have those that are prepared", w.Language)
		}
	}
	return nil
}
