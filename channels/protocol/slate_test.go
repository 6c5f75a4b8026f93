package protocol_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/ledger"
)

// slate is the real ledger on an in-process Redis. A memory is written on it, one real call is made, and what is then
// there is read off again. A call that was made before is remembered: the scripts know nothing but what is on the slate.
type slate struct {
	t      testing.TB
	server *embedded.Redis
	rdb    redis.UniversalClient
	ledger *ledger.Ledger
	id     alerting.AlertID
	// texts are the scripts by hash, with what a test took out of them; readyHash is that of ready.lua.
	texts     map[string]string
	readyHash string
	// door is asked right before a rebuild declares the ledger ready; may be nil.
	door func() error

	steps    map[stepCall]stepAnswer
	closes   map[memory]closeAnswer
	rebuilds map[rebuildCall]rebuildAnswer
	looks    map[memory]ledger.Held
}

// cut takes a piece out of a script, or puts another in its place.
type cut struct{ file, from, to string }

const page, place = 0, 0

// errHere ends a rebuild at the step that was asked for.
var errHere = errors.New("as far as this")

func newSlate(t testing.TB, cuts ...cut) *slate {
	s := &slate{t: t, server: servertest.RedisServer(t, embedded.RedisConfig{Still: true}), texts: map[string]string{},
		id: alerting.NewAlertID("office@example.org", "flood", time.Unix(1, 0)), steps: map[stepCall]stepAnswer{},
		closes: map[memory]closeAnswer{}, rebuilds: map[rebuildCall]rebuildAnswer{}, looks: map[memory]ledger.Held{}}
	s.readScripts(cuts)
	server := new(ledger.Server)
	s.rdb = redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{s.server.Addr()}, OnConnect: server.OnConnect,
		MaxRetries: -1, PoolSize: 4, ReadTimeout: time.Minute}) // a busy machine is no fault of the rules
	t.Cleanup(func() { _ = s.rdb.Close() })
	s.rdb.AddHook(s)
	s.ledger = ledger.New(s.rdb, server, "")
	s.ok(s.rdb.Ping(t.Context()).Err())
	return s
}

// readScripts reads the scripts as the ledger embeds them, and makes the cuts.
func (s *slate) readScripts(cuts []cut) {
	whole, left := map[string]string{}, map[string]string{}
	for _, name := range []string{"page.lua", "step.lua", "close.lua", "ready.lua"} {
		b, err := os.ReadFile("../../alerting/ledger/lua/" + name)
		s.ok(err)
		whole[name], left[name] = string(b), string(b)
	}
	for _, c := range cuts {
		if strings.Count(left[c.file], c.from) != 1 {
			s.t.Fatalf("%s holds %d times, not once: %s", c.file, strings.Count(left[c.file], c.from), c.from)
		}
		left[c.file] = strings.Replace(left[c.file], c.from, c.to, 1)
	}
	s.texts[hashOf(whole["page.lua"]+whole["step.lua"])] = left["page.lua"] + left["step.lua"]
	s.texts[hashOf(whole["page.lua"]+whole["close.lua"])] = left["page.lua"] + left["close.lua"]
	s.readyHash = hashOf(whole["ready.lua"])
	s.texts[s.readyHash] = left["ready.lua"]
}

func hashOf(text string) string {
	h := sha1.Sum([]byte(text))
	return hex.EncodeToString(h[:])
}

// DialHook leaves dialling as it is.
func (s *slate) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook sends a script by its text, with the cuts made, and holds a rebuild before its end.
func (s *slate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := s.trim(cmd); err != nil {
			cmd.SetErr(err)
			return err
		}
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook does the same for many.
func (s *slate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if err := s.trim(cmd); err != nil {
				return err
			}
		}
		return next(ctx, cmds)
	}
}

func (s *slate) trim(cmd redis.Cmder) error {
	if cmd.Name() != "evalsha" {
		return nil
	}
	args := cmd.Args()
	hash, _ := args[1].(string)
	if hash == s.readyHash && s.door != nil {
		if err := s.door(); err != nil {
			return err
		}
	}
	text, known := s.texts[hash]
	if !known {
		s.t.Fatalf("a script that lua/ does not hold: %s", hash)
	}
	args[0], args[1] = "eval", text
	return nil
}

