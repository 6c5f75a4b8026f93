package desk

import (
	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// Reading is what can be said of a document that somebody else wrote.
type Reading struct {
	// Alert is nil when the document cannot be read to its end. Where Findings hold an error it is for people to look at only.
	Alert *cap.Alert
	// Findings are all slips that were passed over and all rules that are broken, with those of the office's profile, in the
	// words in which Issue would say them.
	Findings cap.Findings
	// Signatures are those that it bears. Trusted: there is one, and all are trusted by the office's anchors; then Alert is
	// read from the bytes that were signed. A signature that cannot be verified is no reason not to read (CAP 1.2 §3.3.4.1).
	Signatures []dsig.Signature
	Trusted    bool
}

// Read reads a document as tolerantly as a receiver should, and issues nothing.
func (d *Desk) Read(document []byte) Reading {
	var out Reading
	out.Alert, out.Findings = cap.Read(document, d.limits())
	if out.Alert == nil {
		return out
	}
	if out.Findings.Err() == nil && d.Advise != nil {
		advice := d.Advise(&alerting.Issued{ID: alerting.IDOf(out.Alert), Alert: out.Alert})
		out.Findings = cap.Merge(document, d.limits(), out.Findings, advice)
	}
	trust := dsig.Trust{At: d.Now()}
	if d.Signing != nil {
		trust.Anchors = d.Signing.Anchors
	}
	report, err := dsig.Verify(document, trust)
	if err != nil {
		return out
	}
	out.Signatures = report.Signatures
	if report.Trusted() {
		out.Alert, _ = cap.Read(report.Document, d.limits()) // it says what the document says, or the document was not read
		out.Trusted = out.Alert != nil
	}
	return out
}
