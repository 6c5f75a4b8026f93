package report

import (
	"slices"

	"tocsin/alerting"
)

// Preview is what one info says on one channel, whether or not anybody would be told by it: an author looks at his words before
// he knows whom they reach.
type Preview struct {
	// Info is counted from 1, as in the paths of findings.
	Info     int              `json:"info"`
	Channel  alerting.Channel `json:"channel"`
	Language string           `json:"language"`
	// Parts is the SMS parts of one message, else 1.
	Parts   int    `json:"parts"`
	Subject string `json:"subject,omitempty"`
	Body    string `json:"body"`
	// Advice is what the author should know about the SMS.
	Advice []string `json:"advice,omitempty"`
	// Problem says why there are no words; the rest is then empty.
	Problem string `json:"problem,omitempty"`
}

// Previews are the words of every info on every channel that the order allows, as fan-out will write them.
func (d *DryRunner) Previews(in *alerting.Issued) []Preview {
	var out []Preview
	for info := range in.Alert.Infos {
		for _, ch := range alerting.Channels() {
			if only := in.Envelope.Channels; len(only) > 0 && !slices.Contains(only, ch) {
				continue
			}
			p := Preview{Info: info + 1, Channel: ch, Language: in.Alert.Infos[info].Language}
			m, err := d.Words(in, nil, info, ch)
			if err != nil {
				p.Problem = err.Error()
			} else {
				p.Language, p.Parts, p.Subject, p.Body = m.Language, max(m.Cost, 1), m.Subject, m.Body
			}
			if d.Advice != nil && ch == alerting.SMS && err == nil {
				p.Advice = d.Advice(in, info)
			}
			out = append(out, p)
		}
	}
	return out
}
