package protocol_test

import (
	"strings"
	"time"

	"tocsin/channels/protocol"
)

// unit is the step of all clocks here. The waits of the real code are whole units, to the nearest; what is one after
// another there is so here (see TestUnitsKeepTheOrderOfTheRealWaits).
const unit = protocol.Window / 2

// units is a real wait in the steps of the model.
func units(d time.Duration) uint8 { return uint8(min((d+unit/2)/unit, longAgo)) }

// memory is what Redis holds of the one place, in as few values as tell two memories apart. Who holds the nonce or the
// ready mark, and whose a token is, matters; how they are spelt does not.
type memory struct {
	ready, nonce name
	rebuilt      bool
	// page is set when the page's field exists; nibble and side are what stands there.
	page   bool
	nibble uint8
	side   [4]uint8
	claim  claim
	// ownership: the page was ever sent by ownership.
	ownership bool
	closed    bool
	told      bool
	lifted    bool
}

// name is whose a ready mark or a nonce is.
type name uint8

const (
	nobodys name = iota
	// here: of the server that runs; of the rebuild that runs.
	here
	elsewhere
)

// claim is a claim: who holds it, and how many units its lease has left.
type claim struct{ attempt, holder, left uint8 }

// The holders of a claim: 1 and 2 are the workers' present runs.
const gone = 3

// token is the token of a holder.
func token(who uint8) (t [8]byte) {
	copy(t[:], [...]string{"ledger", "worker-1", "worker-2", "gone"}[who])
	return t
}

func (s *slate) key(of string) string { return "{" + s.id.String() + "}:" + of }

// mark is how Redis spells a name.
func (n name) mark(ours string) string { return [...]string{"", ours, "another"}[n] }

// write lays a memory on the slate. What the clock has moved on meanwhile is in the deadlines.
func (s *slate) write(m memory, nonce string) {
	ctx := s.t.Context()
	pipe := s.rdb.Pipeline()
	pipe.Del(ctx, s.key("meta"), s.key("sms"), s.key("lifted"), s.key("turn"))
	meta := map[string]any{"ready": m.ready.mark("in-process"), "nonce": m.nonce.mark(nonce), "rebuilt": ""}
	if m.rebuilt {
		meta["rebuilt"] = "1"
	}
	for field, value := range meta {
		if value != "" {
			pipe.HSet(ctx, s.key("meta"), field, value)
		}
	}
	set := func(field, value string) { pipe.HSet(ctx, s.key("sms"), field, value) }
	if m.page {
		set("0", string(rune(m.nibble))+strings.Repeat("\x00", 127))
	}
	if m.side != [4]uint8{} {
		set("x0", "\x00"+string(m.side[:]))
	}
	if m.claim != (claim{}) {
		who := token(m.claim.holder)
		deadline := s.server.Now().Add(time.Duration(m.claim.left) * unit).UnixMilli()
		b := append([]byte{place, m.claim.attempt}, who[:]...)
		for shift := 40; shift >= 0; shift -= 8 {
			b = append(b, byte(deadline>>shift))
		}
		set("k0", string(b))
	}
	if m.ownership {
		set("o0", "1")
	}
	if m.closed {
		told := make([]byte, 32)
		if m.told {
			told[0] = 1
		}
		set("c0", string(told))
	}
	if m.lifted {
		pipe.HSet(ctx, s.key("lifted"), s.key("sms")+"/0", "\x00")
	}
	_, err := pipe.Exec(ctx)
	s.ok(err)
}

// read takes the memory off the slate.
func (s *slate) read() memory {
	ctx := s.t.Context()
	pipe := s.rdb.Pipeline()
	metaCmd, pageCmd, liftedCmd := pipe.HGetAll(ctx, s.key("meta")), pipe.HGetAll(ctx, s.key("sms")), pipe.HLen(ctx, s.key("lifted"))
	_, err := pipe.Exec(ctx)
	s.ok(err)
	meta, fields := metaCmd.Val(), pageCmd.Val()
	m := memory{ready: nameOf(meta["ready"], "in-process"), nonce: nameOf(meta["nonce"], ""), rebuilt: meta["rebuilt"] == "1",
		ownership: fields["o0"] != "", lifted: liftedCmd.Val() > 0}
	if f := fields["0"]; f != "" {
		m.page, m.nibble = true, f[0]
	}
	if f := fields["x0"]; f != "" {
		copy(m.side[:], f[1:5])
	}
	if f := fields["k0"]; f != "" {
		var deadline int64
		for _, b := range []byte(f[10:16]) {
			deadline = deadline<<8 | int64(b)
		}
		left := max(0, time.UnixMilli(deadline).Sub(time.UnixMilli(s.server.Now().UnixMilli())))
		m.claim = claim{attempt: f[1], left: uint8((left + unit - 1) / unit)}
		for who := range uint8(gone + 1) {
			if t := token(who); string(t[:]) == f[2:10] {
				m.claim.holder = who
			}
		}
	}
	if f := fields["c0"]; f != "" {
		m.closed, m.told = true, f[0] == 1
	}
	return m
}

func nameOf(s, ours string) name {
	switch {
	case s == "":
		return nobodys
	case s == "another", ours != "" && s != ours:
		return elsewhere
	}
	return here
}
