package cap

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// State is how a message stands among others.
type State string

// The states. A message that several fit has the first of them.
const (
	// StateNotice: it warns of nothing itself (Cancel, Ack, Error).
	StateNotice State = "notice"
	// StateCancelled: a Cancel has ended it.
	StateCancelled State = "cancelled"
	// StateUpdated: an Update that is effective has taken its place.
	StateUpdated State = "updated"
	// StateExpired: all its infos are over. Without expires it never is: how long such an alert holds is the reader's policy.
	StateExpired State = "expired"
	// StatePending: none of its infos is effective yet.
	StatePending State = "pending"
	StateActive  State = "active"
)

// Standing is one message with its state.
type Standing struct {
	Alert *Alert
	State State
	// By are the messages that ended it, the oldest first; also those whose turn has yet to come.
	By []*Alert
	// Findings are what is doubtful about it among the others.
	Findings Findings
}

// Chain tells how each of some messages stands at a moment. They may come in any order, and the answer does not depend on
// it: it is sorted by sent, sender and identifier, and a message that comes several times stands there once.
//
// An Update supersedes, and a Cancel cancels, the messages that it references (§3.2.1 msgType): an Update from the time at
// which its first info is effective, a Cancel from when it was sent. What ended once never comes back. In doubt a message
// stays active, and a finding says why:
//
//	chain.conflict   two messages have the same sender, identifier and sent, and different contents (error). They end
//	                 only what both of them reference in the same way
//	chain.loop       messages reference each other in a circle (error). None in the circle ends another
//	chain.status     the messages have different status, so that a test would end what is real (error). It does not
//	chain.cancelled  a Cancel is referenced by an Update or a Cancel: it cannot be taken back (warning)
//	chain.partial    a Cancel names a message, and not the Update of it, which stays active (warning)
//	chain.fork       several Updates of the same message know nothing of each other (warning)
//	chain.unknown    a reference names no message that is here (warning)
//	chain.postdated  a message ends one that was sent later (warning)
//	chain.sender     a message ends one of another sender (warning). Whether it may is the reader's policy
//
// What it costs grows with the number of references. It keeps alerts, and changes none.
func Chain(alerts []*Alert, now time.Time) []Standing {
	c := newChain(alerts)
	for _, n := range c.nodes {
		c.link(n)
	}
	c.breakLoops()
	out := make([]Standing, len(c.nodes))
	for i, n := range c.nodes {
		n.doubts()
		out[i] = Standing{Alert: n.alert, State: n.state(now), By: n.enders(), Findings: n.findings}
	}
	return out
}

// identity is the extended identifier (§3.2.1): messages are the same if all three are.
type identity struct {
	sender, identifier string
	sent               int64
}

func identityOf(a *Alert) identity { return identity{a.Sender, a.Identifier, a.Sent.Unix()} }

func identityOfReference(r Reference) identity {
	return identity{r.Sender, r.Identifier, r.Sent.Unix()}
}

func compareIdentity(a, b *Alert) int {
	return cmp.Or(cmp.Compare(a.Sent.Unix(), b.Sent.Unix()), strings.Compare(a.Sender, b.Sender), strings.Compare(a.Identifier, b.Identifier))
}

// node is a message with its links.
type node struct {
	alert    *Alert
	findings Findings
	// refs are the messages that it references.
	refs map[identity]bool
	// ends are the messages that it ends, and endedBy those that end it, each at most once.
	ends, endedBy []*node
	// twins are the other messages with the same identity.
	twins []*node
	// For the search for loops: number counts when a message was first seen, low is the lowest number that can be reached
	// from it, and loop the circle that it is part of; 0 is none.
	number, low, loop int
	onStack           bool
}

type chain struct {
	nodes []*node
	// known finds messages by identity: several only where they are in conflict.
	known map[identity][]*node
	// stack and count are those of the search for loops.
	stack        []*node
	count, loops int
}

