// Package ledger keeps the receipts of live alerts in Redis: it grants claims, records outcomes, counts, explains,
// closes, rebuilds and seals.
//
// It stands apart because every rule about who may move a delivery from which state to which is here and nowhere
// else, in two scripts (lua/step.lua, lua/close.lua) that each move many places of one page in one atomic call.
//
// # Layout
//
// One hash per alert and channel. Field N holds page N: 256 states of four bits. Beside it stand xN (marks that four
// bits cannot tell: attempts above the first, lost answers), kN (running claims: place, attempt, token, deadline by
// Redis' own clock), cN (the page is closed; which places were told), rN (reasons and references), oN (some of the page was sent by ownership), n0…n9 (counts per
// state, kept exact by the scripts), hN (latency buckets) and first. All keys of an alert share a hash tag.
//
// # What always holds
//
//   - States move only by merging marks (see alerting.Mark), so reports may come late, doubled, reordered or forged
//     and give the same result in any order.
//   - Whoever takes over a lapsed claim first turns the place to uncertain, and giving a claim back never returns a
//     place to queued: otherwise a warning that was sent before a crash could later be called cancelled, and its
//     reader would never hear the correction.
//   - Cancelled, expired and opted out are granted only to a place without a claim, or to its claimant if it was
//     queued before the claim.
//   - A lapsed claim may always be taken again; only recorded lost answers count against "resent at most once".
//   - A closed page grants no claim, and a merge that lifts a place of a closed page that was not told is kept in the
//     list of lifted places until somebody tells him too.
//   - Nothing is answered unless the alert's ready mark names the running Redis server: a flush, a restart without
//     data or a failover makes every answer ErrNotReady until the role ledger has folded manifest and journal again.
//     A rebuild writes a nonce first, and each of its steps checks it in the same script.
package ledger
