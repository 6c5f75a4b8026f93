package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

// Letters asks for the dead letters that were not put back yet, or for all; of one alert unless it is empty.
func (c *Client) Letters(ctx context.Context, alert string, all bool) (l []report.Letter, err error) {
	q := url.Values{"all": {fmt.Sprint(all)}}
	if alert != "" {
		q.Set("alert", alert)
	}
	return listed[report.Letter](ctx, c, "/api/deadletters", q, Paging{All: true})
}

// Letter asks for one dead letter.
func (c *Client) Letter(ctx context.Context, name string) (l report.Letter, err error) {
	path, err := letterPath(name)
	if err != nil {
		return l, err
	}
	err = c.call(ctx, http.MethodGet, path, "", nil, &l)
	return l, err
}

// Redrive puts a dead letter back on its topic. An answer that was lost is ErrRedriveUnknown.
func (c *Client) Redrive(ctx context.Context, name string) (l report.Letter, err error) {
	path, err := letterPath(name)
	if err != nil {
		return l, err
	}
	err = c.call(ctx, http.MethodPost, path+"/redrive", "", nil, &l)
	var p *Problem
	if err != nil && !notSent(err) && (!errors.As(err, &p) || p.Status == http.StatusGatewayTimeout) {
		return l, fmt.Errorf("%w (%w)", ErrRedriveUnknown, err)
	}
	return l, err
}

// ErrRedriveUnknown: it is not known whether the letter was put back. Doing it again is safe.
var ErrRedriveUnknown = errors.New("no answer: the letter may or may not have been put back; the same command again is safe")

// letterPath is where the API keeps the letter TOPIC/PARTITION/OFFSET.
func letterPath(name string) (string, error) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return "", &Problem{Title: "The input breaks a rule", Status: http.StatusBadRequest, Outcome: "refused",
			Detail: fmt.Sprintf("%v: dead letter %q: want TOPIC/PARTITION/OFFSET, as `tocsin deadletters list` shows it", alerting.ErrInvalid, name)}
	}
	return "/api/deadletters/" + url.PathEscape(parts[0]) + "/" + url.PathEscape(parts[1]) + "/" + url.PathEscape(parts[2]), nil
}
