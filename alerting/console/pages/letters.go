package pages

import (
	"errors"
	"net/http"
	"net/url"

	"tocsin/alerting/report"
)

func (p *Pages) letterRoutes() []route {
	return []route{
		{pattern: "GET /office/deadletters", answer: lettersPage},
		{pattern: "GET /office/deadletters/{topic}/{partition}/{offset}", answer: letterPage},
		{pattern: "POST /office/deadletters/{topic}/{partition}/{offset}", answer: redriveLetter},
	}
}

// lettersShown are records that nobody could use.
type lettersShown struct {
	Letters []report.Letter
	Alert   string
	All     bool
	Next    string
}

// lettersPage lists dead letters: those that were not put back, or all; of one alert where ?alert= names it.
func lettersPage(q *request) error {
	shown := lettersShown{Alert: q.Query("alert"), All: q.Query("all") == "true"}
	query := url.Values{"limit": {"50"}}
	for _, name := range []string{"alert", "all", "after"} {
		if v := q.Query(name); v != "" {
			query.Set(name, v)
		}
	}
	header, err := q.ask(call{method: http.MethodGet, path: "/api/deadletters?" + query.Encode()}, &shown.Letters)
	if err != nil {
		return err
	}
	if after := cursorOf(header); after != "" {
		query.Del("limit")
		query.Set("after", after)
		shown.Next = "/office/deadletters?" + query.Encode()
	}
	return q.show("letters/list", q.T("letters.title"), shown)
}

// letterShown is one of them.
type letterShown struct {
	Letter  report.Letter
	Problem *Problem
}

func (q *request) letterPath() string {
	return "/api/deadletters/" + url.PathEscape(q.r.PathValue("topic")) + "/" + url.PathEscape(q.r.PathValue("partition")) + "/" + url.PathEscape(q.r.PathValue("offset"))
}

func letterPage(q *request) error { return showLetter(q, http.StatusOK, nil) }

func showLetter(q *request, status int, problem *Problem) error {
	shown := letterShown{Problem: problem}
	if err := q.get(q.letterPath(), &shown.Letter); err != nil {
		return err
	}
	return q.showAs(status, "letters/letter", q.T("letters.one", shown.Letter.Name), shown)
}

// redriveLetter puts one back.
func redriveLetter(q *request) error {
	err := q.post(q.letterPath()+"/redrive", nil, nil)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		return showLetter(q, problem.Status, problem)
	}
	if err != nil {
		return err
	}
	return q.goTo(q.r.URL.Path, "letters.redriven")
}

// LetterState says what may still become of a dead letter.
func (q *request) LetterState(state string) string { return q.T("letters.state." + state) }

// Places is how many recipients a letter is for.
func (q *request) Places(n int) int64 { return int64(n) }
