// Package template keeps warnings that were written in quiet hours: one file for each hazard and severity, in every
// language of the office, with slots for what only the hour can tell (where, until when, how high, which substance).
// Filled once, a template gives a whole CAP alert, an info for each language, and says by which channels it is to go.
//
// It stands apart because it is about words only: it issues nothing, and knows nothing of people, gateways or approvals.
// What it gives goes through the same door as a document that somebody wrote by hand.
//
//	t, err := template.Parse("flood.yaml", text)      // all that is wrong with the file, with lines
//	filled, err := t.Fill(template.Request{Values: map[string]any{"place": "Riverside", "until": "18:00", …}, …})
//
// What always holds:
//   - A file with a fault is no template: every language has every text, every slot is declared and used in every
//     language, and no key is unknown.
//   - A value stays where its slot stands. It is never read as a pattern again, and cannot end a line, an element or the
//     direction of the text.
//   - What is prepared for the end of an alert is filled with it (Filled.Origin). Of what others say of a filled template only that
//     is believed which the template itself gives again (Recall).
//   - What Fill gives without an error breaks no rule of the profile. The same request with the same clock and the same
//     random bytes gives the same document.
//   - There is no clock and no source of randomness in here: both are handed in.
//
// Why not a template language: with loops and conditions a text can no longer be read, translated and approved as it
// stands, and that is what templates are for.
package template
