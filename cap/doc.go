// Package cap is the Common Alerting Protocol as Go: the model of an alert, two doors to read it through, a stable
// writer, the rules of the standard, the profiles of its communities, and the geometry of its areas.
//
// # Reading and writing
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
// Both doors read CAP 1.2, 1.1 and 1.0, and refuse hostile documents alike: [Options] bounds what they take.
//
// # Checking
//
// Every rule is a value, a [Rule]: its ID, the clause it comes from, its level, what it asks, and the check. [Check] runs
// the rules of a [Profile] on an alert and returns all that they find, each with the path of the element, what is wrong
// and what to write instead. Reading a document runs them too, and adds lines; name the profile in [Options].
//
// [LevelError] is what breaks the standard or the profile, [LevelWarning] what is probably not what was meant,
// [LevelAdvice] what could be better. Advice on warnings of Extreme or Severe danger (IDs advice.…) looks at what people
// read: who warns, where, until when and what to do. It says what the text does not show, never that a text is good.
//
// [Profiles] lists the profiles; [Core] is the standard alone and the zero value. [FormRules] lists what the decoder asks
// of a document before there is an alert to check. What cannot be seen from one document, such as loops of references,
// is told by [Chain]. [Compare] says in what one alert differs from another.
//
// # Places
//
// [NewRegion] prepares areas for fast questions: who is inside, and which cells of S2 cover them. [Polygon.AreaKM2] and
// [Circle.AreaKM2] say how much of the Earth they hold.
//
// # What always holds
//
// A document that Parse accepts means one thing only (no doubled element, no foreign namespace, no second root). Write's
// output is accepted by Parse and gives the same alert again, byte for byte on every run. So does what Read gives without
// an error. Signatures are passed over here, unread: package dsig verifies them.
//
// The package stands apart so that anything which reads or writes warnings can use it alone: it needs the standard
// library and golang/geo, does no I/O and owns no clock. Section numbers (§) in its comments are those of CAP-v1.2-os, the
// OASIS standard of 1 July 2010.
package cap
