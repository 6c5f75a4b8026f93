package pages

import (
	"encoding/json"
	"errors"
	"net/http"

	"tocsin/alerting/desk"
)

// autosaved is the answer to a form that saves itself.
type autosaved struct {
	// Version is the latest, which the next save replaces.
	Version int64 `json:"version"`
	// Saved is when, as the clock of the office shows it; empty where nothing was saved, and Refused says why.
	Saved    string `json:"saved,omitempty"`
	Refused  string `json:"refused,omitempty"`
	Conflict bool   `json:"conflict,omitempty"`
	// Whole: all that was sent is in the draft. Otherwise what could not be read is in the browser alone.
	Whole bool `json:"whole"`
	// Said is what stands beside each field, by the id of the field.
	Said map[string][]saidLine `json:"said"`
}

// saidLine is a remark in words of the reader.
type saidLine struct {
	Level  string `json:"level"`
	Label  string `json:"label"`
	Text   string `json:"text"`
	Clause string `json:"clause,omitempty"`
}

// composeAutosave saves the form for a script, which keeps what it sent until it has this answer.
func composeAutosave(q *request) error {
	d, base, _, err := q.composedDraft()
	if err != nil {
		return q.answerAutosave(nil, nil, err)
	}
	after, said, err := q.save(d, base, q.r.PostForm, nil, true)
	if err != nil {
		after = d // whose version is the one to look at
	}
	return q.answerAutosave(after, said, err)
}

// answerAutosave answers with JSON whatever happened; the status says whether it was saved.
func (q *request) answerAutosave(after *desk.Draft, said map[string][]Said, err error) error {
	status, out := http.StatusOK, autosaved{Whole: len(said) == 0}
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		status, out.Refused, out.Conflict, out.Whole = problem.Status, problem.Error(), after != nil && isConflict(problem, after, q.r.PostForm), false
		if after != nil {
			out.Version = after.Version
		}
		said = q.saidBy(problem.Findings, said)
	case err != nil:
		return err
	default:
		out.Version, out.Saved = after.Version, q.p.Now().In(q.p.zone()).Format("15:04:05")
		said = q.saidBy(after.Findings, said)
	}
	out.Said = make(map[string][]saidLine)
	for name, all := range said {
		id := (&Field{Name: name}).ID()
		for _, s := range all {
			out.Said[id] = append(out.Said[id], saidLine{s.Level, q.T("level." + s.Level), s.Text, s.Clause})
		}
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	return json.NewEncoder(q.w).Encode(out)
}
