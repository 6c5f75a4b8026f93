package desk

import (
	"context"
	"fmt"

	"tocsin/alerting"
	"tocsin/cap"
)

// counts says whom an alert would reach. A new, actual one that would reach nobody is refused unless nobody is meant to be: more likely its
// points are wrong. An office that knows nobody at all, and writes for feeds, is not asked.
func (d *Desk) counts(ctx context.Context, in *alerting.Issued, nobody bool) (alerting.Counted, error) {
	if d.Count == nil {
		return alerting.Counted{}, nil
	}
	counted, err := d.Count(ctx, in)
	if err != nil {
		return counted, fmt.Errorf("count whom it reaches: %w", err)
	}
	if nobody || counted.People+counted.Sirens > 0 || in.Alert.MsgType != cap.MsgAlert || in.Envelope.World != alerting.Actual || d.Anybody == nil {
		return counted, nil
	}
	known, err := d.Anybody(ctx)
	if err != nil || !known {
		return counted, err
	}
	path := "alert/info"
	for i := range in.Alert.Infos {
		if len(in.Alert.Infos[i].Areas) > 0 {
			path = fmt.Sprintf("alert/info[%d]/area[1]", i+1)
			break
		}
	}
	return counted, d.refuse(in.Envelope.Document, finding("desk.nobody", "CAP 1.2 §3.2.4", path,
		"it would reach nobody: the office knows no person and no siren there that it is for; check its points, channels and audience, or, "+
			"where it is for the feeds alone, say so (--nobody; nobody=true)"))
}
