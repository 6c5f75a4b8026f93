// Package convert gives alerts other forms than XML: JSON, GeoJSON and plain text.
//
// It stands apart from package cap because none of these forms is the standard's, and from package feed because it speaks of
// alerts, not of lists that change.
//
// What always holds: JSON loses nothing, so that an alert read from it is the alert that was written; GeoJSON and text lose
// no area, no instruction and no mark that an alert is a test or an exercise.
package convert
