// Package dsig signs alerts and verifies the signatures of others: enveloped XML signatures (CAP 1.2 §3.3.4.1, W3C XML
// Signature 1.1) with RSA or ECDSA and SHA-256.
//
// It stands apart because it alone needs an XML tree and a canonicaliser; everything else about CAP does without. It does
// no I/O and owns no clock: the time at which certificates must be valid is handed in.
//
// XML signatures are attacked by moving what is signed away from what is read, by naming algorithms that prove nothing, and
// by naming keys that nobody trusts. So this package uses the library for canonical forms only and decides everything else
// by itself. What always holds:
//
//   - A signature is a child of the alert, has exactly one reference, and that is the whole document (URI ""). Its
//     transforms are "enveloped" and at most one canonicalisation; nothing else is run, no XSLT, no XPath, and nothing is fetched.
//   - Algorithms come from a list. SHA-1 is computed, so that old signatures can be told from broken ones, and never trusted.
//     There is no HMAC.
//   - Trust comes from anchors that the caller pins, and from nothing that the document brings along.
//   - Every signature of a document must be trusted, or none is. Authorities that sign twice (NAADS) compute each signature
//     over the alert without the others: that is tried when the plain reading fails, and removes signatures and nothing else.
//   - What Verify returns are the bytes that were hashed, with all signatures taken out. Parse those, and never the document.
//   - base64 is that of RFC 4648 §4 without surplus bits, so that nobody can change a byte and keep the signature.
//   - Sign changes no byte of the document: it puts the signature before the last end tag, and Strip takes it out again.
//
// A signature that cannot be verified is no reason to refuse an alert when reading (§3.3.4.1); whoever reads decides. It is
// one when issuing.
package dsig
