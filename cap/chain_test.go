package cap

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var chainStart = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func chainHour(hours float64) time.Time {
	return chainStart.Add(time.Duration(hours * float64(time.Hour)))
}

// chainMessage makes one that is sent so many hours after the start and valid for a day. refs are identifiers, all sent at the
// hour that stands behind the @.
func chainMessage(kind MsgType, name string, hour float64, refs ...string) *Alert {
	a := &Alert{Sender: "office", Identifier: name, Sent: chainHour(hour), Status: StatusActual, MsgType: kind, Scope: ScopePublic}
	for _, ref := range refs {
		id, at, _ := strings.Cut(ref, "@")
		var h float64
		if _, err := fmt.Sscan(at, &h); err != nil {
			panic(err)
		}
		a.References = append(a.References, Reference{"office", id, chainHour(h)})
	}
	if kind == MsgAlert || kind == MsgUpdate {
		a.Infos = []Info{{Event: "Flood", Expires: chainHour(hour + 24)}}
	}
	return a
}

func changed(a *Alert, change func(*Alert)) *Alert {
	change(a)
	return a
}

// told is the standings on a line each: name, state, what ended it, findings.
func toldStandings(all []Standing) string {
	var out []string
	for _, s := range all {
		line := s.Alert.Identifier + " " + string(s.State)
		for _, by := range s.By {
			line += " by " + by.Identifier
		}
		for _, f := range s.Findings {
			line += " " + f.ID
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func TestChain(t *testing.T) {
	for _, row := range []struct {
		name   string
		alerts []*Alert
		at     float64
		want   string
	}{
		{"one", []*Alert{chainMessage(MsgAlert, "a", 0)}, 1, "a active"},
		{"expired", []*Alert{chainMessage(MsgAlert, "a", 0)}, 24, "a expired"},
		{"one info holds on", []*Alert{changed(chainMessage(MsgAlert, "a", 0), func(a *Alert) { a.Infos = append(a.Infos, Info{Expires: chainHour(30)}) })}, 25, "a active"},
		{"no expires, no end", []*Alert{changed(chainMessage(MsgAlert, "a", 0), func(a *Alert) { a.Infos[0].Expires = time.Time{} })}, 9999, "a active"},
		{"not yet effective", []*Alert{changed(chainMessage(MsgAlert, "a", 0), func(a *Alert) { a.Infos[0].Effective = chainHour(5) })}, 1, "a pending"},
		{"not yet sent", []*Alert{chainMessage(MsgAlert, "a", 2)}, 1, "a pending"},
		{"updated", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgUpdate, "u", 1, "a@0")}, 2, "a updated by u; u active"},
		{"an update that is not yet effective", []*Alert{chainMessage(MsgAlert, "a", 0),
			changed(chainMessage(MsgUpdate, "u", 1, "a@0"), func(a *Alert) { a.Infos[0].Effective = chainHour(5) })}, 2, "a active by u; u pending"},
		{"cancelled", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgCancel, "c", 1, "a@0")}, 2, "a cancelled by c; c notice"},
		{"cancelled beats expired", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgCancel, "c", 1, "a@0")}, 99, "a cancelled by c; c notice"},
		{"a chain that lists all", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgUpdate, "u", 1, "a@0"), chainMessage(MsgCancel, "c", 2, "a@0", "u@1")}, 3,
			"a cancelled by u by c; u cancelled by c; c notice"},
		{"a chain that lists the last", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgUpdate, "u", 1, "a@0"), chainMessage(MsgCancel, "c", 2, "u@1")}, 3,
			"a updated by u; u cancelled by c; c notice"},
		{"a cancel of a part", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgUpdate, "u", 1, "a@0"), chainMessage(MsgCancel, "c", 2, "a@0")}, 3,
			"a cancelled by u by c chain.partial; u active; c notice"},
		{"two updates", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgUpdate, "u", 1, "a@0"), chainMessage(MsgUpdate, "v", 2, "a@0")}, 3,
			"a updated by u by v chain.fork; u active; v active"},
		{"two updates, joined again", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgUpdate, "u", 1, "a@0"), chainMessage(MsgUpdate, "v", 2, "a@0"),
			chainMessage(MsgUpdate, "w", 3, "u@1", "v@2")}, 4, "a updated by u by v; u updated by w; v updated by w; w active"},
		{"two cancels", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgCancel, "c", 1, "a@0"), chainMessage(MsgCancel, "d", 2, "a@0")}, 3,
			"a cancelled by c by d; c notice; d notice"},
		{"unknown", []*Alert{chainMessage(MsgUpdate, "u", 1, "a@0")}, 2, "u active chain.unknown"},
		{"the same reference twice", []*Alert{chainMessage(MsgUpdate, "u", 1, "a@0", "a@0")}, 2, "u active chain.unknown"},
		{"another time is another message", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgCancel, "c", 1, "a@0.5")}, 2, "a active; c notice chain.unknown"},
		{"itself", []*Alert{chainMessage(MsgUpdate, "u", 1, "u@1")}, 2, "u active chain.loop"},
		{"a circle", []*Alert{chainMessage(MsgUpdate, "u", 1, "v@2"), chainMessage(MsgUpdate, "v", 2, "u@1")}, 3,
			"u active chain.postdated chain.loop; v active chain.loop"},
		{"out of a circle", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgUpdate, "u", 1, "v@2", "a@0"), chainMessage(MsgUpdate, "v", 2, "u@1"), chainMessage(MsgCancel, "c", 3, "u@1")}, 4,
			"a updated by u; u cancelled by c chain.postdated chain.loop; v active chain.loop; c notice"},
		{"a cancel of a cancel", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgCancel, "c", 1, "a@0"), chainMessage(MsgCancel, "d", 2, "c@1")}, 3,
			"a cancelled by c; c notice; d notice chain.cancelled"},
		{"a test ends nothing real", []*Alert{chainMessage(MsgAlert, "a", 0), changed(chainMessage(MsgCancel, "c", 1, "a@0"), func(a *Alert) { a.Status = StatusTest })}, 2,
			"a active; c notice chain.status"},
		{"a stranger", []*Alert{chainMessage(MsgAlert, "a", 0), changed(chainMessage(MsgCancel, "c", 1, "a@0"), func(a *Alert) { a.Sender = "stranger" })}, 2,
			"a cancelled by c; c notice chain.sender"},
		{"an Ack and an Error end nothing", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgAck, "k", 1, "a@0"), chainMessage(MsgError, "e", 2, "a@0")}, 3,
			"a active; k notice; e notice"},
		{"twice the same is once", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgAlert, "a", 0)}, 1, "a active"},
		{"the same name for other contents", []*Alert{chainMessage(MsgAlert, "a", 0), changed(chainMessage(MsgAlert, "a", 0), func(a *Alert) { a.Note = "other" })}, 1,
			"a active chain.conflict; a active chain.conflict"},
		{"a cancel in conflict ends what both say", []*Alert{chainMessage(MsgAlert, "a", 0), chainMessage(MsgAlert, "b", 0.5), chainMessage(MsgCancel, "c", 1, "a@0"),
			chainMessage(MsgCancel, "c", 1, "b@0.5", "a@0")}, 2, "a cancelled by c by c; b active; c notice chain.conflict; c notice chain.conflict"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := toldStandings(Chain(row.alerts, chainHour(row.at))); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			backwards := slices.Clone(row.alerts)
			slices.Reverse(backwards)
			if got := toldStandings(Chain(backwards, chainHour(row.at))); got != row.want {
				t.Errorf("backwards %s\nwant      %s", got, row.want)
			}
		})
	}
}

