// Package wording turns one CAP info into what each channel sends: the SMS text, the push payload, the mail, the
// siren's programme.
//
// It stands apart so that everything a citizen reads or hears is decided in one place, before anything is sent, and can
// be shown to the author word for word. It knows nothing of people, queues or gateways.
//
// What always holds:
//   - The same document gives the same message, on every machine and at every time: nothing here reads a clock.
//   - A message of the exercise or test world begins and ends with that word, in the info's language, however much was
//     cut; a siren's programme is marked.
//   - The instruction is never cut from an SMS to make room for anything else (see Render).
//   - No text carries control characters, bidirectional overrides or invisible characters, and none is cut inside a
//     character as readers see it.
//
// Why not a template language for the texts: what must be kept, and what may be cut first, is a matter of safety. It
// belongs into code with tests, and only the fixed words belong into data (locales/*.json).
package wording
