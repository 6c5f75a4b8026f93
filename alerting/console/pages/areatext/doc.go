// Package areatext reads and writes the area of a warning as lines of text, which is how the field of a page holds it:
//
//	polygon 38.47,-120.14 38.34,-119.95 38.52,-119.74 38.47,-120.14
//	circle 32.9525,-115.5527 2.5
//	unit SAME=006109
//
// A polygon is written as CAP writes it, latitude first, its first corner again at the end; a circle has its radius in
// kilometres (CAP 1.2 §3.2.4). A unit is a geocode, NAME=VALUE. What people paste is understood too: WKT (POLYGON,
// MULTIPOLYGON) and GeoJSON (RFC 7946), both longitude first, and bare lists of coordinates, in decimals or in degrees, minutes
// and seconds, with N, S, E, W or 北纬, 南纬, 东经, 西经 before or behind them. A ring that is left open is closed.
//
// It stands apart because the text is the truth for those who draw on a map and for those who do not: both write these
// lines. What always holds: every fault names its line and what to do, in English and in Chinese; nothing is left out without a
// fault; what Read gives without faults, Write writes so that Read gives the same again, and package cap takes it. Whether
// polygons cross themselves is not asked here: the findings of the draft say it (cap.Check).
//
// Why a bare list begins with latitude: CAP and the maps that people copy from do. Where every first number is more than 90
// it can only be a longitude, and is read so; what could be both is never guessed.
package areatext
