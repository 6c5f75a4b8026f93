// Package cap is the Common Alerting Protocol as Go: the model of an alert, a strict decoder, a stable writer, the
// rules of the standard and the geometry of its areas.
//
// It stands apart so that anything which reads or writes warnings can use it alone: it needs the standard library and
// golang/geo, does no I/O and owns no clock. Section numbers (§) in its comments are those of CAP-v1.2-os, the OASIS
// standard of 1 July 2010.
//
// What always holds: a document that Parse accepts means one thing only (no doubled element, no foreign namespace, no
// second root), and Write's output is accepted by Parse and gives the same alert again, byte for byte on every run.
package cap
