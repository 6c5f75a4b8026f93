package siren

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"tocsin/alerting"
)

// CommandVersion begins every command. It keeps a command's signature from being taken for one of anything else.
const CommandVersion = "tocsin-siren-command/1"

// The bounds of a command.
const (
	// MaxValidity is the longest time from not_before to expires.
	MaxValidity = 60 * time.Second
	// MaxEnvelope is the largest envelope in bytes, for commands and for replies.
	MaxEnvelope = 16 << 10
	// MaxEnds is the most alerts that one stop names.
	MaxEnds = 32
)

// Action is what a siren is told to do.
type Action string

// The actions.
const (
	// Activate arms the siren and sounds the programme.
	Activate Action = "arm-activate"
	// Halt silences the siren.
	Halt Action = "stop"
	// SilentTest runs the device's self-test without sound.
	SilentTest Action = "silent-test"
)

// Command is what is signed. Exactly one of Siren and Group is set.
type Command struct {
	Version string `json:"v"`
	Siren   string `json:"siren,omitempty"`
	Group   string `json:"group,omitempty"`
	Action  Action `json:"action"`
	// Programme is the device's own name of what to sound; empty for a stop.
	Programme string `json:"programme,omitempty"`
	// MaxSeconds is when the device ends the sound by itself; set for Activate only.
	MaxSeconds int `json:"max_seconds,omitempty"`
	// Alert is the message that this command belongs to.
	Alert alerting.AlertID `json:"alert"`
	// Ends are the alerts that a stop ends; empty ends whatever sounds.
	Ends []alerting.AlertID `json:"ends,omitempty"`
	// Lane is the priority: a device sounding for a higher one may answer busy.
	Lane    alerting.Lane `json:"lane,omitempty"`
	Counter uint64        `json:"counter"`
	// NotBefore is the time of issue; NotBefore and Expires are milliseconds since 1970.
	NotBefore int64 `json:"not_before"`
	Expires   int64 `json:"expires"`
	// Nonce is 32 hexadecimal digits; replies repeat it.
	Nonce string `json:"nonce"`
}

// ends reports whether a stop ends what sounds for the alert.
func (c *Command) ends(alert alerting.AlertID) bool {
	if len(c.Ends) == 0 {
		return true
	}
	return slices.Contains(c.Ends, alert)
}

// EndsAlert reports whether the command is a stop that silences what sounds for the alert.
func (c *Command) EndsAlert(alert alerting.AlertID) bool { return c.Action == Halt && c.ends(alert) }

// Envelope carries signed bytes: payload and signature in base64 (RFC 4648 §4), and the name of the key.
type Envelope struct {
	Payload   []byte `json:"payload"`
	Key       string `json:"key"`
	Signature []byte `json:"sig"`
}

// KeyID is the name of a key where none is configured: the first eight bytes of the SHA-256 of the public key, in
// hexadecimal.
func KeyID(key ed25519.PublicKey) string {
	h := sha256.Sum256(key)
	return hex.EncodeToString(h[:8])
}

// Sign puts the JSON of a Command or a Reply into a signed envelope.
func Sign(key ed25519.PrivateKey, keyID string, v any) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("sign for a siren: %w: the key has %d bytes, want %d", alerting.ErrInvalid, len(key), ed25519.PrivateKeySize)
	}
	payload, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("sign for a siren: %w", err)
	}
	return json.Marshal(Envelope{Payload: payload, Key: keyID, Signature: ed25519.Sign(key, payload)})
}

// The ways in which an envelope fails; refusals and logs tell them apart.
var (
	errMalformed    = errors.New("malformed envelope")
	errUnknownKey   = errors.New("unknown key")
	errBadSignature = errors.New("bad signature")
)

// openEnvelope returns the payload after its signature verified under one of the keys, and the name of that key.
func openEnvelope(data []byte, keys map[string]ed25519.PublicKey) ([]byte, string, error) {
	var e Envelope
	if len(data) > MaxEnvelope {
		return nil, "", fmt.Errorf("%w: %d bytes", errMalformed, len(data))
	}
	if err := strictJSON(data, &e); err != nil {
		return nil, "", fmt.Errorf("%w: %w", errMalformed, err)
	}
	key, known := keys[e.Key]
	switch {
	case !known || len(key) != ed25519.PublicKeySize:
		return nil, "", errUnknownKey
	case len(e.Signature) != ed25519.SignatureSize || !ed25519.Verify(key, e.Payload, e.Signature):
		return nil, "", errBadSignature
	}
	return e.Payload, e.Key, nil
}

// strictJSON decodes exactly one object without unknown fields.
func strictJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return decodeOne(dec, v)
}

// looseJSON decodes exactly one object and leaves unknown fields alone.
func looseJSON(data []byte, v any) error { return decodeOne(json.NewDecoder(bytes.NewReader(data)), v) }

func decodeOne(dec *json.Decoder, v any) error {
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the object")
	}
	return nil
}
