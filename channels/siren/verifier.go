package siren

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"tocsin/alerting"
)

// Reason is why a siren refused a command or failed at it: a short word, part of the protocol.
type Reason string

// The reasons that Verifier gives.
const (
	Malformed    Reason = "malformed"
	UnknownKey   Reason = "unknown-key"
	BadSignature Reason = "bad-signature"
	WrongSiren   Reason = "wrong-siren"
	TooLong      Reason = "too-long"
	NotYet       Reason = "not-yet"
	TooLate      Reason = "expired"
	Starting     Reason = "starting"
	Replayed     Reason = "replayed"
	Ended        Reason = "ended"
	NotStored    Reason = "not-stored"
)

// The reasons that the machine behind the verifier adds.
const (
	// UnknownProgramme: the device has no such programme.
	UnknownProgramme Reason = "unknown-programme"
	// InUse: sounding for an alert of higher priority.
	InUse Reason = "busy"
	// Fault: amplifier, motor or power.
	Fault Reason = "fault"
)

// Refusal is the verifier's no.
type Refusal struct {
	Reason Reason
	// Last is the last counter taken from the key; set with Replayed.
	Last uint64
}

// Error is the reason.
func (r *Refusal) Error() string { return "siren command refused: " + string(r.Reason) }

// Memory is what a device must keep over a restart.
type Memory struct {
	// Counters holds the last counter taken from each key.
	Counters map[string]uint64 `json:"counters,omitempty"`
	// Ended are alerts that a stop ended, the latest last; at most 64 are kept.
	Ended []alerting.AlertID `json:"ended,omitempty"`
}

// maxEnded bounds Memory.Ended; a command lives 60 s, so it need only outlast the stops of a minute.
const maxEnded = 64

// VerifierConfig says who the device is and whom it obeys.
type VerifierConfig struct {
	Siren  string
	Groups []string
	// Keys are the public keys of the controllers, by name. Keep two during a change of keys.
	Keys map[string]ed25519.PublicKey
	// MaxSeconds is the device's own cap on a run; 0 means 180.
	MaxSeconds int
	// Skew is how far the controllers' clocks may differ; 0 means 5 s.
	Skew time.Duration
	// Memory is what was kept; its zero value means that the device starts without memory.
	Memory Memory
	// Save puts the memory on lasting storage. An activation whose counter cannot be saved is refused; a stop is
	// obeyed all the same. Nil keeps nothing, which is right for devices that start without memory every time.
	Save func(Memory) error
}

// Verifier is the side of the device: it decides whether a command may be obeyed. Safe for concurrent use.
type Verifier struct {
	cfg     VerifierConfig
	now     func() time.Time
	started time.Time
	cold    bool
	mu      sync.Mutex
	memory  Memory
}

// NewVerifier starts a verifier; the call counts as the start of the device.
func NewVerifier(cfg VerifierConfig, now func() time.Time) *Verifier {
	if cfg.MaxSeconds <= 0 {
		cfg.MaxSeconds = DefaultMaxSeconds
	}
	if cfg.Skew <= 0 {
		cfg.Skew = 5 * time.Second
	}
	v := &Verifier{cfg: cfg, now: now, started: now(), cold: len(cfg.Memory.Counters) == 0}
	v.memory = Memory{Counters: maps.Clone(cfg.Memory.Counters), Ended: slices.Clone(cfg.Memory.Ended)}
	if v.memory.Counters == nil {
		v.memory.Counters = map[string]uint64{}
	}
	return v
}

// Memory is a copy of what the device must keep.
func (v *Verifier) Memory() Memory {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.copyMemory()
}

// trust adds a controller's key.
func (v *Verifier) trust(name string, key ed25519.PublicKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keys := maps.Clone(v.cfg.Keys)
	if keys == nil {
		keys = map[string]ed25519.PublicKey{}
	}
	keys[name] = key
	v.cfg.Keys = keys
}

func (v *Verifier) keys() map[string]ed25519.PublicKey {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cfg.Keys
}

func (v *Verifier) copyMemory() Memory {
	return Memory{Counters: maps.Clone(v.memory.Counters), Ended: slices.Clone(v.memory.Ended)}
}

