package pages

import (
	"tocsin/alerting"
	"tocsin/cap"
)

// choices are the options of one code value of CAP, with what the standard means by each. Their words are compose.KIND.VALUE and
// compose.KIND.VALUE.means.
func choices[T ~string](q *request, kind string, values []T) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{Value: string(v), Label: q.T("compose.code." + kind + "." + string(v)), Meaning: q.T("compose.means." + kind + "." + string(v))}
	}
	return out
}

func urgencies() []cap.Urgency {
	return []cap.Urgency{cap.Immediate, cap.Expected, cap.Future, cap.Past, cap.UnknownUrgency}
}

func severities() []cap.Severity {
	return []cap.Severity{cap.Extreme, cap.Severe, cap.Moderate, cap.Minor, cap.UnknownSeverity}
}

func certainties() []cap.Certainty {
	return []cap.Certainty{cap.Observed, cap.Likely, cap.Possible, cap.Unlikely, cap.UnknownCertainty}
}

// holdsOptions are how long a warning may hold.
func (q *request) holdsOptions() []Option {
	var out []Option
	for _, d := range holdsFor() {
		out = append(out, Option{Value: d.String(), Label: q.N("compose.holds.hours", int64(d.Hours()))})
	}
	return append(out, Option{Value: untilTime, Label: q.T("compose.holds.until")}, Option{Value: noEnd, Label: q.T("compose.holds.open")})
}

func (q *request) channelOptions() []Option {
	var out []Option
	for _, ch := range alerting.Channels() {
		out = append(out, Option{Value: string(ch), Label: q.T("compose.channel." + string(ch))})
	}
	return out
}

// writtenIn are the languages that a new document may begin with; others are added in the form.
func writtenIn() []string { return []string{"en", "zh-CN"} }
