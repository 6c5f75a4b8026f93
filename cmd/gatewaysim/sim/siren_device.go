package sim

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"sync"

	"tocsin/channels/siren"
)

// signedSiren is a siren that takes signed commands: the reference device and what is logged of it.
type signedSiren struct {
	gateway, id string
	device      *siren.Device

	mu     sync.Mutex
	last   siren.Command // taken last, to tell repeats
	nonce  string
	jammed bool
	broken bool
}

// signed is the siren of that name behind a gateway, nil when there are too many or the name is none.
func (p *sirenPark) signed(s *Sim, gateway, id string) *signedSiren {
	if id == "" || len(id) > 64 {
		return nil
	}
	m := p.find(gateway, id, func() sirenMachine {
		cfg := siren.DeviceConfig{Verifier: siren.VerifierConfig{Siren: id, Keys: maps.Clone(p.cfg.Keys), MaxSeconds: 3600},
			Key: p.cfg.DeviceKey, KeyID: "gatewaysim", SpinUp: p.cfg.SpinUp}
		// It has been running for long: the first command is not refused as one from before the start.
		cfg.Verifier.Memory.Counters = map[string]uint64{"": 0}
		return &signedSiren{gateway: gateway, id: id, device: siren.NewDevice(cfg, s.Now)}
	})
	x, _ := m.(*signedSiren)
	return x
}

// obey gives a command to the device and logs what came of it before the answer goes out.
func (p *sirenPark) obey(s *Sim, x *signedSiren, envelope []byte) siren.Reply {
	c, r := x.device.Obey(envelope)
	e := Event{Channel: Siren, Gateway: x.gateway, Recipient: x.id, Detail: string(c.Action) + " " + c.Programme}
	if !c.Alert.IsZero() {
		e.Alert = c.Alert.String()
	}
	switch {
	case r.State == siren.Refused:
		e.Kind, e.Detail = Refused, string(c.Action)+" "+string(r.Reason)
	case x.repeats(c):
		e.Kind = SirenRepeat
	default:
		e.Kind = Arrive
	}
	s.Record(e)
	p.notice(s, x.view())
	return r
}

// repeats notes a command that was taken and reports whether the one before was the same.
func (x *signedSiren) repeats(c siren.Command) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	same := x.last.Action == c.Action && x.last.Alert == c.Alert && x.last.Programme == c.Programme
	x.last, x.nonce = c, c.Nonce
	return same
}

func (x *signedSiren) view() SirenView {
	r := x.device.Status("")
	x.mu.Lock()
	defer x.mu.Unlock()
	v := SirenView{Gateway: x.gateway, ID: x.id, State: string(r.State), Programme: r.Programme, Sounded: x.device.Sounded(),
		Armed: r.State == siren.Accepted, Jammed: x.jammed, Broken: x.broken}
	if !r.Alert.IsZero() {
		v.Alert = r.Alert.String()
	}
	return v
}

func (x *signedSiren) turn(c SirenSwitch) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch c.Restart {
	case "":
	case "keep":
		x.device.Restart(x.device.Memory())
		x.last = siren.Command{}
	case "forget":
		x.device.Restart(siren.Memory{})
		x.last = siren.Command{}
	default:
		return fmt.Errorf("restart %q: want keep or forget", c.Restart)
	}
	if c.Jammed != nil {
		x.jammed = *c.Jammed
		x.device.Jam(x.jammed)
	}
	if c.Broken != nil {
		x.broken = *c.Broken
		x.device.Break(x.broken)
	}
	return nil
}

func (x *signedSiren) trust(name string, key ed25519.PublicKey) { x.device.Trust(name, key) }

// refusalReply is a refusal of the simulator's own, as a fault asks for it.
func (x *signedSiren) refusalReply(reason siren.Reason) siren.Reply {
	r := x.device.Status("")
	r.State, r.Reason, r.Nonce = siren.Refused, reason, ""
	return r
}
