package alerting

import (
	"fmt"
	"time"

	"tocsin/cap"
)

// PageSize is the most places a page holds.
const PageSize = 256

// Envelope is the record of an issued alert. From here on the document's bytes are never re-encoded.
type Envelope struct {
	World World `json:"world"`
	// Document is the exact CAP document, Digest its SHA-256.
	Document []byte   `json:"document"`
	Digest   [32]byte `json:"digest"`
	// Author wrote the document: an operator, or the name of a token.
	Author string `json:"author,omitempty"`
	// Counted is whom the document would have reached when it was submitted: what those who approved it were shown.
	Counted Counted `json:"counted,omitzero"`
	// Approvals are signatures over document, audience, author and count (package approval); empty where the office
	// demands none. Enrolments are those by which their keys are known.
	Approvals  []Approval  `json:"approvals,omitempty"`
	Enrolments []Enrolment `json:"enrolments,omitempty"`
	// Standing is the authorisation under which it went out before two people signed it; nil for all others. Original is what
	// the partner signed, where that is not Document.
	Standing *StandingOrder `json:"standing,omitempty"`
	Original []byte         `json:"original,omitempty"`
	// Actor released it.
	Actor Actor `json:"actor"`
	// Channels limits the channels; empty means all.
	Channels []Channel `json:"channels,omitempty"`
	// Audience limits or names the audience; its zero value means "whoever the areas hold".
	Audience AudienceFilter `json:"audience,omitzero"`
	// Window is the public test that the alert belongs to, as it was signed; only in the world test, and nil for most.
	Window *TestWindow `json:"window,omitempty"`
	// Issued is when the desk handed the record to the stream, by the desk's clock.
	Issued time.Time `json:"issued"`
}

// AudienceFilter narrows the audience that the areas give, or names one where they give none.
type AudienceFilter struct {
	// People are the references (as imported) of the only people to tell; empty means no limit.
	People []string `json:"people,omitempty"`
	// Groups are the only siren groups to sound; empty means no limit.
	Groups []string `json:"groups,omitempty"`
}

// Issued is an alert as a reader of the stream knows it: the envelope, the parsed document and what follows from both.
type Issued struct {
	ID       AlertID
	Envelope Envelope
	Alert    *cap.Alert
	// Expires is when the last info ends; a missing expires was replaced by the configured lifetime.
	Expires time.Time
	// Ends are when the infos end, in their order (see Ends). Empty: they all end with the alert.
	Ends []time.Time
	Lane Lane
	// References are the alerts that this one updates or cancels.
	References []AlertID
	// Origin is the template that it came from, as far as the desk remembers it; nil everywhere else.
	Origin *Origin
}

// EndOf is when one info ends, and with it every delivery of its words; for an index of no info, when the alert does.
func (in *Issued) EndOf(info int) time.Time {
	if info >= 0 && info < len(in.Ends) && in.Ends[info].Before(in.Expires) {
		return in.Ends[info]
	}
	return in.Expires
}

// Over reports whether an info has ended: then it is for nobody any more.
func (in *Issued) Over(info int, now time.Time) bool {
	end := in.EndOf(info)
	return !end.IsZero() && !now.Before(end)
}

// Ends are when the infos of an alert end, and when the last of them does. An info without expires (CAP 1.2 §3.2.2 leaves
// it to the recipient) lives for a lifetime from the issue, and so does an alert without infos.
func Ends(a *cap.Alert, issued time.Time, lifetime time.Duration) (ends []time.Time, last time.Time) {
	for i := range a.Infos {
		end := a.Infos[i].Expires
		if end.IsZero() {
			end = issued.Add(lifetime)
		}
		ends = append(ends, end)
		if end.After(last) {
			last = end
		}
	}
	if last.IsZero() {
		last = issued.Add(lifetime)
	}
	return ends, last
}

// Effective is when all infos of an alert have taken effect; zero when none of them says when. Who may not be told before
// one of them is, must not be told before this. The desk refuses infos that would keep each other waiting.
func Effective(a *cap.Alert) time.Time {
	var last time.Time
	for i := range a.Infos {
		if from := a.Infos[i].Effective; from.After(last) {
			last = from
		}
	}
	return last
}

// Message is what one channel sends to all who share a language: rendered once per alert, channel and language.
type Message struct {
	Language string
	// Subject is the mail's subject or the push message's title; empty elsewhere.
	Subject string
	// Body is the SMS text, the push payload (JSON), the mail's plain text, or the siren's programme (JSON).
	Body string
	// HTML is the mail's second form.
	HTML string
	// Tag is equal for messages that replace each other on a screen (push Topic).
	Tag string
	// Urgency is that of RFC 8030: very-low, low, normal or high.
	Urgency string
	// Cost is the number of permits one delivery takes: SMS parts, else 1.
	Cost int
	// Expires is when the info that these words are of ends; zero means with the batch.
	Expires time.Time
}

// Target is one place of a batch: who, in which words, and where to.
type Target struct {
	// Place is the position in the page.
	Place uint8
	// Text indexes Batch.Texts.
	Text uint8
	// Address is sealed (see package seal); a siren's is its endpoint record.
	Address []byte
}

// Batch is the part of one page that one channel reaches through one gateway: one record on Kafka, sealed whole.
type Batch struct {
	World   World
	Alert   AlertID
	Digest  [32]byte
	Epoch   uint32
	Channel Channel
	Lane    Lane
	Gateway string
	Page    uint32
	// Expires is when the last of the texts does.
	Expires time.Time
	// NotBefore holds a retry or a correction back; zero means now.
	NotBefore time.Time
	// Tries counts how often these places were put off.
	Tries uint8
	Texts []Message
	To    []Target
}

// ExpiryOf is when a target's words are over: nothing is sent to it from then on.
func (b *Batch) ExpiryOf(to *Target) time.Time {
	if end := b.Texts[to.Text].Expires; !end.IsZero() && end.Before(b.Expires) {
		return end
	}
	return b.Expires
}

// String names the batch in logs and errors.
func (b *Batch) String() string {
	return fmt.Sprintf("alert %s %s/%s page %d", b.Alert, b.Channel, b.Lane, b.Page)
}

// PlaceMark is news of one place.
type PlaceMark struct {
	Place uint8
	Mark  Mark
	// Reason and Reference are the gateway's words and number; both may be empty. They hold no address.
	Reason    string
	Reference string
	// At is when it became known, in milliseconds since 1970; 0 when unknown.
	At int64
}

// Receipt is news of some places of one page: a record of the journal.
type Receipt struct {
	World   World
	Alert   AlertID
	Epoch   uint32
	Channel Channel
	Page    uint32
	// ByOwnership: some of this was sent without the ledger, by ownership of the partition. No claim stands for it, so the
	// ledger alone cannot tell whether a send of the page may still be under way.
	ByOwnership bool
	Marks       []PlaceMark
}
