package console

import (
	"context"
	"net/http"
	"strconv"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/alerting/stream"
)

// Letters are the dead letters: records that were set aside.
type Letters interface {
	List(ctx context.Context, limit int, keep func(*stream.Examined) bool) ([]stream.Examined, error)
	Find(ctx context.Context, name stream.LetterName) (stream.Examined, error)
	Redrive(ctx context.Context, name stream.LetterName) (stream.Examined, error)
}

// maxLetters bounds what is listed of the dead letters: the latest.
const maxLetters = 10_000

// letters lists the dead letters: those that were not put back yet, or with ?all=true all; ?alert=ID those of one alert.
func (c *Console) letters(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	query := r.URL.Query()
	var alert alerting.AlertID
	if text := query.Get("alert"); text != "" {
		var err error
		if alert, err = alerting.ParseAlertID(text); err != nil {
			return err
		}
	}
	all, err := strconv.ParseBool(query.Get("all"))
	if err != nil && query.Get("all") != "" {
		return alerting.Refuse(alerting.ErrInvalid, "request.all", "all %q: want true or false", query.Get("all"))
	}
	found, err := c.Letters.List(r.Context(), maxLetters, func(e *stream.Examined) bool {
		return (all || e.State != stream.LetterRedriven) && (alert.IsZero() || e.Alert == alert)
	})
	if err != nil {
		return err
	}
	out := make([]report.Letter, len(found))
	for i := range found {
		out[i] = report.LetterOf(&found[i])
	}
	some, err := pageList(c, w, r, "deadletters", out, func(l *report.Letter) string { return l.Name })
	return orJSON(w, some, err)
}

func (c *Console) letter(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	return c.withLetter(w, r, c.Letters.Find)
}

func (c *Console) redrive(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	return c.withLetter(w, r, func(ctx context.Context, name stream.LetterName) (stream.Examined, error) {
		if err := c.Note(ctx, by, "letter.redrive", "letter/"+name.String(), struct{}{}); err != nil {
			return stream.Examined{}, err
		}
		return c.Letters.Redrive(ctx, name)
	})
}

// withLetter calls one function with the letter that a path names, and shows what it gives.
func (c *Console) withLetter(w http.ResponseWriter, r *http.Request, call func(context.Context, stream.LetterName) (stream.Examined, error)) error {
	name, err := stream.ParseLetterName(r.PathValue("topic") + "/" + r.PathValue("partition") + "/" + r.PathValue("offset"))
	if err != nil {
		return err
	}
	e, err := call(r.Context(), name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, report.LetterOf(&e))
	return nil
}
