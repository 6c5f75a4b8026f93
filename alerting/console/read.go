package console

import (
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// Reading is what the API says of a document that somebody else wrote.
type Reading struct {
	// Verdict is valid (no finding is an error), invalid, or unreadable.
	Verdict string `json:"verdict"`
	// Alert is the id that it has; absent for what is unreadable.
	Alert *alerting.AlertID `json:"alert,omitempty"`
	// Trusted: it is signed, and the office's anchors stand for every signature.
	Trusted    bool             `json:"trusted"`
	Signatures []SignatureFound `json:"signatures,omitempty"`
	Findings   cap.Findings     `json:"findings,omitempty"`
}

// SignatureFound is one signature of a document, and the subject of the certificate that made it.
type SignatureFound struct {
	dsig.Signature
	Subject string `json:"subject,omitempty"`
}

// read says what a posted document is worth: it is read as tolerantly as a receiver should, and nothing is issued.
func (c *Console) read(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	document, _, err := c.readOrder(w, r, by)
	if err != nil {
		return err
	}
	out := readingOf(c.Read(document))
	out.Findings = alerting.FindingsIn(tongueOf(r), out.Findings)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func readingOf(d desk.Reading) Reading {
	out := Reading{Verdict: "valid", Trusted: d.Trusted, Findings: d.Findings}
	switch {
	case d.Alert == nil:
		out.Verdict = "unreadable"
		return out
	case d.Findings.Err() != nil:
		out.Verdict = "invalid"
	}
	id := alerting.IDOf(d.Alert)
	out.Alert = &id
	for _, s := range d.Signatures {
		found := SignatureFound{Signature: s}
		if s.Certificate != nil {
			found.Subject = s.Certificate.Subject.String()
		}
		out.Signatures = append(out.Signatures, found)
	}
	return out
}
