package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"tocsin/alerting"
	"tocsin/cap"
)

// The form of an issued record: a version byte, then the envelope in JSON. The document stays byte for byte.
const envelopeVersion = 1

func encodeEnvelope(e *alerting.Envelope) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("envelope: %w: %w", alerting.ErrInvalid, err)
	}
	out := append([]byte{envelopeVersion}, body...)
	if len(out) > maxRecord {
		return nil, fmt.Errorf("envelope: %w: %d bytes are more than a record may have (%d)", alerting.ErrInvalid,
			len(out), maxRecord)
	}
	return out, nil
}

// decodeEnvelope reads an envelope strictly: unknown fields, a second value and anything malformed are
// alerting.ErrInvalid.
func decodeEnvelope(record []byte) (*alerting.Envelope, error) {
	bad := func(format string, args ...any) (*alerting.Envelope, error) {
		return nil, fmt.Errorf("envelope: %w: %s", alerting.ErrInvalid, fmt.Sprintf(format, args...))
	}
	if len(record) == 0 || len(record) > maxRecord {
		return bad("%d bytes", len(record))
	}
	if record[0] != envelopeVersion {
		return bad("version %d is not known", record[0])
	}
	d := json.NewDecoder(bytes.NewReader(record[1:]))
	d.DisallowUnknownFields()
	e := &alerting.Envelope{}
	if err := d.Decode(e); err != nil {
		return bad("%v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return bad("bytes after its end")
	}
	return e, nil
}

// understand parses an envelope's document and works out what follows from both. It refuses (alerting.ErrInvalid) a
// document that does not match its digest, does not parse, belongs to another world, or that not everybody approved who must.
func (s *Stream) understand(e *alerting.Envelope) (*alerting.Issued, error) {
	bad := func(format string, args ...any) (*alerting.Issued, error) {
		return nil, fmt.Errorf("envelope: %w: %s", alerting.ErrInvalid, fmt.Sprintf(format, args...))
	}
	if sha256.Sum256(e.Document) != e.Digest {
		return bad("the document does not match its digest")
	}
	if e.Issued.IsZero() || e.Issued.UnixMilli() > maxMillis {
		return bad("no moment of issue")
	}
	for _, c := range e.Channels {
		if !slices.Contains(alerting.Channels(), c) {
			return bad("channel %q", c)
		}
	}
	alert, err := s.parts.Parse(e.Document)
	if err != nil {
		return bad("the document does not parse: %v", err)
	}
	world, err := alerting.WorldOf(alert.Status)
	if err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	if world != e.World {
		return bad("a document of world %s in an envelope of world %s", world, e.World)
	}
	if e.Window != nil && world != alerting.Test {
		return bad("a public-test window around a document of world %s", world)
	}
	issued := &alerting.Issued{ID: alerting.IDOf(alert), Envelope: *e, Alert: alert, Lane: alerting.LaneOf(alert)}
	issued.Ends, issued.Expires = alerting.Ends(alert, e.Issued, s.cfg.Lifetime)
	for _, r := range alert.References {
		issued.References = append(issued.References, alerting.IDOfReference(r))
	}
	if s.parts.Approved != nil {
		if err := s.parts.Approved(issued); err != nil {
			return bad("%v", err)
		}
	}
	return issued, nil
}

// stops says whether an alert ends those that it references (CAP 1.2 §3.2.1: Update supersedes, Cancel cancels).
func stops(a *alerting.Issued) bool {
	return a.Alert.MsgType == cap.MsgUpdate || a.Alert.MsgType == cap.MsgCancel
}
