package stream

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
)

// LetterName is how a dead letter is called: by where its record was read. Written topic/partition/offset.
type LetterName struct {
	Topic     string
	Partition int
	Offset    int64
}

// String is the form that ParseLetterName reads.
func (n LetterName) String() string { return fmt.Sprintf("%s/%d/%d", n.Topic, n.Partition, n.Offset) }

// ParseLetterName reads topic/partition/offset; anything else is alerting.ErrInvalid.
func ParseLetterName(text string) (LetterName, error) {
	parts := strings.Split(text, "/")
	if len(parts) == 3 && parts[0] != "" && len(parts[0]) <= maxTopicName {
		partition, err1 := strconv.ParseUint(parts[1], 10, 31)
		offset, err2 := strconv.ParseUint(parts[2], 10, 63)
		if err1 == nil && err2 == nil {
			return LetterName{parts[0], int(partition), int64(offset)}, nil
		}
	}
	return LetterName{}, alerting.Refuse(alerting.ErrInvalid, "deadletter.name", "dead letter %q: want TOPIC/PARTITION/OFFSET, as `tocsin deadletters list` shows it", text)
}

// Name is where the letter's record was read.
func (l *Letter) Name() LetterName { return LetterName{l.Topic, l.Partition, l.Offset} }

// LetterState is what may still become of a dead letter.
type LetterState string

// The states of a dead letter.
const (
	// LetterOpen: it may be put back.
	LetterOpen LetterState = "open"
	// LetterRedriven: it was put back. Should its record have failed again, that is another letter.
	LetterRedriven LetterState = "redriven"
	// LetterUnreadable: its record is no batch and no receipt, or none that this keyring opens.
	LetterUnreadable LetterState = "unreadable"
	// LetterExpired and LetterStopped: its alert is over, so nobody is to be told any more.
	LetterExpired LetterState = "expired"
	LetterStopped LetterState = "stopped"
	// LetterUnknown: it names an alert that was never issued.
	LetterUnknown LetterState = "unknown alert"
	// LetterAlert: it is an alert, which is issued again from its document.
	LetterAlert LetterState = "alert"
)

// Examined is a dead letter with what its record says of itself. It holds no address, not even a sealed one, unless in
// Raw, which only a single letter has.
type Examined struct {
	Letter
	State LetterState
	// Kind is that of the topic (issued, dispatch, retry, receipts), empty for one that is not ours; Channel and Lane are
	// those of the topic, where it has them.
	Kind    string
	Channel alerting.Channel
	Lane    alerting.Lane
	// Unreadable says why the record cannot be read; empty when it can.
	Unreadable string
	// Redriven is when it was last put back.
	Redriven time.Time
	// Alert, Page and what follows are set for a readable record that has them; Texts only for a single letter.
	Alert   alerting.AlertID
	Page    uint32
	Places  int
	Gateway string
	Expires time.Time
	Tries   uint8
	Texts   []alerting.Message
}

// examine reads a letter's record as its consumer would.
func (s *Stream) examine(l Letter) Examined {
	e := Examined{Letter: l, Unreadable: "the topic is not one of this office"}
	for _, t := range s.cfg.topics() {
		if t.name == l.Topic && t.kind != lettersKind {
			e.Kind, e.Channel, e.Lane, e.Unreadable = string(t.kind), t.channel, t.lane, ""
			if err := s.readRecord(t, &e); err != nil {
				e.Unreadable = reasonOf(err)
			}
			break
		}
	}
	if e.Unreadable == "" && l.Size > len(l.Raw) {
		e.Unreadable = "the record was too large to be kept whole"
	}
	return e
}

func (s *Stream) readRecord(t topic, e *Examined) error {
	switch t.kind {
	case issuedKind:
		issued, err := s.decodeIssued(t, e.Raw)
		if err != nil {
			return err
		}
		e.Alert, e.Expires = issued.ID, issued.Expires
	case receiptsKind:
		r, err := decodeReceipt(t.world, e.Raw)
		if err != nil {
			return err
		}
		e.Alert, e.Channel, e.Page, e.Places = r.Alert, r.Channel, r.Page, len(r.Marks)
	default:
		b, err := decodeBatch(s.parts.Keys, t, e.Raw)
		if err != nil {
			return err
		}
		e.Alert, e.Page, e.Places, e.Gateway = b.Alert, b.Page, len(b.To), b.Gateway
		e.Expires, e.Tries, e.Texts = b.Expires, b.Tries, b.Texts
	}
	return nil
}

// Letters are the dead letters of all worlds, read and put back. It asks the follower what became of their alerts.
type Letters struct {
	s *Stream
	f *Follower
}

// Letters opens the dead letters.
func (s *Stream) Letters(f *Follower) *Letters { return &Letters{s, f} }

// maxListed bounds how many letters are kept in mind while they are listed; a flood of garbage may bring millions.
const maxListed = 10_000