// newChain sorts the messages, drops those that are there twice, and notes conflicts.
func newChain(alerts []*Alert) *chain {
	c := &chain{known: map[identity][]*node{}}
	type content struct {
		*Alert
		text string
	}
	all := make([]content, len(alerts))
	for i, a := range alerts {
		all[i] = content{a, contentOf(a)}
	}
	slices.SortStableFunc(all, func(a, b content) int {
		return cmp.Or(compareIdentity(a.Alert, b.Alert), strings.Compare(a.text, b.text))
	})
	all = slices.CompactFunc(all, func(a, b content) bool { return identityOf(a.Alert) == identityOf(b.Alert) && a.text == b.text })
	for _, one := range all {
		n := &node{alert: one.Alert, refs: map[identity]bool{}}
		for _, r := range one.References {
			n.refs[identityOfReference(r)] = true
		}
		id := identityOf(one.Alert)
		c.nodes = append(c.nodes, n)
		c.known[id] = append(c.known[id], n)
	}
	for _, n := range c.nodes {
		if same := c.known[identityOf(n.alert)]; len(same) > 1 {
			n.twins = same
			n.find("chain.conflict", LevelError, "alert/identifier",
				"another message has the same sender, identifier and sent, and says something else: give each message an identifier of its own")
		}
	}
	return c
}

// contentOf is all that an alert says, as text; equal texts are equal alerts. The version it was read from is no matter.
func contentOf(a *Alert) string {
	w := &writer{}
	w.alert(a)
	return string(w.out)
}

func (n *node) find(id string, level Level, path, message string) {
	if len(n.findings) >= maxFindings {
		return
	}
	n.findings = append(n.findings, Finding{ID: id, Clause: "CAP 1.2 §3.2.1 references", Path: path, Message: message, Level: level})
}

// link notes what a message ends. A message in conflict ends only what all its twins end in the same way.
func (c *chain) link(n *node) {
	a := n.alert
	if a.MsgType != MsgUpdate && a.MsgType != MsgCancel {
		return
	}
	seen := map[identity]bool{}
	for _, r := range a.References {
		id := identityOfReference(r)
		if seen[id] {
			continue
		}
		seen[id] = true
		targets := c.known[id]
		if len(targets) == 0 {
			n.find("chain.unknown", LevelWarning, "alert/references", "reference "+nameOf(r)+" names no message that is here: it may be missing")
		}
		for _, t := range targets {
			if n.mayEnd(t, id) {
				n.ends, t.endedBy = append(n.ends, t), append(t.endedBy, n)
			}
		}
	}
}

// nameOf is a reference as documents write it.
func nameOf(r Reference) string { return string(appendReferences(nil, []Reference{r})) }

func referenceTo(a *Alert) Reference { return Reference{a.Sender, a.Identifier, a.Sent} }

// mayEnd decides whether a message ends another that it references, and notes what is doubtful.
func (n *node) mayEnd(t *node, id identity) bool {
	name := nameOf(referenceTo(t.alert))
	switch {
	case t.alert.Status != n.alert.Status:
		n.find("chain.status", LevelError, "alert/status", "the status is "+string(n.alert.Status)+", and that of "+name+" is "+
			string(t.alert.Status)+": it does not end it")
		return false
	case t.alert.MsgType == MsgCancel:
		n.find("chain.cancelled", LevelWarning, "alert/references", name+" is a Cancel, which cannot be taken back: send a new Alert")
		return false
	case t.alert.MsgType != MsgAlert && t.alert.MsgType != MsgUpdate:
		return false
	}
	for _, twin := range n.twins {
		if twin.alert.MsgType != n.alert.MsgType || twin.alert.Status != n.alert.Status || !twin.refs[id] {
			return false
		}
	}
	if t.alert.Sent.After(n.alert.Sent) {
		n.find("chain.postdated", LevelWarning, "alert/references", name+" was sent later than the message itself: check both times")
	}
	if t.alert.Sender != n.alert.Sender {
		n.find("chain.sender", LevelWarning, "alert/references", name+" is of another sender: make sure that this one may end it")
	}
	return true
}

// breakLoops takes away the links between messages that end each other in a circle.
func (c *chain) breakLoops() {
	for _, n := range c.nodes {
		if n.number == 0 {
			c.search(n)
		}
	}
	for _, n := range c.nodes {
		if n.loop == 0 {
			continue
		}
		n.find("chain.loop", LevelError, "alert/references", "the message and others reference each other in a circle: none of them ends another")
		inside := func(other *node) bool { return other.loop == n.loop }
		n.ends, n.endedBy = slices.DeleteFunc(n.ends, inside), slices.DeleteFunc(n.endedBy, inside)
	}
}

// loopStep is a message on the path of the search with the number of links that it has followed.
type loopStep struct {
	*node
	followed int
}

