package report

import (
	"time"

	"tocsin/alerting"
	"tocsin/alerting/stream"
)

// Letter is a dead letter as operators see it: a record that was set aside, and whether it can be put back.
type Letter struct {
	// Name is topic/partition/offset of the record; it names the letter.
	Name      string         `json:"name"`
	World     alerting.World `json:"world"`
	Topic     string         `json:"topic"`
	Partition int            `json:"partition"`
	Offset    int64          `json:"offset"`
	// At is when it was set aside, Reason why.
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	// State is open, redriven, or why it cannot be put back.
	State string `json:"state"`
	// Readable is false for a record that its consumer could not read either; Problem then says why.
	Readable bool   `json:"readable"`
	Problem  string `json:"problem,omitempty"`
	// Kind is issued, dispatch, retry or receipts.
	Kind     string           `json:"kind,omitempty"`
	Channel  alerting.Channel `json:"channel,omitempty"`
	Lane     alerting.Lane    `json:"lane,omitempty"`
	Bytes    int              `json:"bytes"`
	Redriven *time.Time       `json:"redriven,omitempty"`
	// Contents is what a readable record holds.
	Contents *Contents `json:"contents,omitempty"`
}

// Contents is what a dead letter's record holds, without its addresses.
type Contents struct {
	Alert   alerting.AlertID `json:"alert"`
	Page    uint32           `json:"page"`
	Places  int              `json:"places"`
	Gateway string           `json:"gateway,omitempty"`
	Expires *time.Time       `json:"expires,omitempty"`
	Tries   uint8            `json:"tries"`
	// Texts are given for a single letter only.
	Texts []LetterText `json:"texts,omitempty"`
}

// LetterText is one of the texts of a batch.
type LetterText struct {
	Language string `json:"language"`
	Subject  string `json:"subject,omitempty"`
	Body     string `json:"body"`
}

// LetterOf is an examined dead letter as operators see it.
func LetterOf(e *stream.Examined) Letter {
	l := Letter{Name: e.Name().String(), World: e.World, Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, At: e.At,
		Reason: e.Reason, State: string(e.State), Readable: e.Unreadable == "", Problem: e.Unreadable, Kind: e.Kind,
		Channel: e.Channel, Lane: e.Lane, Bytes: e.Size, Redriven: moment(e.Redriven)}
	if e.Alert.IsZero() {
		return l
	}
	l.Contents = &Contents{Alert: e.Alert, Page: e.Page, Places: e.Places, Gateway: e.Gateway, Expires: moment(e.Expires), Tries: e.Tries}
	for _, m := range e.Texts {
		l.Contents.Texts = append(l.Contents.Texts, LetterText{m.Language, m.Subject, m.Body})
	}
	return l
}

// moment is nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
