package serve

import "tocsin/alerting/report"

// terms are what the configuration says of each gateway's pace and price.
func (h *house) terms() map[string]report.Terms {
	terms := make(map[string]report.Terms, len(h.cfg.Gateways))
	for i := range h.cfg.Gateways {
		g := &h.cfg.Gateways[i]
		terms[g.Name] = report.Terms{Rate: g.Rate, Price: g.PriceMicros(), Currency: g.Currency}
	}
	return terms
}
