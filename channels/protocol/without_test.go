package protocol_test

import (
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/channels/protocol"
)

// without is one way to take a rule out, and the scene in which that does harm.
type without struct {
	rule  uint8
	name  string
	scene scene
	cuts  []cut
	off   func(w *wiring)
	// seen: it is enough that the watch sees the rule broken. No harm of its own can follow here, because the rule only
	// bounds what a counted fault already explains, or because the harm would be done within less than a unit.
	seen bool
}

func withouts() []without {
	cancelCrash := scene{most: budget{crash: 1, temporary: 1}, cancel: true}
	return []without{
		{rule: 1, name: "nothing is appended before a commit", scene: scene{most: budget{flush: 1}},
			off: func(w *wiring) {
				w.account = func([]ledger.Held, protocol.Marks) []alerting.PlaceMark { return nil }
			}},
		{rule: 2, name: "whatever is open is committed", scene: scene{most: budget{rebalance: 1}},
			off: func(w *wiring) {
				w.holding = func([]ledger.Held, protocol.Marks, protocol.Over) ([]uint8, bool) { return nil, false }
			}},
		{rule: 2, name: "what is over is dropped whoever holds it", scene: cancelCrash,
			off: func(w *wiring) {
				w.holding = func(report []ledger.Held, news protocol.Marks, over protocol.Over) ([]uint8, bool) {
					if over(place) {
						return nil, false
					}
					return protocol.Holding(report, news, over)
				}
			}},
		{rule: 3, name: "a lapsed claim is just dropped", scene: cancelCrash,
			cuts: []cut{{"page.lua", "merge(p, UNCERTAIN, claims[p][1], 0, 0)", ""}}},
		{rule: 4, name: "claims count as lost answers", scene: scene{most: budget{crash: 2}},
			cuts: []cut{{"step.lua", "s == UNCERTAIN and L < 2", "s == UNCERTAIN and math.max(H, X) < 2"}}},
		{rule: 4, name: "a lost answer that the journal told of counts again", scene: scene{most: budget{lost: 1, away: 1}},
			cuts: []cut{{"step.lua", "if own and H < attempt then L = L + 1", "if own then L = L + 1"}}},
		{rule: 4, name: "a send starts however late", scene: scene{most: budget{pause: 1}}, seen: true,
			off: func(w *wiring) { w.window = time.Hour }},
		{rule: 5, name: "a place is given up although another holds it", scene: cancelCrash,
			cuts: []cut{{"step.lua",
				"local function wish(kind, p)\n  local c = claims[p]\n  if c and running(c) then busy = busy + 1 return end\n  if c then lapse(p) end\n",
				"local function wish(kind, p)\n"}}},
		{rule: 5, name: "who was never sent to is told of the stop", scene: scene{cancel: true},
			cuts: []cut{{"close.lua", "elseif H > 0 then", "else"}}},
		{rule: 6, name: "a page is closed at once", scene: scene{most: budget{lost: 1, away: 1}, cancel: true},
			off: func(w *wiring) { w.grace = 0 }},
		{rule: 6, name: "what is under way is corrected at once", scene: scene{most: budget{lost: 1}, cancel: true},
			off: func(w *wiring) { w.landing = 0 }},
		{rule: 6, name: "the last of two messages vouches for the first", scene: scene{most: budget{crash: 1}, cancel: true}, seen: true,
			cuts: []cut{{"close.lua", "(ownership or math.max(H, X) > 1)", "ownership"}}},
		{rule: 6, name: "a refusal vouches for the message before", scene: scene{most: budget{crash: 1, rejected: 1}, cancel: true}, seen: true,
			cuts: []cut{{"close.lua", "math.max(H, X) > 1", "H > 1"}}},
		{rule: 6, name: "a send by ownership leaves no trace", scene: scene{most: budget{crash: 1, away: 1}, cancel: true, prompt: true},
			cuts: []cut{{"close.lua", "(ownership or math.max(H, X) > 1)", "math.max(H, X) > 1"}}},
		{rule: 7, name: "a rebuilt ledger says who was told", scene: scene{most: budget{crash: 1, flush: 1}, cancel: true},
			cuts: []cut{{"close.lua", "tonumber(head[3] or '0')", "0"}}},
		{rule: 7, name: "a ledger that is away has told nobody", scene: scene{most: budget{away: 1}, cancel: true},
			off: func(w *wiring) {
				w.toldOf = func(targets fanout.Bits, answer fanout.Closed, _ error) (on, later fanout.Bits) {
					return fanout.ToldOf(targets, answer, nil)
				}
			}},
		{rule: 8, name: "a rebuild does not read on", scene: scene{most: budget{away: 1, flush: 1}, cancel: true},
			off: func(w *wiring) { w.catchUp = false }},
		{rule: 8, name: "a closed page grants", scene: scene{most: budget{failover: 1}, cancel: true}, seen: true,
			cuts: []cut{{"step.lua",
				"  if told then\n    if not c and state(p) <= QUEUED then merge(p, CANCELLED, 0, 0, 0) end\n    return\n  end\n", ""}}},
		{rule: 9, name: "who is lifted is not told", scene: scene{most: budget{away: 1}, cancel: true},
			cuts: []cut{{"page.lua", "if told and h > 0 and not isTold(p) then", "if false then"}}},
		{rule: 10, name: "nobody checks the nonce", scene: scene{most: budget{flush: 2}},
			cuts: []cut{{"page.lua", "if head[2] ~= ARGV[2] then return {'lost'} end", ""},
				{"ready.lua", "if redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[2] then return 0 end", ""}}},
		{rule: 11, name: "any server's ready mark will do", scene: scene{most: budget{failover: 1}},
			cuts: []cut{{"page.lua", "elseif head[1] ~= ARGV[1] then", "elseif not head[1] then"}}},
		{rule: 12, name: "no intents", scene: scene{most: budget{away: 1, crash: 1}, cancel: true, prompt: true},
			off: func(w *wiring) {
				w.intents = func([]ledger.Grant) []alerting.PlaceMark { return nil }
			}},
		{rule: 13, name: "a new owner does not wait", scene: scene{most: budget{flush: 1, rebalance: 1}},
			off: func(w *wiring) {
				w.readableFrom = func(gained time.Time, _ time.Duration) time.Time { return gained }
			}},
		{rule: 13, name: "a new owner does not read", scene: scene{most: budget{flush: 1, rebalance: 1}},
			off: func(w *wiring) { w.readJournal = false }},
		{rule: 13, name: "a rebuilt ledger is trusted", scene: scene{most: budget{flush: 1, rebalance: 1}},
			off: func(w *wiring) {
				w.mustRead = func(ledger.Stepped, bool) bool { return false }
			}},
		{rule: 13, name: "an old owner goes on", scene: scene{most: budget{flush: 1, rebalance: 1}},
			off: func(w *wiring) {
				w.ownedUntil, w.session = func(proof time.Time) time.Time { return proof.Add(time.Hour) }, time.Hour
			}},
	}
}

// TestEachRuleIsNeeded: with a rule out, harm is done, and the watch says that it was this rule which was broken first.
func TestEachRuleIsNeeded(t *testing.T) {
	for _, row := range withouts() {
		t.Run(fmt.Sprintf("%d %s", row.rule, row.name), func(t *testing.T) {
			t.Parallel()
			rules := realRules(newSlate(t, row.cuts...))
			if row.off != nil {
				row.off(&rules)
			}
			m := &model{rules, row.scene}
			x, found := explore(m, m.first(), !row.seen)
			switch {
			case found == nil:
				t.Errorf("rule %d is out, and nothing comes of it", row.rule)
			case found.rule != row.rule:
				t.Errorf("rule %d is out, but: %s", row.rule, found)
			}
			t.Logf("after %d states: %s", len(x.states), found)
		})
	}
}
