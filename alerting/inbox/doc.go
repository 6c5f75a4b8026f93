// Package inbox takes in the CAP documents of partners: those that are posted, and those that their Atom and RSS feeds lead to.
//
// It stands apart because what comes from outside is nobody's word until it is verified, and because the desk must not know how
// a document came. The desk stands behind two function values; the inbox owns the record of what came.
//
// What always holds: nothing is ever sent from here; the best that becomes of a document is a draft that people approve. A document
// is handed to the desk only if it is signed, every signature is trusted by the anchors pinned for its source or by the office's own, and it
// breaks no rule of the standard. Everything else waits in quarantine, byte for byte, with the reason, until a person releases
// or drops it. The same bytes again change nothing, and other bytes under the identifier, sender and sent of a document that was
// handed over never replace it. No connection leaves for an address that is not public, unless the configuration says so for a source.
package inbox
