package approval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/cap/dsig"
)

// Act is what somebody agrees to by signing.
type Act string

// The acts.
const (
	// Author: I wrote this, and want it sent.
	Author Act = "author"
	// Approve: I read this, and it may be sent.
	Approve Act = "approve"
	// Stop: what this Cancel names must end.
	Stop Act = "stop"
	// Enrol: this key is that operator's.
	Enrol Act = "enrol"
	// Revoke: this key is nobody's any more.
	Revoke Act = "revoke"
	// Authorise: alerts within the bounds of this standing authorisation may go out before two people have signed them.
	Authorise Act = "authorise"
	// Withdraw: that standing authorisation is good for nothing any more.
	Withdraw Act = "withdraw"
	// Release: I send this now under a standing authorisation, before anybody else has signed it.
	Release Act = "release"
	// Unattended: the desk has counted this against the rate of a standing authorisation, and lets it go.
	Unattended Act = "unattended"
	// OpenWindow: in this window a test may reach the public; CloseWindow: in that one no more.
	OpenWindow  Act = "open-window"
	CloseWindow Act = "close-window"
)

// domain begins everything that is signed, so that no signature is good for anything else.
const domain = "tocsin approval 1\n"

// Statement is what a signature is over. Its fields are in the order in which they are signed.
type Statement struct {
	Act Act       `json:"act"`
	By  string    `json:"by"`
	At  time.Time `json:"at"`
	// Subject is the SHA-256 of what is agreed to, in hexadecimal: of the document before the office signed it, or of the
	// enrolment or revocation without its signatures.
	Subject string `json:"subject"`
	// World, Audience (a SHA-256), Counted and Author are those of an alert.
	World    alerting.World   `json:"world,omitempty"`
	Audience string           `json:"audience,omitempty"`
	Counted  alerting.Counted `json:"counted,omitzero"`
	Author   string           `json:"author,omitempty"`
	// Standing is the id of the standing authorisation of which the acts Release and Unattended speak.
	Standing string `json:"standing,omitempty"`
	// Window is that of a public test: the SHA-256 of the window without its signatures. A test that was approved for the
	// house alone has none, and cannot be given one afterwards.
	Window string `json:"window,omitempty"`
}

// Digest is what is signed: SHA-256 over a fixed beginning and the statement as JSON. A passkey signs it as its challenge.
func (s Statement) Digest() ([32]byte, error) {
	s.At = s.At.UTC().Truncate(time.Second)
	text, err := json.Marshal(s)
	if err != nil {
		return [32]byte{}, fmt.Errorf("statement: %w: %w", alerting.ErrInvalid, err)
	}
	return sha256.Sum256(append([]byte(domain), text...)), nil
}

// Over is the statement of an operator on an alert. Of the envelope it needs Document, World, Channels, Audience, Counted
// and Author.
func Over(e *alerting.Envelope, act Act, by string, at time.Time) (Statement, error) {
	audience, err := audienceOf(e)
	if err != nil {
		return Statement{}, err
	}
	window, err := windowOf(e.Window)
	if err != nil {
		return Statement{}, err
	}
	document := sha256.Sum256(dsig.Strip(e.Document))
	s := Statement{Act: act, By: by, At: at, Subject: hex.EncodeToString(document[:]), World: e.World, Audience: audience,
		Counted: e.Counted, Author: e.Author, Window: window}
	if e.Standing != nil && (act == Release || act == Unattended) {
		s.Standing, err = StandingID(e.Standing)
	}
	return s, err
}

// audienceOf is the digest of whom an order names; the order of names says nothing.
func audienceOf(e *alerting.Envelope) (string, error) {
	named := struct {
		Channels []alerting.Channel `json:"channels"`
		People   []string           `json:"people"`
		Groups   []string           `json:"groups"`
	}{sorted(e.Channels), sorted(e.Audience.People), sorted(e.Audience.Groups)}
	text, err := json.Marshal(named)
	if err != nil {
		return "", fmt.Errorf("audience: %w: %w", alerting.ErrInvalid, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// sorted is a list in order, each member once, and never nil.
func sorted[T ~string](list []T) []T {
	out := append([]T{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}

// enrolling is the statement of an operator on an enrolment.
func enrolling(e alerting.Enrolment, by string, at time.Time) (Statement, error) {
	e.By, e.At, e.Rights = nil, e.At.UTC().Truncate(time.Second), sorted(e.Rights)
	return about(e, Enrol, by, at)
}

// revoking is the statement of an operator on a revocation.
func revoking(r alerting.Revocation, by string, at time.Time) (Statement, error) {
	r.By, r.Enrolments, r.At = nil, nil, r.At.UTC().Truncate(time.Second)
	return about(r, Revoke, by, at)
}

func about(what any, act Act, by string, at time.Time) (Statement, error) {
	text, err := json.Marshal(what)
	if err != nil {
		return Statement{}, fmt.Errorf("statement: %w: %w", alerting.ErrInvalid, err)
	}
	sum := sha256.Sum256(text)
	return Statement{Act: act, By: by, At: at, Subject: hex.EncodeToString(sum[:])}, nil
}
