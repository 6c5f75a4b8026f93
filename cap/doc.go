// Package cap is the Common Alerting Protocol as Go: the model of an alert, two doors to read it through, a stable
// writer, the rules of the standard and the geometry of its areas.
//
// It stands apart so that anything which reads or writes warnings can use it alone: it needs the standard library and
// golang/geo, does no I/O and owns no clock. Section numbers (§) in its comments are those of CAP-v1.2-os, the OASIS
// standard of 1 July 2010.
//
// # Which call to use
//
// Who writes alerts uses [Write]: it gives CAP 1.2 that breaks no rule, or the [Findings] that say why not. Who reads
// what he wrote himself, or judges a document, uses [Parse]: the strict door refuses whatever breaks a rule, and names all
// of it. [ParseAll] shows the warnings too, and [Inspect] the alert in spite of errors, for rules of one's own; [Merge]
// puts what those find beside the rest.
//
// Who must understand what others send uses [Read]: the tolerant door passes over the slips that authorities make, as far
// as they leave one meaning, and each of them is a [Finding]; [Tolerances] lists them. It never guesses: what may mean two
// things is an error, and empty in the alert. Trust its alert if findings.Err() is nil.
//
//	alert, findings := cap.Read(data, cap.Options{})
//	if err := findings.Err(); err != nil {
//		return err // alert, if there is one, is for people to look at
//	}
//	data, err := cap.Write(alert) // what was passed over is put right
//
// Both doors read CAP 1.2, 1.1 and 1.0, and refuse hostile documents alike: [Options] bounds what they take. [Check] runs
// the rules on an alert that was not read, and [NewRegion] answers which places its areas hold.
//
// # What always holds
//
// A document that Parse accepts means one thing only (no doubled element, no foreign namespace, no second root). Write's
// output is accepted by Parse and gives the same alert again, byte for byte on every run. So does what Read gives without
// an error. Signatures are passed over here, unread: package dsig verifies them.
package cap
