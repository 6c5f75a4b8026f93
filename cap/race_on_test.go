//go:build race

package cap

// raceEnabled: the race detector makes everything about ten times slower, so times are not judged under it.
const raceEnabled = true
