package pages

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/console"
)

// alertEnding is the page that asks before an alert is stopped, or its danger said to be over.
type alertEnding struct {
	*alertShown
	// Clear: it is an all-clear, which goes the way of an update.
	Clear bool
	// Words are what will be said, in each language.
	Words []wordsFields
	Note  *Field
	// Problem is why it was refused.
	Problem *Problem
}

// wordsFields are the fields of one language.
type wordsFields struct {
	Language                           string
	Headline, Description, Instruction *Field
}

// accepted is the API's answer to an order.
type accepted struct {
	Alert   string   `json:"alert"`
	Outcome string   `json:"outcome"`
	Draft   string   `json:"draft"`
	Missing []string `json:"missing"`
}

func stopPage(q *request) error  { return showEnding(q, false, http.StatusOK, nil) }
func clearPage(q *request) error { return showEnding(q, true, http.StatusOK, nil) }

// showEnding shows the page, with the words that are prepared, or those that were sent and refused.
func showEnding(q *request, clear bool, status int, problem *Problem) error {
	a, err := q.alert()
	if err != nil {
		return err
	}
	var prepared console.Endings
	if err := q.get(q.api("alerts", a.ID, "endings"), &prepared); err != nil {
		return err
	}
	words := prepared.Cancel
	if clear {
		words = prepared.AllClear
	}
	e := alertEnding{alertShown: a, Clear: clear, Problem: problem, Note: &Field{Name: "note", Label: q.T("alerts.note"), Hint: q.T("alerts.note.hint"), Value: q.form("note")}}
	if !clear {
		e.Note.Hint = q.T("alerts.stop.note.hint")
	}
	for i, w := range words {
		e.Words = append(e.Words, q.wordsFields(i, w, clear))
	}
	title := q.T("alerts.stop.title", a.Title)
	if clear {
		title = q.T("alerts.clear.title", a.Title)
	}
	return q.showAs(status, "alerts/ending", title, e)
}

// wordsFields are the fields of the words in one language; what was typed stays in them, where anything can be typed.
func (q *request) wordsFields(n int, w alerting.Words, typed bool) wordsFields {
	tag := w.Language
	if tag == "" {
		tag = "en-US" // CAP 1.2 §3.2.2 language
	}
	field := func(part, prepared, kind string, rows int) *Field {
		f := &Field{Name: fmt.Sprintf("%s.%d", part, n), Label: q.T("alerts.words."+part, tag), Type: kind, Rows: rows, Value: prepared, Language: tag, Required: part != "instruction"}
		if typed && q.r.Method == http.MethodPost {
			f.Value = q.r.PostFormValue(f.Name)
		}
		return f
	}
	return wordsFields{Language: w.Language, Headline: field("headline", w.Headline, "", 0), Description: field("description", w.Description, "textarea", 3),
		Instruction: field("instruction", w.Instruction, "textarea", 2)}
}

func stopAlert(q *request) error  { return end(q, "cancel", false) }
func clearAlert(q *request) error { return end(q, "all-clear", true) }

// end orders it. Words that were not changed are left to the API, which has them prepared.
func end(q *request, how string, clear bool) error {
	var prepared console.Endings
	if err := q.get(q.api("alerts", q.id(), "endings"), &prepared); err != nil {
		return err
	}
	// One person stops an alert, and says nothing of his own: words may be changed where others approve them.
	var words []alerting.Words
	if clear {
		words = q.changedWords(prepared.AllClear)
	}
	var a accepted
	err := q.post(q.api("alerts", q.id(), how), map[string]any{"note": q.form("note"), "words": words}, &a)
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return showEnding(q, clear, problem.Status, problem)
	case err != nil:
		return err
	}
	return q.afterOrder(a, how)
}

// changedWords are the words that were sent; nil when they are those that are prepared and no note goes with them.
func (q *request) changedWords(prepared []alerting.Words) []alerting.Words {
	sent, changed := make([]alerting.Words, len(prepared)), q.form("note") != ""
	for i, w := range prepared {
		sent[i] = alerting.Words{Language: w.Language}
		for part, into := range map[string]struct {
			old string
			new *string
		}{"headline": {w.Headline, &sent[i].Headline}, "description": {w.Description, &sent[i].Description}, "instruction": {w.Instruction, &sent[i].Instruction}} {
			*into.new = plain(q.r.PostFormValue(fmt.Sprintf("%s.%d", part, i)))
			changed = changed || *into.new != plain(into.old)
		}
	}
	if !changed {
		return nil
	}
	return sent
}

// plain is text as a form sends it, without its kind of line ends and the blanks around it.
func plain(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }

// afterOrder leads to what came of an order: the new alert, or the draft that waits for approval.
func (q *request) afterOrder(a accepted, how string) error {
	if a.Draft != "" {
		return q.goTo(q.At("drafts", a.Draft), "alerts."+how+".submitted")
	}
	return q.goTo(q.At("alerts", a.Alert), "alerts."+how)
}

// asking is a page that asks before an act that needs no text.
type asking struct {
	*alertShown
	// Act is extend, lapse or proceed.
	Act     string
	Until   *Field
	Problem *Problem
}

func extendPage(q *request) error  { return showAsking(q, "extend", http.StatusOK, nil) }
func lapsePage(q *request) error   { return showAsking(q, "lapse", http.StatusOK, nil) }
func proceedPage(q *request) error { return showAsking(q, "proceed", http.StatusOK, nil) }

func showAsking(q *request, act string, status int, problem *Problem) error {
	a, err := q.alert()
	if err != nil {
		return err
	}
	page := asking{alertShown: a, Act: act, Problem: problem}
	if act == "extend" {
		page.Until = &Field{Name: "until", Label: q.T("alerts.until"), Hint: q.T("alerts.until.hint", q.p.zone().String()), Type: "datetime-local", Required: true,
			Value: a.Status.Expires.In(q.p.zone()).Add(3 * time.Hour).Format(localTime)}
		if q.r.Method == http.MethodPost {
			page.Until.Value = q.form("until")
		}
		if problem != nil {
			page.Until.Said = wrongIn(problem.Detail)
		}
	}
	return q.showAs(status, "alerts/asking", q.T("alerts."+act+".title", a.Title), page)
}

func extendAlert(q *request) error {
	until, err := time.ParseInLocation(localTime, q.form("until"), q.p.zone())
	if err != nil {
		return showAsking(q, "extend", http.StatusUnprocessableEntity, &Problem{Title: q.T("alerts.until.wrong"), Detail: q.T("alerts.until.wrong")})
	}
	var a accepted
	err = q.post(q.api("alerts", q.id(), "extend"), map[string]any{"until": until}, &a)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		return showAsking(q, "extend", problem.Status, problem)
	}
	if err != nil {
		return err
	}
	return q.afterOrder(a, "extend")
}

func lapseAlert(q *request) error   { return actOn(q, "lapse") }
func proceedAlert(q *request) error { return actOn(q, "proceed") }

// actOn does what needs no more than a yes.
func actOn(q *request, act string) error {
	err := q.post(q.api("alerts", q.id(), act), nil, nil)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		return showAsking(q, act, problem.Status, problem)
	}
	if err != nil {
		return err
	}
	return q.goTo(q.At("alerts", q.id()), "alerts."+act)
}

// Reached are the people who hear of an end: those who were told, or may have been.
func (a *alertShown) Reached() int64 { return a.Status.People.Told + a.Status.People.Uncertain }
