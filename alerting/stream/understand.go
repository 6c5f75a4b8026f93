package stream

import "tocsin/alerting"

// Understand parses an envelope that was kept elsewhere exactly as a reader of the stream would: alerting.ErrInvalid for
// a document that does not match its digest, does not parse, or belongs to another world.
func (s *Stream) Understand(e alerting.Envelope) (*alerting.Issued, error) { return s.understand(&e) }
