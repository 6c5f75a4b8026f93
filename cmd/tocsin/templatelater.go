package main

import (
	"tocsin/alerting"
	"tocsin/alerting/template"
	"tocsin/alerting/wording"
	"tocsin/cap"
)

// tryLater fills what a template has prepared for its update, and says what of that, of its all-clear and of its cancel is missing,
// or would be cut in a text message. An error is a fault of the template.
func (t *terminal) tryLater(one *template.Template, filled *template.Filled, request template.Request, words *wording.Writer) error {
	say := func(key string, level cap.Level, message string) {
		t.printf("%s: %s: %s: %s\n", one.ID, level, key, message)
	}
	request.Update = true
	update, err := one.Trial(request)
	if err != nil {
		return err
	}
	for _, later := range []struct {
		key, without string
		prepared     int
		alert        *cap.Alert
	}{
		{"update", "`tocsin template update` says the ordinary texts again", len(one.Update), update.Alert},
		{"all-clear", "`tocsin all-clear` says in general words that the danger is over", len(one.AllClear), spoken(filled.Alert, cap.MsgUpdate, filled.Origin.AllClear)},
		{"cancel", "`tocsin cancel` says in general words that the warning is cancelled", len(one.Cancel), spoken(filled.Alert, cap.MsgCancel, filled.Origin.Cancel)},
	} {
		if later.prepared == 0 {
			say(later.key, cap.LevelAdvice, "it is missing, so "+later.without)
			continue
		}
		for _, f := range words.Remarks(issuedOf(later.alert)) {
			say(later.key, f.Level, f.Message)
		}
	}
	return nil
}

// spoken is how an alert is ended with prepared words.
func spoken(a *cap.Alert, kind cap.MsgType, words []alerting.Words) *cap.Alert {
	out := *a
	out.MsgType, out.Infos = kind, nil
	for _, info := range a.Infos {
		if w, ok := alerting.WordsIn(words, info.Language); ok {
			info.Headline, info.Description, info.Instruction = w.Headline, w.Description, w.Instruction
		}
		info.ResponseTypes, info.Urgency, info.Severity = []cap.ResponseType{cap.AllClear}, cap.Past, cap.Minor
		out.Infos = append(out.Infos, info)
	}
	return &out
}
