// Package console is the admin API: every handler parses a request, calls one function, and renders the answer.
//
// It stands apart so that no rule of the office lives in HTTP code, and so that pages and programs are served by the
// same calls. What always holds: nothing is answered to anybody but a token or
// a person who is logged in and may do it, except what it takes to log in; an error is a problem document
// (RFC 9457) that says what was wrong and what to do; "accepted" is only said after the stream has the alert; and under load
// reads are sent away (429) before an order is kept waiting.
package console
