package protocol_test

import (
	"time"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/alerting/stream"
	"tocsin/channels/protocol"
)

// epoch is a moment for the clocks that are handed in.
var epoch = time.Unix(1_000_000, 0)

// The carriers of the place: the batch, and what retry topics hold of it.
const (
	batch = iota
	retry
	carriers
)

// The model: one place of one page, a batch and its retries on two partitions, two workers, the gateway, the role ledger
// and the fan-out. What moves the ledger is the real scripts, the real rebuild and the real sweep, on a Redis in this
// process; what a worker and the fan-out decide is the functions of package protocol and fanout.ToldOf. The model itself
// only says who may act when, and what the world does: it lands messages, crashes, flushes, and lets time pass.
//
// Not in it: several places and pages and the contiguous watermark, expansion, updates, sealing, opt-outs, pace, the
// routine lane, two rebuilds at once, a cache of what was read in the journal, faults of the correction itself, a lost
// Kafka, and clocks that disagree.

// state is everything there is.
type state struct {
	mem memory
	// older is what a replica holds: the memory before its last change.
	older memory
	// journal is what the receipts say; taken is as much of it as the role ledger has brought into a ready ledger.
	journal, taken journal
	// open counts the uncommitted records of each carrier, owner is the worker (1, 2) that has its partition.
	open, owner [carriers]uint8
	// putOff is how many units the youngest record of the retry topic is held back.
	putOff   uint8
	workers  [2]worker
	requests [3]request
	rebuild  rebuild
	stop     stop
	expired  bool
	// landed counts messages that reached the gateway; arrived has a bit for each attempt that did.
	landed, arrived uint8
	// excused is how many messages too many the faults explain.
	excused uint8
	claimed bool
	spent   budget
	// broken is the rule that was broken first on the way here; harm is what came of it.
	broken uint8
	harm   harm
}

// journal is the receipts of the page, folded.
type journal struct {
	mark alerting.Mark
	// ownership: some of it was sent by ownership.
	ownership bool
}

// budget counts faults, and the things that are no faults but would go on for ever.
type budget struct{ crash, flush, failover, lost, pause, away, rebalance, temporary, rejected, report, straggle uint8 }

// worker is one process, and what it knows.
type worker struct {
	dead, away, paused bool
	// hears: its view of the issued alerts holds the stop.
	hears bool
	// believes: it takes itself for the owner. gained and proof are the units since it gained the partition and since
	// the coordinator last vouched for it.
	believes      [carriers]bool
	gained, proof [carriers]uint8

	at      step
	carrier uint8
	attempt uint8
	// since is the units since the call that claimed.
	since uint8
	// alone: the claim is none, it sends by ownership. ownerless: this run did so once.
	alone, ownerless, ended, putOff bool
	// blind: what it holds was granted without the reading that rule 13 demands.
	blind bool
	// landed: its own request did.
	landed bool
	// unsettled are outcomes that the ledger has not got; news is what the journal gets of them, unwritten whether it did not.
	unsettled [2]outcome
	news      alerting.Mark
	unwritten bool
	// caughtUp, viewed and view are what it read in the journal; known goes into its next call.
	caughtUp, viewed, early bool
	view, known             alerting.Mark
	// held is the ledger's page as it was reviewed.
	held      ledger.Held
	forwarded bool
}

// step is where a worker stands with a batch.
type step uint8

const (
	idle step = iota
	todo
	reading
	claimed
	sending
	answered
	review
	accounting
	appended
)

// request is a message under way to the gateway: owner is a worker, or gone when its worker crashed or gave it up.
type request struct{ owner, age, attempt uint8 }

type rebuild struct {
	stage   stage
	journal journal
	stopped bool
	// due: the stop was accepted before the rebuild began.
	due bool
}

// stop is a cancel on its way.
type stop struct {
	cancelled bool
	// age is the units since it was accepted.
	age    uint8
	closed bool
	told   telling
	// wait is how many units a later correction still has to wait.
	wait      uint8
	corrected bool
}

type telling uint8

const (
	untold telling = iota
	atOnce
	later
)

// harm is what must never be.
type harm uint8

const (
	none harm = iota
	doubled
	late
	afterCorrection
	unaccounted
	uncalledFor
)

func (h harm) String() string {
	return [...]string{"no harm is done yet", "more messages landed than faults explain",
		"a send started after the bound of a stop or an end", "a message landed after its own correction",
		"the last commit left an outcome neither in the journal nor on a retry topic",
		"without any loss, a correction for a place that was never claimed"}[h]
}

