// Package svgmap draws warnings, administrative units and sirens on the outlines of the land, as one SVG that needs no script.
//
// It stands apart because a map must be there before a script is, on paper, and where no script runs. What always holds: a
// drawing is a function of its Picture alone; it has no style attribute, no script and nothing from elsewhere, so that the
// strictest Content-Security-Policy takes it; names that people gave are escaped; and it stays below MaxBytes however much it
// shows, for what is drawn is made coarser until it does. Whatever differs by colour differs by form too: the severer, the
// thicker the line; exercises are dashed, tests dotted; each state of a siren has a sign of its own.
//
// The projection is equirectangular around the middle of what is shown: edges of CAP's polygons, which are straight between
// latitude and longitude, stay straight, and a town looks as it does on any map. Shapes that cross the antimeridian are
// drawn in one piece.
//
// A style sheet may say otherwise about the classes:
//
//	map-sea map-land map-unit
//	map-alert, with map-extreme map-severe map-moderate map-minor or map-unknown, and map-actual map-exercise or map-test
//	map-siren, with map-ready map-sounding map-failed or map-unsure
//	map-label map-scale map-north
//
// The outlines are those of world-atlas (Natural Earth at 1:50 million, public domain): some kilometres coarse, and without the
// borders of countries. The file is the one that the maps of the browser fetch (see pages/web/build).
package svgmap
