package fanout

import (
	"tocsin/alerting"
)

// through names the gateways of a channel for this alert: those of its world, or, for a test that may reach the public
// now, those of actual alerts. Why a test that names a window stays in the house on a channel stands in the notes.
func (e *expansion) through(c int, ch alerting.Channel) []string {
	in, f := e.in, e.f
	if in.Envelope.World != alerting.Test || in.Envelope.Window == nil || f.Leaves == nil {
		return f.Gateways[in.Envelope.World][ch]
	}
	if err := f.Leaves(in, ch, f.Now()); err != nil {
		e.row.note(alerting.Say("note.no-part", "channel %s takes no part in the public test: %v", ch, err))
		return f.Gateways[in.Envelope.World][ch]
	}
	e.public |= 1 << c
	return f.Gateways[alerting.Actual][ch]
}

// worded is the alert as a channel words it: outside a public test no window changes what a siren runs.
func (e *expansion) worded(in *alerting.Issued, c int) *alerting.Issued {
	if in.Envelope.Window == nil || e.public.has(c) {
		return in
	}
	kept := *in
	kept.Envelope.Window = nil
	return &kept
}
