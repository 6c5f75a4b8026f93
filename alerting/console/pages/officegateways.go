package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tocsin/alerting/desk"
)

func (p *Pages) officeGatewayRoutes() []route {
	return []route{
		{pattern: "GET /office/gateways", answer: gatewaysPage},
		{pattern: "POST /office/gateways/{name}/rate", answer: gatewayRate},
		{pattern: "POST /office/gateways/{name}/pause", answer: gatewayPause},
		{pattern: "POST /office/gateways/{name}/resume", answer: gatewayResume},
	}
}

func newGatewayList(q *request) (*list[desk.Gateway], error) {
	return listOf[desk.Gateway](q, "/api/gateways")
}

func gatewaysPage(q *request) error {
	l, err := newGatewayList(q)
	if err != nil {
		return err
	}
	return q.show("office/gateways", q.T("office.gateways"), l)
}

// orderGateway asks for a change of a gateway. One that waits for a second signature is shown as such.
func orderGateway(q *request, act string, body any) error {
	var made desk.Proposed
	err := q.post("/api/gateways/"+url.PathEscape(q.r.PathValue("name"))+"/"+act, body, &made)
	if err != nil {
		return refuseGateway(q, err)
	}
	return q.afterChange(&made, "/office/gateways", "office.gateway")
}

func refuseGateway(q *request, err error) error {
	problem := (*Problem)(nil)
	if !errors.As(err, &problem) {
		return err
	}
	l, err := newGatewayList(q)
	if err != nil {
		return err
	}
	l.Problem = q.r.PathValue("name") + ": " + problem.Detail
	return q.showAs(problem.Status, "office/gateways", q.T("office.gateways"), l)
}

func (q *request) badForm(key string) error {
	return &Problem{Status: http.StatusBadRequest, Title: q.T(key), Detail: q.T(key)}
}

func gatewayRate(q *request) error {
	body := map[string]any{"reason": q.form("reason")}
	if text := q.form("rate"); text == "" {
		body["default"] = true
	} else if rate, err := strconv.ParseFloat(text, 64); err == nil {
		body["rate"] = rate
	} else {
		return refuseGateway(q, q.badForm("office.gateway.norate"))
	}
	return orderGateway(q, "rate", body)
}

// gatewayPause pauses for some minutes from now on.
func gatewayPause(q *request) error {
	minutes, err := strconv.Atoi(q.form("minutes"))
	if err != nil || minutes < 1 {
		return refuseGateway(q, q.badForm("office.gateway.nominutes"))
	}
	until := q.p.Now().Add(time.Duration(minutes) * time.Minute).UTC().Truncate(time.Second)
	return orderGateway(q, "pause", map[string]any{"until": until, "reason": q.form("reason")})
}

func gatewayResume(q *request) error { return orderGateway(q, "resume", nil) }
