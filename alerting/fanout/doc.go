// Package fanout turns each issued alert into pages and batches: who is told, on which channel, in which lane. It owns
// the tables expansions, manifest, tombstones and corrections, closes what a later message stops, and tells again.
//
// It stands apart because it is the only writer of the manifest, the list of who was to be told what; everything after
// it (workers, ledger, reports) goes by that list and by no other.
//
// # The way of an expansion
//
//	Alert              scanning ──────────────► done
//	Update  waiting ─► closing ─► scanning ─► later ─► done
//	Cancel  waiting ─► closing ─────────────► later ─► done
//	an Alert or Update that would reach far more than was approved is held, between closing and scanning, until an officer lets it go
//	an Update issued ahead of its time stays ahead, until it is effective; then waiting
//	any of them, once a later message references it ─► stopped
//
// Ahead: what the update replaces stays in force, and ends with it should it be stopped before.
// Waiting lasts until every worker knows of the stop or pauses, or until an alert is effective. Closing goes through the manifests of what is stopped,
// page by page, and tells everybody who was told. Later holds back what may only go out once a send of the stopped alert
// can no longer land.
//
// # What always holds
//
//   - A page is written and the expansion moved on in one transaction, by compare-and-set on epoch, state, cursor and
//     page, and only while no tombstone names the alert. Of two expanders one loses and stops; whoever takes an expansion
//     over first gives it a new epoch, so its predecessor cannot win again.
//   - Batches are made from written pages only. A page that is not marked as produced is produced again after a crash,
//     from its row, and never scanned again: a citizen stands in the manifest once per channel, however often anything
//     is killed. (The exception is a send that came to light late: he is told again on a page of its own.)
//   - Batches that were lost on Kafka are produced again from the manifest (Reopen); claims keep them from being sent twice.
//   - An alert that the ledger delivered and SQL does not know, because SQL was restored from an older copy, is entered and
//     never expanded again.
//   - Nothing is produced of an alert that a tombstone names, whether the stop came before the alert or after.
//   - Close is asked only after all workers must know of the stop. Who was plainly handed the old message is told at
//     once; who may still get it is told when that can no longer happen (Batch.NotBefore, and no dispatch before it).
//   - When the ledger is away or was rebuilt it cannot say who was told, so the whole page counts as told, later.
//   - A stop holds within its world: an exercise never touches an actual alert.
//
// # The three groups of an update
//
// Who was told of what it replaces and is inside hears the update; who is inside and was not told hears it as an alert, in full;
// who was told and is inside no longer hears, on the channels on which he was told, that the warning no longer applies to him, and
// hears it once, however many updates follow. Groups counts them. An all-clear scans nothing: everybody who was told hears it.
//
// # Sirens
//
// A siren that was sounding is stopped at once, and again after the wait when its activation may still have been under
// way: stopping is always safe. The second time stands on a page of its own, because a place is handed over only once.
// A siren inside the area of an update gets the update's programme instead, and only once.
//
// # Why not
//
// Why not one page per page that was closed: a stop that comes early would leave thousands of pages of a few people. Why
// not scan first and close later for an update: whoever is in both would get the new message before the old one is
// known to be out of the way.
package fanout
