// Package channels turns batches into deliveries: a Worker takes what the dispatch topics bring, claims it from the
// ledger, hands it to an Adapter at the pace the gateway allows, and records what came of it.
//
// It stands apart from the adapters below it (sms, push, mail, siren), which know one gateway protocol each and nothing
// of queues, and from the ledger, which knows states and nothing of sending.
package channels
