// Package audience knows who is where and how they may be reached: people with their places and addresses, and sirens.
// It imports them and answers for whom an alert is.
//
// It stands apart so that all of CAP's rules about areas, severities, languages and scopes (CAP 1.2 §3.2.1 to §3.2.4) meet
// the tables in one place.
//
// What always holds:
//
//   - An address is kept sealed (see AAD) and as a keyed hash; nothing here opens one, and no error, problem or progress
//     report repeats one.
//   - One address belongs to one person: two people with the same number get one warning.
//   - A scan returns everybody whom the alert holds, each person once, in an order that depends on the tables alone; it
//     goes on from its cursor after a restart.
//   - A point inside an area is never missed: the database gives the rows of an S2 covering of the area, and of the cells
//     around it, and each row is then tested exactly.
//   - An opted-out address stays opted out, whatever is imported later.
//
// # Places
//
// A place is an S2 cell of any level: a point is a leaf cell (about a square centimetre), a village may be a coarser
// one. The column is the cell id with its top bit flipped (Key), so that signed order is the order of the ids and all
// places inside a cell are one range. A place may also be an administrative code, as CAP's geocode writes it. Each place
// has the lowest severity that its owner wants to hear of there.
//
// # Who an alert is for
//
//	scope Restricted or Private   only the people whom the officer named, wherever they are; no siren
//	areas usable                  who is in them, wants the topic and the severity; if people were named, of those only
//	nothing usable, people named  the named people
//	nothing usable, nobody named  nobody; Scan.Reason says why
//
// An area is usable when it has geometry, or a geocode that some place or table of units knows. Of several infos that
// hold a person, it is the severest, and of those the one in his language. Whoever
// wants to hear of some topics only, CAP categories or hazards of package event, is told when an info is of one of them; an
// info whose event no table knows, or whose categories nobody knows, is filtered out for nobody. Sirens go by geometry only; where there is none, the groups that the officer named sound.
//
// Where an info has several areas, whoever it holds counts in one of them, so that sums over areas add up: a place that lies in
// several counts in the first in the document's order. Somebody whom a scan finds counts at the place by which it found him;
// of somebody who is looked up, all places are looked at. A coarse cell that is only near an area may count there.
//
// Why not the severest info row by row: a person with two places may meet the milder one first. So the table is read
// once for each severity that the alert has, severest first, and who was found is skipped later.
package audience