// drawMessages makes messages that reference each other at random: also later ones, themselves and none that is there.
func drawMessages(r *rapid.T) []*Alert {
	n := rapid.IntRange(0, 9).Draw(r, "messages")
	name := func(i int) (string, float64) { return string(rune('a' + i%8)), float64(i % 4) }
	var all []*Alert
	for range n {
		id, hour := name(rapid.IntRange(0, 31).Draw(r, "name"))
		kind := rapid.SampledFrom([]MsgType{MsgAlert, MsgUpdate, MsgUpdate, MsgCancel, MsgAck}).Draw(r, "kind")
		var refs []string
		for range rapid.IntRange(0, 3).Draw(r, "references") {
			to, at := name(rapid.IntRange(0, 31).Draw(r, "to"))
			refs = append(refs, fmt.Sprintf("%s@%v", to, at))
		}
		a := chainMessage(kind, id, hour, refs...)
		a.Status = rapid.SampledFrom([]Status{StatusActual, StatusActual, StatusActual, StatusTest}).Draw(r, "status")
		all = append(all, a)
	}
	return all
}

// TestChainDependsOnNoOrder: any order, and messages that come twice, give the same answer.
func TestChainDependsOnNoOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := drawMessages(r)
		now := chainHour(rapid.Float64Range(-1, 30).Draw(r, "now"))
		want := Chain(all, now)
		other := rapid.Permutation(all).Draw(r, "order")
		if len(all) > 0 {
			twice := *rapid.SampledFrom(all).Draw(r, "twice")
			other = append(slices.Clone(other), &twice)
		}
		if got := Chain(other, now); !reflect.DeepEqual(got, want) {
			r.Fatalf("got  %s\nwant %s", toldStandings(got), toldStandings(want))
		}
	})
}

