// Package protocol holds what a worker decides on the way of a batch from its claim to its commit: what forbids the
// commit, what the journal must have before it, when a send may start, and how to go on while the ledger gives no answer.
//
// It stands apart because these decisions, the scripts of package ledger and the closing of package fanout together are
// what no delivery may be lost or doubled by, and because each of them is a pure function here: no clock, no store, no
// goroutine. Its test goes through every order of sends, crashes, rebalances, lost answers, flushes, failovers, outages,
// cancels and rebuilds in the small (one place, two workers, a batch and its retries), with these functions, the real
// scripts and the real rebuild, and shows for each of thirteen rules that taking it out brings a violation back.
//
// # The thirteen rules
//
//  1. Before every commit the journal gets the merge of the ledger's page with the run's own outcomes (Account).
//  2. No commit while that merge holds a place that is open or claimed, but for those on a retry topic (Holding).
//  3. Whoever takes over a lapsed claim first turns the place to uncertain; a claim given back is never queued again.
//  4. "Resent at most once" counts recorded lost answers, not claims; a send starts only within Window of its claim.
//  5. Cancelled, expired and opted out are granted only to a place never claimed, or to its claimant if it was queued
//     before; a place that was never handed over is not told of a stop.
//  6. A page is closed only when every worker knows of the stop or pauses; what may still be under way is corrected only
//     when it can no longer land.
//  7. A ledger that was rebuilt, or that gives no answer, cannot say who was told: everybody was.
//  8. A rebuild reads the issued alerts to the end and closes what is stopped before it is ready; a closed page grants
//     no claim.
//  9. A report that lifts a closed place which was not told tells him too.
//  10. A rebuild leaves a nonce, which each of its merges and its end check.
//  11. The ready mark names the server that runs; after a failover it is void.
//  12. Without the ledger a send is in the journal as uncertain before it starts (Intents).
//  13. Without the ledger, or on a rebuilt one, a newly gained partition waits and reads the journal first (ReadableFrom,
//     MustRead), and no send starts later than the coordinator vouches for (OwnedUntil).
package protocol
