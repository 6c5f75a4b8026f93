package report

import (
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
	s.Standing = id
	note := alerting.Say("note.unattended", "it went out unattended, signed by %s, under standing authorisation %s (%s)", order.Source, id, order.Name)
	if order.Kind == approval.Countersigned {
		note = alerting.Say("note.released-first", "it went out released first by %s, under standing authorisation %s (%s)", in.Envelope.Author, id, order.Name)
	}
	s.Notes = append(s.Notes, note)
}
