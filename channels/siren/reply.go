package siren

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"tocsin/alerting"
)

// ReplyVersion begins every reply.
const ReplyVersion = "tocsin-siren-reply/1"

// State is where a siren stands with a command. Before the first reply a command is merely commanded.
type State string

// The states.
const (
	// Idle: nothing sounds, and nothing was asked or what was asked is over and forgotten.
	Idle State = "idle"
	// Accepted: verified and begun, not yet audible (armed, spinning up).
	Accepted State = "accepted"
	// Sounding: audible, as measured by the device.
	Sounding State = "sounding"
	// Finished: sounded and ended, stopped as told, or passed the silent test.
	Finished State = "finished"
	// Faulty: the device tried and could not.
	Faulty State = "failed"
	// Refused: not obeyed; Reason says why.
	Refused State = "refused"
)

// Reply is what a siren says of itself.
type Reply struct {
	Version string `json:"v"`
	Siren   string `json:"siren"`
	State   State  `json:"state"`
	// Nonce is that of the command that this reply is about.
	Nonce string `json:"nonce,omitempty"`
	// Challenge repeats what a status request carried, so that an old reply cannot be passed off as a new one.
	Challenge string `json:"challenge,omitempty"`
	// Alert is what sounds or sounded last.
	Alert alerting.AlertID `json:"alert"`
	// Programme is what sounds or sounded last.
	Programme string `json:"programme,omitempty"`
	Reason    Reason `json:"reason,omitempty"`
	// Counter is the last counter taken from the key of the command; set in refusals of a counter.
	Counter uint64 `json:"counter,omitempty"`
	// At is the device's clock in milliseconds since 1970.
	At int64 `json:"at"`
}

var errReply = errors.New("reply not understood")

// readReply takes a reply apart. With a key, only an envelope signed by it is taken; without one, the signature of an
// envelope cannot be judged and is ignored.
func readReply(data []byte, siren string, key ed25519.PublicKey) (Reply, error) {
	var r Reply
	if len(data) > MaxEnvelope {
		return r, fmt.Errorf("%w: %d bytes", errReply, len(data))
	}
	payload := data
	if key != nil {
		var e Envelope
		if err := strictJSON(data, &e); err != nil {
			return r, fmt.Errorf("%w: not signed, but the siren has a key: %w", errReply, err)
		}
		opened, _, err := openEnvelope(data, map[string]ed25519.PublicKey{e.Key: key})
		if err != nil {
			return r, fmt.Errorf("%w: %w", errReply, err)
		}
		payload = opened
	} else if e := (Envelope{}); strictJSON(data, &e) == nil && len(e.Payload) > 0 {
		payload = e.Payload
	}
	// Later versions may add fields: unknown ones are left alone, but the version must be ours.
	if err := looseJSON(payload, &r); err != nil {
		return Reply{}, fmt.Errorf("%w: %w", errReply, err)
	}
	switch {
	case r.Version != ReplyVersion:
		return Reply{}, fmt.Errorf("%w: version %.40q", errReply, r.Version)
	case r.Siren != siren:
		return Reply{}, fmt.Errorf("%w: it speaks for another siren", errReply)
	}
	switch r.State {
	case Idle, Accepted, Sounding, Finished, Faulty, Refused:
		return r, nil
	}
	return Reply{}, fmt.Errorf("%w: state %.40q", errReply, string(r.State))
}