func (s *slate) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// stepIn is a call of a worker.
type stepIn struct {
	settled   [2]outcome
	known     alerting.Mark
	ownership bool
	wish      ledger.Kind
	claim     bool
	report    bool
}

// outcome is the end of an attempt; kind 0 means none.
type outcome struct {
	attempt uint8
	kind    ledger.Kind
}

type stepCall struct {
	m   memory
	who uint8
	in  stepIn
}

type stepAnswer struct {
	m        memory
	notReady bool
	// attempt is 0 when nothing was granted.
	attempt uint8
	held    ledger.Held
	closed  bool
	rebuilt bool
}

// step is one call of a worker.
func (s *slate) step(m memory, who uint8, in stepIn) stepAnswer {
	call := stepCall{m, who, in}
	if a, made := s.steps[call]; made {
		return a
	}
	s.write(m, "mine")
	st := ledger.Step{Alert: s.id, Channel: alerting.SMS, Page: page, Token: token(who), ByOwnership: in.ownership, Wish: in.wish}
	for _, o := range in.settled {
		if o.kind != 0 {
			st.Outcomes = append(st.Outcomes, ledger.Outcome{Place: place, Attempt: o.attempt, Kind: o.kind})
		}
	}
	if in.known != (alerting.Mark{}) {
		st.Marks = []alerting.PlaceMark{{Place: place, Mark: in.known}}
	}
	if in.wish != 0 {
		st.WishFor = []uint8{place}
	}
	if in.claim {
		st.Claim = []uint8{place}
	}
	if in.report {
		st.Report = []uint8{place}
	}
	answer, err := s.ledger.Step(s.t.Context(), st)
	a := stepAnswer{m: s.read(), notReady: errors.Is(err, ledger.ErrNotReady), closed: answer.Closed, rebuilt: answer.Rebuilt}
	if !a.notReady {
		s.ok(err)
	}
	for _, g := range answer.Granted {
		a.attempt = g.Attempt
	}
	for _, h := range answer.Report {
		a.held = h
	}
	s.steps[call] = a
	return a
}

// look is what the ledger knows of the place, whether it is ready or not.
func (s *slate) look(m memory) ledger.Held {
	m.ready = here
	h, made := s.looks[m]
	if !made {
		h = s.step(m, 0, stepIn{report: true}).held
		s.looks[m] = h
	}
	return h
}

// merge is the role ledger bringing in what the journal says.
func (s *slate) merge(m memory, j journal) stepAnswer {
	call := stepCall{m, 0, stepIn{known: j.mark, ownership: j.ownership}}
	if a, made := s.steps[call]; made {
		return a
	}
	s.write(m, "mine")
	merged, err := s.ledger.Merge(s.t.Context(), []alerting.Receipt{s.receipt(j)})
	s.ok(err)
	a := stepAnswer{m: s.read(), notReady: len(merged.NotReady) > 0}
	s.steps[call] = a
	return a
}

func (s *slate) receipt(j journal) alerting.Receipt {
	return alerting.Receipt{World: alerting.Actual, Alert: s.id, Channel: alerting.SMS, Page: page, ByOwnership: j.ownership,
		Marks: []alerting.PlaceMark{{Place: place, Mark: j.mark}}}
}

type closeAnswer struct {
	m      memory
	closed ledger.Closed
	err    error
}

// close is the fan-out closing the page.
func (s *slate) close(m memory) closeAnswer {
	if a, made := s.closes[m]; made {
		return a
	}
	s.write(m, "mine")
	var a closeAnswer
	a.closed, a.err = s.ledger.Close(s.t.Context(), s.id, alerting.SMS, page, []uint8{place})
	if a.err != nil && !errors.Is(a.err, ledger.ErrNotReady) {
		s.t.Fatal(a.err)
	}
	a.m = s.read()
	s.closes[m] = a
	return a
}