// List gives the latest dead letters of all worlds, oldest first: at most limit, and only those that keep accepts (nil
// accepts all).
func (x *Letters) List(ctx context.Context, limit int, keep func(*Examined) bool) ([]Examined, error) {
	var out []Examined
	for _, w := range x.s.cfg.Worlds {
		seen := &pile{at: make(map[LetterName]int)}
		err := x.s.readLetters(ctx, w, time.Time{}, func(l Letter) error {
			e := x.s.examine(l)
			e.Raw, e.Key, e.Texts = nil, nil, nil
			seen.put(e)
			return nil
		}, seen.redriven)
		if err != nil {
			return nil, err
		}
		for _, e := range seen.letters {
			if e.State = x.state(&e); keep == nil || keep(&e) {
				out = append(out, e)
			}
		}
	}
	return out[max(0, len(out)-limit):], nil
}

// pile gathers letters; one that was put away twice, because its consumer ended between that and its commit, is one.
type pile struct {
	letters []Examined
	at      map[LetterName]int
	dropped int
}

func (p *pile) put(e Examined) {
	if i, ok := p.at[e.Name()]; ok && i >= p.dropped {
		e.Redriven = p.letters[i-p.dropped].Redriven
		p.letters[i-p.dropped] = e
		return
	}
	p.at[e.Name()] = p.dropped + len(p.letters)
	p.letters = append(p.letters, e)
	if len(p.letters) > maxListed {
		delete(p.at, p.letters[0].Name())
		p.letters = p.letters[1:]
		p.dropped++
	}
}

func (p *pile) redriven(n note) {
	if i, ok := p.at[n.LetterName]; ok && i >= p.dropped {
		p.letters[i-p.dropped].Redriven = n.at
	}
}

// Find gives one letter whole; alerting.ErrNotFound when there is none of that name.
func (x *Letters) Find(ctx context.Context, name LetterName) (Examined, error) {
	var found *Examined
	var redriven time.Time
	for _, w := range x.s.cfg.Worlds {
		err := x.s.readLetters(ctx, w, time.Time{}, func(l Letter) error {
			if l.Name() == name {
				e := x.s.examine(l)
				found = &e
			}
			return nil
		}, func(n note) {
			if n.LetterName == name {
				redriven = n.at
			}
		})
		if err != nil {
			return Examined{}, err
		}
	}
	if found == nil {
		return Examined{}, alerting.Refuse(alerting.ErrNotFound, "deadletter.unknown", "there is no dead letter %s", name)
	}
	found.Redriven = redriven
	found.State = x.state(found)
	return *found, nil
}

// state says what may still become of a letter.
func (x *Letters) state(e *Examined) LetterState {
	standing, known := x.f.Standing(e.Alert)
	switch {
	case e.Unreadable != "":
		return LetterUnreadable
	case e.Kind == string(issuedKind):
		return LetterAlert
	case e.Kind != string(receiptsKind) && !x.s.parts.Now().Before(e.Expires):
		return LetterExpired
	case e.Kind != string(receiptsKind) && known && standing.Stopped:
		return LetterStopped
	case !e.Redriven.IsZero():
		return LetterRedriven
	case !known || standing.Issued == nil:
		return LetterUnknown
	}
	return LetterOpen
}

// Redrive puts a letter's record back on its topic, where its consumer takes it up as if for the first time. Doing so
// twice is harmless: places that were told are not told again. alerting.ErrState when the alert is over, was never
// issued, or when the record cannot be read; then nothing was written.
func (x *Letters) Redrive(ctx context.Context, name LetterName) (Examined, error) {
	if !x.f.IsReady() || !x.f.Fresh(x.s.parts.Now()) {
		return Examined{}, fmt.Errorf("redrive %s: %w", name, alerting.Refuse(alerting.ErrUnavailable, "deadletter.unready", "the issued alerts are not known up to now"))
	}
	e, err := x.Find(ctx, name)
	if err != nil {
		return e, fmt.Errorf("redrive: %w", err)
	}
	refuse := func(code, format string, args ...any) (Examined, error) {
		return e, fmt.Errorf("redrive %s: %w", name, alerting.Refuse(alerting.ErrState, code, format, args...))
	}
	switch e.State {
	case LetterUnreadable:
		return refuse("deadletter.unreadable", "its record cannot be read (%s), and would only come back", e.Unreadable)
	case LetterAlert:
		return refuse("deadletter.alert", "it is an alert; issue its document again")
	case LetterExpired:
		return refuse("deadletter.expired", "alert %s expired at %s; nobody is told any more", e.Alert, e.Expires.Format(time.RFC3339))
	case LetterStopped:
		return refuse("deadletter.stopped", "alert %s was stopped; nobody is told any more", e.Alert)
	case LetterUnknown:
		return refuse("deadletter.never-issued", "alert %s was never issued", e.Alert)
	}
	if err := x.s.Redrive(ctx, e.Letter); err != nil {
		return e, err
	}
	e.Redriven, e.State = x.s.parts.Now(), LetterRedriven
	if err := x.s.noteRedriven(ctx, e.World, note{name, e.Redriven}); err != nil {
		x.s.log.Warn("a dead letter was put back, and is still listed as open", "letter", name, "error", err)
	}
	x.s.log.Info("a dead letter was put back", "letter", name, "alert", e.Alert)
	return e, nil
}
