// Package desk issues, updates and cancels: it takes a CAP document, decides whether it may go out, and hands it to the
// stream exactly once as far as anybody can tell.
//
// It stands apart because the answer "accepted" is given here and nowhere else. Who may issue is decided before; who is
// told, after.
//
// # What always holds
//
//   - The answers are three: accepted (no error); refused, and nothing of it is left behind; unknown
//     (alerting.ErrUnknown), and sending the same again is safe.
//
//   - The acknowledgement of the stream is the moment of issue. A row "issuing" is written before, so that a process that
//     dies in between finds it again (Resume); nothing is issued that has no row.
//
//   - The document's bytes go out as they came in, but for the office's signature, which is put before their last end tag
//     where one is configured, and which whoever knows the published anchors has verified before anything is issued. The
//     same bytes under the same id are the same alert, however often they come, signed or not yet; other bytes, or another
//     audience, are a conflict.
//
//   - An alert is stopped once: by the Cancel or the Update that was accepted first. Cancelling again answers with that
//     same Cancel; anything else that refers to a stopped alert is refused and told what stopped it.
//
//   - Whoever acts for an administrative unit warns inside its territory, and changes or ends only what that unit, or one below
//     it, has issued. A Cancel and an all-clear are never asked where they are for.
//
//   - Of a draft every version is kept, but for what a form saves by itself: then a sitting (one author, at most 15 minutes) is
//     one version. Each save has a number of its own, by which it is compared and set; the numbers of a list have gaps. What was
//     submitted, and so what was signed or returned, is kept, and so is what its author has saved himself. Reading keeps nothing: of
//     two who look while a form saves, each may find another version. The journal notes the first save of a sitting, and, with the next act that makes a version or
//     submits it, which version the sitting has left.
//
//     Publish: nil
//     issuing ───────────────────────► issued
//     │ Publish: certainly not written       │ Publish: unknown, or the process died
//     ▼                                      ▼
//     (no row)                                issuing, published again by the next call or by Resume
package desk