// TestChainEndsNothingWithoutReason: what is ended was referenced by an Update or a Cancel of the same status, and nothing
// ends what ends it.
func TestChainEndsNothingWithoutReason(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := Chain(drawMessages(r), chainHour(rapid.Float64Range(-1, 30).Draw(r, "now")))
		ends := map[*Alert][]*Alert{}
		for _, s := range all {
			for _, by := range s.By {
				ends[by] = append(ends[by], s.Alert)
				referenced := slices.ContainsFunc(by.References, func(ref Reference) bool { return identityOfReference(ref) == identityOf(s.Alert) })
				if !referenced || by.Status != s.Alert.Status || by.MsgType != MsgUpdate && by.MsgType != MsgCancel {
					r.Fatalf("%s is ended without reason: %s", s.Alert.Identifier, toldStandings(all))
				}
			}
			ended := s.State == StateCancelled || s.State == StateUpdated
			if ended && len(s.By) == 0 {
				r.Fatalf("nothing ended %s: %s", s.Alert.Identifier, toldStandings(all))
			}
		}
		var down func(a *Alert, depth int)
		down = func(a *Alert, depth int) {
			if depth > len(all) {
				r.Fatalf("a circle ends itself: %s", toldStandings(all))
			}
			for _, next := range ends[a] {
				down(next, depth+1)
			}
		}
		for a := range ends {
			down(a, 0)
		}
	})
}

// TestChainIsQuick: long chains and crowds take no time to speak of.
func TestChainIsQuick(t *testing.T) {
	long := []*Alert{chainMessage(MsgAlert, "m0", 0)}
	for i := 1; i < 20_000; i++ {
		long = append(long, chainMessage(MsgUpdate, fmt.Sprintf("m%d", i), 0, fmt.Sprintf("m%d@0", i-1)))
	}
	crowd := []*Alert{chainMessage(MsgAlert, "a", 0)}
	for i := range 2000 {
		crowd = append(crowd, chainMessage(MsgUpdate, fmt.Sprintf("u%d", i), 1, "a@0"))
	}
	for name, all := range map[string][]*Alert{"long": long, "crowd": crowd} {
		began := time.Now()
		got := Chain(all, chainHour(2))
		if len(got) != len(all) {
			t.Errorf("%s: %d of %d", name, len(got), len(all))
		}
		took := time.Since(began)
		t.Logf("%s: %d messages took %v", name, len(all), took)
		if took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
