package serve

import (
	"context"
	"iter"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/fanout"
)

// audienceFor lets fan-out ask the audience in its own words.
type audienceFor struct{ *audience.Audience }

// Begin starts a scan.
func (a audienceFor) Begin(ctx context.Context, in *alerting.Issued, cursor string, already iter.Seq[int64]) (fanout.Scan, error) {
	return a.Audience.Begin(ctx, in, cursor, already)
}
