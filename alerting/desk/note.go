package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Note records an act in the office's journal, inside the transaction that makes it true. The subject is what the act was
// done to, such as "alert/ID"; the detail is written as a JSON object.
type Note func(ctx context.Context, tx bun.IDB, by alerting.Actor, verb, subject string, detail any) error

// The acts that the desk records.
const (
	// verbEntered: an alert was taken in and is about to be issued.
	verbEntered = "alert.entered"
	// verbIssued: the stream has it.
	verbIssued = "alert.issued"
	// verbWithdrawn: the stream refused it, and it never went out.
	verbWithdrawn = "alert.withdrawn"
	// verbLapsed: it expired before it was known to be issued.
	verbLapsed = "alert.lapsed"

	// verbStopped: one person stopped an alert, and said why; nobody is told these words.
	verbStopped = "alert.stopped"
	// verbMayLapse: somebody was asked, and said that it may end as it says.
	verbMayLapse = "alert.may_lapse"

	// What becomes of a draft, in the order in which it may.
	verbDrafted = "draft.entered"
	verbAmended = "draft.amended"
	// verbSitting: a form began to save what is in it, with the version that is named. The versions that follow take its place, each
	// that of the one before, and are not noted one by one.
	verbSitting   = "draft.sitting"
	verbSubmitted = "draft.submitted"
	verbSigned    = "draft.signed"
	// verbMissed: whoever would approve did not pick the place of it, and nothing was signed.
	verbMissed      = "draft.place_missed"
	verbReturned    = "draft.returned"
	verbRejected    = "draft.rejected"
	verbTakenBack   = "draft.withdrawn"
	verbApproved    = "draft.approved"
	verbReleased    = "draft.released"
	verbDraftLapsed = "draft.lapsed"

	// Who may sign.
	verbEnrolled = "operator.enrolled"
	verbRevoked  = "key.revoked"

	// What becomes of standing authorisations, and of what goes out under them.
	verbAuthorised    = "standing.authorised"
	verbStandingEnded = "standing.withdrawn"
	verbUsed          = "standing.used"
	verbBeyond        = "standing.beyond"
	verbCountersigned = "alert.countersigned"
	// When a test may reach the public.
	verbWindow       = "window.proposed"
	verbWindowSigned = "window.signed"
	verbOpened       = "window.opened"
	verbClosed       = "window.closed"

	// What becomes of a key under a password. It is shut by the last wrong password in a row, and reopened if that was right.
	verbKeyMade  = "key.made"
	verbPassword = "key.password"
	verbShut     = "key.shut"
	verbReopened = "key.reopened"
)

// engine is the actor of what nobody ordered.
func engine() alerting.Actor { return alerting.Actor{Name: "desk", Kind: "engine"} }

// subjectOf names an alert in the journal.
func subjectOf(id string) string { return "alert/" + id }

// subjectOfDraft names a draft in the journal.
func subjectOfDraft(id string) string { return "draft/" + id }

// drafting is what the journal keeps of a version.
func drafting(v *versionRow, from *alerting.Origin) map[string]any {
	detail := map[string]any{"version": v.Version, "sha256": digestOf(v.Document)}
	if from != nil {
		detail["template"] = from.String()
	}
	return detail
}

// digestOf is the SHA-256 of a document, in hexadecimal.
func digestOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}

// entering is what the journal keeps of an alert that is taken in. Whom it names is left out: the journal is kept for ever.
type entering struct {
	Unit       string             `json:"unit,omitempty"`
	Sender     string             `json:"sender"`
	Identifier string             `json:"identifier"`
	MsgType    string             `json:"msg_type"`
	World      alerting.World     `json:"world"`
	Digest     string             `json:"sha256"`
	Channels   []alerting.Channel `json:"channels,omitempty"`
	People     int                `json:"people,omitempty"`
	Groups     []string           `json:"groups,omitempty"`
	References []alerting.AlertID `json:"references,omitempty"`
	Standing   string             `json:"standing,omitempty"`
	Template   string             `json:"template,omitempty"`
}

func enteringOf(in *alerting.Issued) entering {
	e := &in.Envelope
	return entering{Unit: e.Actor.Unit, Sender: in.Alert.Sender, Identifier: in.Alert.Identifier, MsgType: string(in.Alert.MsgType), World: e.World,
		Digest: hex.EncodeToString(e.Digest[:]), Channels: e.Channels, People: len(e.Audience.People), Groups: e.Audience.Groups,
		References: in.References, Standing: standingIn(e), Template: in.Origin.String()}
}