// wiring is the real rules that the model goes by; a test takes one out.
type wiring struct {
	slate        *slate
	account      func(report []ledger.Held, news protocol.Marks) []alerting.PlaceMark
	holding      func(report []ledger.Held, news protocol.Marks, over protocol.Over) (left []uint8, others bool)
	intents      func(grants []ledger.Grant) []alerting.PlaceMark
	toldOf       func(targets fanout.Bits, answer fanout.Closed, err error) (on, later fanout.Bits)
	mustRead     func(answer ledger.Stepped, caughtUp bool) bool
	readableFrom func(gained time.Time, takeover time.Duration) time.Time
	ownedUntil   func(proof time.Time) time.Time
	window       time.Duration
	grace        time.Duration
	landing      time.Duration
	// session is how long a worker takes itself for the owner when the coordinator is not heard.
	session time.Duration
	// catchUp: a rebuild reads the issued alerts to the end. readJournal: who goes on by ownership, or on a rebuilt
	// ledger, reads the journal.
	catchUp, readJournal bool
}

func realRules(s *slate) wiring {
	return wiring{slate: s, account: protocol.Account, holding: protocol.Holding, intents: protocol.Intents,
		toldOf: fanout.ToldOf, mustRead: protocol.MustRead, readableFrom: protocol.ReadableFrom,
		ownedUntil: protocol.OwnedUntil, window: protocol.Window, grace: fanout.DefaultGrace,
		landing: fanout.DefaultLanding, session: stream.DefaultSession, catchUp: true, readJournal: true}
}

// scene says which faults may happen how often, and what else goes on.
type scene struct {
	name   string
	most   budget
	cancel bool
	expire bool
	// words: it is the words of the place that expire, not the batch, which ends later.
	words bool
	// prompt: the role ledger has brought in what the journal holds before the clock moves on. A page is closed half a
	// second after the last send that knew nothing of the stop at the earliest, and only so can the ledger know by then
	// of one by ownership.
	prompt bool
	// atMost bounds the search; 0 means all.
	atMost int
}

// model is the transitions of a scene by the rules of a wiring.
type model struct {
	wiring
	scene
}

// ago is a moment some units before now, which is always the same moment: only differences count here.
func ago(u uint8) time.Time { return now.Add(-time.Duration(u) * unit) }

var now = epoch.Add(time.Minute)

func (m *model) first() state {
	mem := memory{ready: here, nonce: elsewhere}
	s := state{mem: mem, older: mem, open: [carriers]uint8{1, 0}, owner: [carriers]uint8{1, 2}}
	s.workers[0].believes[batch] = true
	s.workers[1].believes[retry] = true
	for i := range s.workers {
		for c := range carriers {
			s.workers[i].gained[c] = longAgo
		}
	}
	return s
}

// inFlight: something of the place is in nobody's memory but a worker's, or the gateway's. A ledger that is lost then costs a
// message too many; at any other time it must not.
func (s *state) inFlight() bool {
	for i := range s.workers {
		w := &s.workers[i]
		if w.unwritten || w.at == claimed || w.at == sending || w.at == answered {
			return true
		}
	}
	return false
}

// longAgo caps every count of units: it is longer than anything here waits.
const longAgo = 5

// breach notes the first rule that was broken.
func (s *state) breach(rule uint8, broken bool) {
	if broken && s.broken == 0 {
		s.broken = rule
	}
}

func (s *state) harmed(h harm, done bool) {
	if done && s.harm == none {
		s.harm = h
	}
}

// remember puts a new memory in place of the old one.
func (s *state) remember(m memory) {
	if m != s.mem {
		s.older, s.mem = s.mem, m
	}
}

// stale: the worker's view is older than it may be, because it would hold the stop otherwise.
func (s *state) stale(w *worker) bool {
	return s.stop.cancelled && !w.hears && s.stop.age > units(stream.FreshFor)
}

// queueing is how long a message may wait inside a gateway; fanout.DefaultLanding has room for it.
const queueing = 2 * time.Second

func news(m alerting.Mark) protocol.Marks { return func(uint8) alerting.Mark { return m } }

func ended(over bool) protocol.Over { return func(uint8) bool { return over } }

// only is the mark of the place among marks.
func only(marks []alerting.PlaceMark) (m alerting.Mark) {
	for _, pm := range marks {
		m = m.Merge(pm.Mark)
	}
	return m
}

// answers: the ledger answers this worker's calls.
func (m *model) answers(s *state, w *worker) bool {
	return !w.away && !m.slate.step(s.mem, 0, stepIn{report: true}).notReady
}
