package desk

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// Signing is how the office signs what it issues.
type Signing struct {
	dsig.Signer
	// Anchors are the certificates that the office publishes: what is signed must be trusted by whoever pins these.
	Anchors []*x509.Certificate
}

// certificateAhead is how long before its end a certificate should be renewed.
const certificateAhead = 30 * 24 * time.Hour

// Ends is when the signing certificate, or one between it and the anchor, is valid no longer.
func (s *Signing) Ends() time.Time {
	var end time.Time
	for _, c := range s.Certificates {
		if end.IsZero() || c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

// renewal is the way out of a certificate that has ended, or soon will.
const renewal = "make a new one (`tocsin keys signing DIR`, or ask your authority), name it in alerts.signing, publish it, and start the role api again"

// sign puts the office's signature on an alert, and reads the result as a stranger would, with the published anchors only.
// A document that the office, or whoever it trusts, has signed already stays as it is.
func (d *Desk) sign(in *alerting.Issued) error {
	if d.Signing == nil {
		return nil
	}
	document, now := in.Envelope.Document, d.Now()
	have, err := dsig.Verify(document, dsig.Trust{Anchors: d.Signing.Anchors, At: now})
	switch {
	case err != nil:
		return d.refuse(document, finding("desk.signature", "CAP 1.2 §3.3.4.1", "alert", err.Error()))
	case have.Trusted():
		return d.sameAlert(in, have.Document)
	case len(have.Signatures) > 0:
		return d.refuse(document, finding("desk.signature", "CAP 1.2 §3.3.4.1", "alert",
			"it bears a signature that cannot be trusted ("+have.Signatures[0].Reason+"): take the signature out, or pin the signer in alerts.signing.anchors"))
	}
	signed, err := d.Signing.Sign(document)
	if err != nil {
		return fmt.Errorf("%w: %w", alerting.ErrState, err)
	}
	// What stops a danger from being told must not wait for a certificate: it goes out with one that has ended.
	at := now
	if end := d.Signing.Ends(); in.Lane == alerting.Stop && at.After(end) {
		d.Log.Error("the signing certificate has ended; a stop goes out with it all the same: "+renewal, "ended", end)
		at = end
	}
	report, err := dsig.Verify(signed, dsig.Trust{Anchors: d.Signing.Anchors, At: at})
	if err != nil {
		return fmt.Errorf("%w: read the signed alert again: %w", alerting.ErrState, err)
	}
	if !report.Trusted() {
		return alerting.Refuse(alerting.ErrState, "signing.untrusted", "nobody would trust the signature (%s): %s", report.Signatures[0].Reason, renewal)
	}
	if len(signed) > d.MaxBytes {
		return d.refuse(document, cap.Oversize(int64(len(signed)), d.MaxBytes))
	}
	if err := d.sameAlert(in, report.Document); err != nil {
		return err
	}
	in.Envelope.Document, in.Envelope.Digest = signed, sha256.Sum256(signed)
	return nil
}

// sameAlert makes sure that what was signed says what was checked.
func (d *Desk) sameAlert(in *alerting.Issued, verified []byte) error {
	again, err := cap.Parse(verified, cap.Options{MaxBytes: max(d.MaxBytes, len(verified))})
	if err != nil {
		return fmt.Errorf("%w: read what was signed: %w", alerting.ErrInvalid, err)
	}
	was, err := cap.Write(in.Alert)
	if err != nil {
		return fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	}
	is, err := cap.Write(again)
	if err != nil {
		return fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	}
	if !bytes.Equal(was, is) {
		return fmt.Errorf("%w: what was signed is not what was checked", alerting.ErrState)
	}
	return nil
}

// sameDocument reports whether a document is the one that was issued, or what it was before the office signed it.
func sameDocument(issued, came []byte) bool {
	return bytes.Equal(issued, came) || bytes.Equal(dsig.Strip(issued), came)
}

// certificateRemark is the warning that a certificate ends soon, or has.
func (d *Desk) certificateRemark() (cap.Finding, bool) {
	if d.Signing == nil {
		return cap.Finding{}, false
	}
	end := d.Signing.Ends()
	left := end.Sub(d.Now())
	if left >= certificateAhead {
		return cap.Finding{}, false
	}
	f := cap.Finding{ID: "desk.certificate", Clause: "CAP 1.2 §3.3.4.1", Path: "alert", Level: cap.LevelWarning,
		Message: fmt.Sprintf("the office's signing certificate ends on %s, in %.0f days: %s", end.UTC().Format("2006-01-02 15:04 MST"), left.Hours()/24, renewal)}
	if left <= 0 {
		f.Message = fmt.Sprintf("the office's signing certificate ended on %s: %s", end.UTC().Format("2006-01-02 15:04 MST"), renewal)
	}
	return f, true
}