// Check opens an envelope and decides. The error is always a *Refusal; the command is returned with it as far as it
// was authentic, so that the refusal can name the nonce. With a nil error the command must be obeyed, and its counter
// is used up.
func (v *Verifier) Check(envelope []byte) (Command, error) {
	payload, keyID, err := openEnvelope(envelope, v.keys())
	switch {
	case errors.Is(err, errUnknownKey):
		return Command{}, &Refusal{Reason: UnknownKey}
	case errors.Is(err, errBadSignature):
		return Command{}, &Refusal{Reason: BadSignature}
	case err != nil:
		return Command{}, &Refusal{Reason: Malformed}
	}
	var c Command
	if strictJSON(payload, &c) != nil || c.Version != CommandVersion {
		return Command{}, &Refusal{Reason: Malformed}
	}
	if reason := v.form(&c); reason != "" {
		return c, &Refusal{Reason: reason}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if c.Action == Halt {
		return c, v.checkStop(&c, keyID)
	}
	return c, v.checkStart(&c, keyID)
}

// form checks what needs neither clock nor memory.
func (v *Verifier) form(c *Command) Reason {
	toMe := c.Siren == v.cfg.Siren && c.Group == "" && c.Siren != ""
	toGroup := c.Siren == "" && c.Group != "" && slices.Contains(v.cfg.Groups, c.Group)
	if !toMe && !toGroup {
		return WrongSiren
	}
	if nonce, err := hex.DecodeString(c.Nonce); err != nil || len(nonce) != 16 {
		return Malformed
	}
	if c.Counter == 0 || c.Counter >= 1<<53 || len(c.Ends) > MaxEnds {
		return Malformed
	}
	switch c.Action {
	case Activate:
		if c.Programme == "" || c.MaxSeconds <= 0 || len(c.Ends) > 0 {
			return Malformed
		}
		if c.MaxSeconds > v.cfg.MaxSeconds {
			return TooLong
		}
	case SilentTest:
		if len(c.Ends) > 0 {
			return Malformed
		}
	case Halt:
	default:
		return Malformed
	}
	return ""
}

// checkStart applies the rules of time, memory and counter to what would make a noise.
func (v *Verifier) checkStart(c *Command, keyID string) error {
	now := v.now()
	from, until := time.UnixMilli(c.NotBefore), time.UnixMilli(c.Expires)
	switch {
	case until.Sub(from) > MaxValidity || !until.After(from):
		return &Refusal{Reason: Malformed}
	case from.After(now.Add(v.cfg.Skew)), counterTime(c.Counter).After(now.Add(v.cfg.Skew)):
		return &Refusal{Reason: NotYet}
	case !now.Before(until):
		return &Refusal{Reason: TooLate}
	case v.cold && !from.After(v.started.Add(v.cfg.Skew)):
		// Issued before this start, as far as the clocks can tell: its counter may have been used up before.
		return &Refusal{Reason: Starting}
	case slices.Contains(v.memory.Ended, c.Alert):
		return &Refusal{Reason: Ended}
	}
	last := v.memory.Counters[keyID]
	if c.Counter <= last {
		return &Refusal{Reason: Replayed, Last: last}
	}
	v.memory.Counters[keyID] = c.Counter
	if err := v.save(); err != nil {
		// The counter stays used up in memory: refusing twice is safe, obeying twice is not.
		return &Refusal{Reason: NotStored}
	}
	return nil
}

// checkStop refuses only a stop of everything that is provably a replay; see the package comment.
func (v *Verifier) checkStop(c *Command, keyID string) error {
	now, last := v.now(), v.memory.Counters[keyID]
	fresh := c.Counter > last
	if len(c.Ends) == 0 && !fresh && !now.Before(time.UnixMilli(c.Expires)) {
		return &Refusal{Reason: Replayed, Last: last}
	}
	// A counter from the future is obeyed here but not remembered: it would shut out every start until then.
	if fresh && !counterTime(c.Counter).After(now.Add(v.cfg.Skew)) {
		v.memory.Counters[keyID] = c.Counter
	}
	for _, id := range c.Ends {
		if !slices.Contains(v.memory.Ended, id) {
			v.memory.Ended = append(v.memory.Ended, id)
		}
	}
	if over := len(v.memory.Ended) - maxEnded; over > 0 {
		v.memory.Ended = slices.Delete(v.memory.Ended, 0, over)
	}
	_ = v.save() // Silence does not wait for a disk.
	return nil
}

func (v *Verifier) save() error {
	if v.cfg.Save == nil {
		return nil
	}
	return v.cfg.Save(v.copyMemory())
}
