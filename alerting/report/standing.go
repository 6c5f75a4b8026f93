package report

import (
	"fmt"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// flag says of an alert that it belongs to a public test, and that it went out before two people had signed it.
func (s *Status) flag(in *alerting.Issued) {
	if w := in.Envelope.Window; w != nil {
		s.Window = w.ID
	}
	order := in.Envelope.Standing
	if order == nil {
		return
	}
	id, err := approval.StandingID(order)
	if err != nil {
		id = "unknown"
	}
	how := "unattended, signed by " + order.Source
	if order.Kind == approval.Countersigned {
		how = "released first by " + in.Envelope.Author
	}
	s.Standing = id
	s.Notes = append(s.Notes, fmt.Sprintf("it went out %s, under standing authorisation %s (%s)", how, id, order.Name))
}
