package fanout

import (
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// channels is a set of channels, a bit each at the channel's index.
type channels uint8

const sirenOnly channels = 1 << sirenChannel

func (c channels) has(index int) bool { return c&(1<<index) != 0 }

// textKey names a message: an info of the alert, or of the alert that ends.
type textKey struct {
	channel int
	info    int
	// ended is the alert that ends, or no longer applies to him who is told; zero for an ordinary message.
	ended alerting.AlertID
	// fresh: of an update, the words for who was never told of what it replaces.
	fresh bool
}

// text is a rendered message, or the fact that there is none.
type text struct {
	message alerting.Message
	ok      bool
}

// ends reports whether a place is told that an earlier alert ended, or no longer applies to it, rather than the alert's own
// words: always for a cancel, and for whom an update leaves outside, unless it is an all-clear.
func (e *expansion) ends(origin alerting.AlertID, inside bool) bool {
	if origin.IsZero() || e.originals[origin] == nil {
		return false
	}
	return e.in.Alert.MsgType == cap.MsgCancel || !inside && !e.clears()
}

// words renders a message once. A message that cannot be rendered is noted, and nobody is targeted with it.
func (e *expansion) words(key textKey) text {
	if t, known := e.texts[key]; known {
		return t
	}
	in, original := e.in, e.originals[key.ended]
	switch {
	case original != nil && in.Alert.MsgType != cap.MsgCancel && key.channel == sirenChannel:
		in = asCancel(in)
	case original == nil && key.fresh:
		in = asNew(in)
	}
	ch := alerting.Channels()[key.channel]
	m, err := e.f.Words(e.worded(in, key.channel), original, key.info, ch)
	m.Expires = in.Expires
	if original == nil {
		m.Expires = in.EndOf(key.info)
	}
	t := text{m, err == nil}
	if err != nil {
		e.row.note(alerting.Say("note.no-words", "no words for channel %s: %v", ch, err))
	}
	e.texts[key] = t
	return t
}

// textOf is the message of a place.
func (e *expansion) textOf(p *Page, place uint8, c int) text {
	key := textKey{channel: c, info: int(p.Infos[place])}
	if e.ends(p.Origin, p.Inside.Has(place)) {
		key.ended = p.Origin
	}
	key.fresh = e.freshWords(p.Origin.IsZero())
	return e.words(key)
}

// freshWords reports whether words differ for who was never told before.
func (e *expansion) freshWords(fresh bool) bool { return fresh && e.in.Alert.MsgType == cap.MsgUpdate }

// reachable is the channels on which an addressee can be told. Fresh: he was never told before.
func (e *expansion) reachable(kind Kind, a *alerting.Addressee, info int, ended alerting.AlertID, fresh bool) channels {
	var out channels
	for c := range channelCount {
		if (c == sirenChannel) != (kind == Sirens) || len(a.Addresses[c]) == 0 || len(e.gateways[c]) == 0 {
			continue
		}
		if kind == Sirens && !slices.Contains(e.gateways[c], a.Gateway) {
			e.row.note(alerting.Say("note.siren-gateway", "siren gateway %s does not serve %s", a.Gateway, worldWords(e.in.Envelope.World)))
			continue
		}
		if e.words(textKey{c, info, ended, e.freshWords(fresh)}).ok {
			out |= 1 << c
		}
	}
	return out
}

// placing is one addressee on his way onto a page.
type placing struct {
	who    alerting.Addressee
	info   int
	inside bool
	on     channels
	// later is a part of on.
	later channels
	// silent: he stands in the manifest and is told nothing.
	silent bool
}

// builder lays addressees into pages of one kind and origin.
type builder struct {
	e      *expansion
	kind   Kind
	origin alerting.AlertID
	due    time.Time
	from   int64
	pages  []*Page
	who    [][]alerting.Addressee
	// fresh counts the people who stood on no page before, and groups in which of them they are.
	fresh  int64
	groups [3]int64
}

func (b *builder) add(p placing) {
	if p.on == 0 && !p.silent || p.info < 0 || p.info > 255 {
		return
	}
	last := len(b.pages) - 1
	if last < 0 || len(b.pages[last].Persons) == alerting.PageSize {
		b.pages = append(b.pages, &Page{
			Alert: b.e.in.ID, Epoch: uint32(b.e.row.Epoch), Number: uint32(b.from + int64(len(b.pages))), Kind: b.kind,
			Origin: b.origin,
		})
		b.who = append(b.who, nil)
		last++
	}
	page, place := b.pages[last], uint8(len(b.pages[last].Persons))
	page.Persons = append(page.Persons, p.who.ID)
	page.Infos = append(page.Infos, uint8(p.info))
	area := 0
	if p.inside {
		page.Inside.Set(place)
		area = p.who.Area
	}
	page.setArea(area)
	for c := range channelCount {
		if p.on.has(c) {
			page.Targets[c].Set(place)
			b.e.roll.channel[c].add(p.who.ID)
		}
		if p.later.has(c) {
			page.Later[c].Set(place)
			page.Due = b.due
			b.e.roll.later[c].add(p.who.ID)
		}
	}
	if b.kind == People && b.e.roll.people.add(p.who.ID) && !p.silent {
		b.fresh++
		b.groups[b.e.groupOf(b.origin, p.inside)]++
	}
	b.who[last] = append(b.who[last], p.who)
}

// finish settles which pages have nothing to produce at once.
func (b *builder) finish() {
	for _, p := range b.pages {
		p.Produced = true
		for c := range p.Targets {
			if now := p.now(c); !now.Empty() {
				p.Produced = false
			}
		}
	}
}

// batchesOf makes the batches of one part of a page. who are the addressees in place order; one without an id can no
// longer be reached.
func (e *expansion) batchesOf(p *Page, who []alerting.Addressee, later bool) []alerting.Batch {
	var out []alerting.Batch
	for c, ch := range alerting.Channels() {
		part := p.now(c)
		if later {
			part = p.Later[c]
		}
		if part.Empty() || len(e.gateways[c]) == 0 {
			continue
		}
		at := make(map[string]int)
		for place := range part.All() {
			a := &who[place]
			t := e.textOf(p, place, c)
			if a.ID == 0 || len(a.Addresses[c]) == 0 || !t.ok {
				continue
			}
			gateway := a.Gateway
			if p.Kind == People {
				gateway = gatewayOf(e.gateways[c], p.Number)
			}
			i, known := at[gateway]
			if !known {
				i = len(out)
				at[gateway] = i
				out = append(out, e.emptyBatch(p, ch, gateway, later))
			}
			out[i].To = append(out[i].To, alerting.Target{Place: place, Text: textIndex(&out[i], t.message), Address: a.Addresses[c]})
		}
	}
	return out
}

// gatewayOf shares pages out among gateways, always the same way. Not in turn: Kafka puts even and odd pages into partitions
// of their own, and each of two gateways would be left to the workers that own one half.
func gatewayOf(gateways []string, page uint32) string {
	const golden = 2654435769 // 2^32 divided by the golden ratio: its multiples spread evenly
	return gateways[uint64(page*golden)*uint64(len(gateways))>>32]
}

func (e *expansion) emptyBatch(p *Page, ch alerting.Channel, gateway string, later bool) alerting.Batch {
	b := alerting.Batch{
		World: e.in.Envelope.World, Alert: e.in.ID, Digest: e.in.Envelope.Digest, Epoch: p.Epoch, Channel: ch,
		Lane: e.in.Lane, Gateway: gateway, Page: p.Number,
		To: make([]alerting.Target, 0, len(p.Persons)),
	}
	if later {
		b.NotBefore = p.Due
	}
	return b
}

// textIndex finds a message among the batch's texts, or adds it. There are few: one per language.
func textIndex(b *alerting.Batch, m alerting.Message) uint8 {
	i := slices.Index(b.Texts, m)
	if i < 0 {
		i = len(b.Texts)
		b.Texts = append(b.Texts, m)
		if m.Expires.After(b.Expires) {
			b.Expires = m.Expires
		}
	}
	return uint8(i)
}
