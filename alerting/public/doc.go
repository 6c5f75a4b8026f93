// Package public is what anybody may read: the feeds of issued alerts, and their documents.
//
// It stands apart from package console, and has a listener of its own, because it asks nobody who he is: nothing can be
// changed through it, and nothing that is not for the public is ever seen by it.
//
// What always holds:
//
//   - Only alerts of scope Public are shown. An exercise never is; a test is, with its status in every title, unless the
//     configuration hides tests.
//   - Every alert that stands is shown, together with what ended it, until its own expiry. When any of them cannot be read
//     the answer is an error (503): a shorter feed would say that an alert has ended.
//   - A document is shown as it was issued, byte for byte.
//   - However many ask, the database is asked once a second.
package public