// search finds the strongly connected parts of the graph that can be reached from a message (Tarjan's algorithm), without
// recursion: chains may be long. Parts of several messages, and messages that end themselves, are loops.
func (c *chain) search(start *node) {
	path := []loopStep{{node: start}}
	c.enter(start)
	for len(path) > 0 {
		at := &path[len(path)-1]
		if at.followed < len(at.ends) {
			next := at.ends[at.followed]
			at.followed++
			if next.number == 0 {
				c.enter(next)
				path = append(path, loopStep{node: next})
			} else if next.onStack {
				at.low = min(at.low, next.number)
			}
			continue
		}
		n := at.node
		path = path[:len(path)-1]
		if len(path) > 0 {
			path[len(path)-1].low = min(path[len(path)-1].low, n.low)
		}
		if n.low == n.number {
			c.leave(n)
		}
	}
}

func (c *chain) enter(n *node) {
	c.count++
	n.number, n.low, n.onStack = c.count, c.count, true
	c.stack = append(c.stack, n)
}

// leave takes the part whose first message is n from the stack.
func (c *chain) leave(n *node) {
	from := len(c.stack) - 1
	for c.stack[from] != n {
		from--
	}
	part := c.stack[from:]
	c.stack = c.stack[:from]
	loop := len(part) > 1 || slices.Contains(n.ends, n)
	if loop {
		c.loops++
	}
	for _, one := range part {
		one.onStack = false
		if loop {
			one.loop = c.loops
		}
	}
}

// doubts notes where it is not clear what holds instead of a message: those that end it should know of each other, or
// something should have ended all but one of them.
func (n *node) doubts() {
	for i, a := range n.endedBy {
		for _, b := range n.endedBy[i+1:] {
			n.doubt(a, b)
		}
	}
}

// doubt looks at two messages that end the same one.
func (n *node) doubt(a, b *node) {
	if a.alert.MsgType == MsgCancel {
		a, b = b, a
	}
	if len(n.findings) >= maxFindings || a.alert.MsgType == MsgCancel || len(a.endedBy) > 0 || a.knows(b) || b.knows(a) {
		return
	}
	first, second := nameOf(referenceTo(a.alert)), nameOf(referenceTo(b.alert))
	switch {
	case b.alert.MsgType == MsgCancel:
		n.find("chain.partial", LevelWarning, "alert", second+" cancels it, and not its update "+first+", which stays active: cancel that as well")
	case len(b.endedBy) == 0:
		n.find("chain.fork", LevelWarning, "alert", first+" and "+second+" update it, and neither references the other: it is not clear which of them holds")
	}
}

// knows reports whether a message references another.
func (n *node) knows(other *node) bool { return n.refs[identityOf(other.alert)] }

// enders are the messages that end a message, the oldest first.
func (n *node) enders() []*Alert {
	slices.SortStableFunc(n.endedBy, func(a, b *node) int { return compareIdentity(a.alert, b.alert) })
	var out []*Alert
	for _, by := range n.endedBy {
		out = append(out, by.alert)
	}
	return out
}

// state is how a message stands at a moment.
func (n *node) state(now time.Time) State {
	if n.alert.MsgType != MsgAlert && n.alert.MsgType != MsgUpdate {
		return StateNotice
	}
	updated := false
	for _, by := range n.endedBy {
		switch {
		case by.alert.MsgType == MsgCancel && !by.alert.Sent.After(now):
			return StateCancelled
		case by.alert.MsgType == MsgUpdate && !firstEffective(by.alert).After(now):
			updated = true
		}
	}
	switch {
	case updated:
		return StateUpdated
	case allExpired(n.alert, now):
		return StateExpired
	case firstEffective(n.alert).After(now):
		return StatePending
	}
	return StateActive
}

// firstEffective is when the first of an alert's infos takes effect: what states no effective does when it is sent (§3.2.2).
func firstEffective(a *Alert) time.Time {
	first := a.Sent
	for i := range a.Infos {
		at := a.Infos[i].Effective
		if at.IsZero() {
			return a.Sent
		}
		if i == 0 || at.Before(first) {
			first = at
		}
	}
	return first
}

// allExpired reports whether all of an alert's infos are over.
func allExpired(a *Alert, now time.Time) bool {
	for i := range a.Infos {
		if at := a.Infos[i].Expires; at.IsZero() || at.After(now) {
			return false
		}
	}
	return len(a.Infos) > 0
}
