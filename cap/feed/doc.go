// Package feed writes and reads lists of alerts: Atom 1.0 (RFC 4287) and RSS 2.0, as the WMO Alert Hub and Google Public
// Alerts take them.
//
// It stands apart because a feed is an index and not the alert: it names alerts and says where their documents are. What
// holds is the document alone, so a reader takes nothing else from a feed than links.
//
// What always holds: a feed that is written has one entry for each alert it was given, none is ever left out for its length
// or its contents; a list that is too long for one document becomes pages (RFC 5005 §3). What is read is bounded in size,
// depth and number, and declares no entities.
package feed
