// Package report answers questions about alerts: how far one is, who was reached, what became of one person or siren,
// what would happen if a document were issued, and what became of it all afterwards.
//
// It stands apart because such answers look into several packages at once (manifest, receipts, audience, wording) and
// must never change anything in them. What always holds: it only reads, and a figure that the ledger cannot vouch for is
// left out rather than guessed.
package report
