// Package event knows what kinds of danger there are, and which of them a warning speaks of.
//
// It stands apart because everybody asks it: people who want to hear of floods only, the writer who chooses a siren's
// programme, pages that show an icon. There is one list of hazard classes, and one table for each list of event codes; all
// are data, in the folder data. A new code is one line there.
//
//	tables, err := event.Read()
//	found := tables.Find(&info)     // which dangers, and how we know
//	found.Name("zh")                // what to call it
//
// What always holds: an event that no table knows is said to be unknown, never guessed, so that whoever filters by hazard
// lets it through; a class is never renamed, and never changes its place in the list, for people's wishes are kept by it.
package event
