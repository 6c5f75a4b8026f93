package stream

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// The form of a batch record: version, alert id, document digest, page and expires in the clear, because they are
// associated data of what follows: everything else, sealed. The topic's name is associated data too, so a record
// that is copied to another topic (another world!) cannot be opened there.
const (
	batchVersion  = 1
	batchHeader   = 1 + 16 + 32 + 4 + 8
	maxTexts      = 255
	maxAddress    = 4096
	maxBody       = 512 << 10
	maxShort      = 1024
	maxGateway    = 100
	maxSMSPermits = 1 << 16
)

// encodeBatch seals a batch for a topic. Its errors are alerting.ErrInvalid.
func encodeBatch(keys *seal.Keyring, topicName string, b *alerting.Batch) ([]byte, error) {
	if err := checkBatch(b); err != nil {
		return nil, fmt.Errorf("%s: %w", b, err)
	}
	out := make([]byte, 0, batchHeader)
	out = append(out, batchVersion)
	out = append(out, b.Alert[:]...)
	out = append(out, b.Digest[:]...)
	out = binary.BigEndian.AppendUint32(out, b.Page)
	out = appendMoment(out, b.Expires)
	out = append(out, keys.Seal(seal.Batches, batchBody(b), batchAAD(topicName, out))...)
	if len(out) > maxRecord {
		return nil, fmt.Errorf("%s: %w: %d bytes are more than a record may have (%d)", b, alerting.ErrInvalid, len(out),
			maxRecord)
	}
	return out, nil
}

func batchAAD(topicName string, header []byte) []byte {
	return slices.Concat([]byte(topicName), []byte{0}, header)
}

func batchBody(b *alerting.Batch) []byte {
	size := 64
	for i := range b.Texts {
		size += len(b.Texts[i].Body) + len(b.Texts[i].HTML) + 256
	}
	for i := range b.To {
		size += len(b.To[i].Address) + 4
	}
	p := make([]byte, 0, size)
	p = append(p, byte(slices.Index(alerting.Worlds(), b.World)), byte(slices.Index(alerting.Channels(), b.Channel)),
		byte(b.Lane.Rank()), b.Tries)
	p = binary.AppendUvarint(p, uint64(b.Epoch))
	p = appendMoment(p, b.NotBefore)
	p = appendText(p, b.Gateway)
	p = append(p, byte(len(b.Texts)))
	for i := range b.Texts {
		m := &b.Texts[i]
		for _, s := range []string{m.Language, m.Subject, m.Body, m.HTML, m.Tag, m.Urgency} {
			p = appendText(p, s)
		}
		p = binary.AppendUvarint(p, uint64(m.Cost))
		p = appendMoment(p, m.Expires)
	}
	p = binary.AppendUvarint(p, uint64(len(b.To)))
	for i := range b.To {
		p = append(p, b.To[i].Place, b.To[i].Text)
		p = appendText(p, b.To[i].Address)
	}
	return p
}

// decodeBatch opens a batch record that was read from topic t. Every error is alerting.ErrInvalid: a poison record,
// unless it is a *seal.UnknownKey.
func decodeBatch(keys *seal.Keyring, t topic, record []byte) (*alerting.Batch, error) {
	if len(record) > maxRecord || len(record) < batchHeader {
		return nil, fmt.Errorf("batch: %w: %d bytes", alerting.ErrInvalid, len(record))
	}
	if record[0] != batchVersion {
		return nil, fmt.Errorf("batch: %w: version %d is not known", alerting.ErrInvalid, record[0])
	}
	header := record[:batchHeader]
	plain, err := keys.Open(seal.Batches, record[batchHeader:], batchAAD(t.name, header))
	if err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	b := readHeader(header)
	in := &input{b: plain}
	readBatch(in, b)
	if err := in.end(); err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	if b.World != t.world || b.Channel != t.channel || b.Lane != t.lane {
		return nil, fmt.Errorf("batch: %w: of %s %s/%s on topic %s", alerting.ErrInvalid, b.World, b.Channel, b.Lane, t.name)
	}
	if err := checkBatch(b); err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	return b, nil
}

// readHeader reads what stands in the clear in front of a batch: true only if the rest can be opened.
func readHeader(record []byte) *alerting.Batch {
	b := &alerting.Batch{}
	in := &input{b: record[1:batchHeader]}
	copy(b.Alert[:], in.raw(16, "alert id"))
	copy(b.Digest[:], in.raw(32, "digest"))
	b.Page = binary.BigEndian.Uint32(in.raw(4, "page"))
	b.Expires = in.moment("expires")
	return b
}

func readBatch(in *input, b *alerting.Batch) {
	b.World = pick(in, "world", alerting.Worlds())
	b.Channel = pick(in, "channel", alerting.Channels())
	b.Lane = pick(in, "lane", alerting.Lanes())
	b.Tries = in.byte("tries")
	b.Epoch = uint32(in.number("epoch", maxUint32))
	b.NotBefore = in.moment("not before")
	b.Gateway = in.text("gateway", maxGateway)
	texts := int(in.byte("texts"))
	b.Texts = make([]alerting.Message, texts)
	for i := range b.Texts {
		m := &b.Texts[i]
		m.Language = in.text("language", maxShort)
		m.Subject = in.text("subject", maxBody)
		m.Body = in.text("body", maxBody)
		m.HTML = in.text("html", maxBody)
		m.Tag = in.text("tag", maxShort)
		m.Urgency = in.text("urgency", maxShort)
		m.Cost = int(in.number("cost", maxSMSPermits))
		m.Expires = in.moment("the text's expires")
	}
	b.To = make([]alerting.Target, in.number("targets", alerting.PageSize))
	for i := range b.To {
		b.To[i] = alerting.Target{Place: in.byte("place"), Text: in.byte("text"), Address: in.bytes("address", maxAddress)}
	}
}

// pick reads the index of one of a few values.
func pick[T any](in *input, what string, values []T) T {
	i := int(in.byte(what))
	if i >= len(values) {
		in.fail("%s number %d", what, i)
		i = 0
	}
	return values[i]
}

// checkBatch says what is wrong with a batch, written or read: it must name known things, hold 1 to 256 targets at
// different places, and every target's text.
func checkBatch(b *alerting.Batch) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", alerting.ErrInvalid, fmt.Sprintf(format, args...))
	}
	switch {
	case !slices.Contains(alerting.Worlds(), b.World):
		return bad("world %q", b.World)
	case !slices.Contains(alerting.Channels(), b.Channel):
		return bad("channel %q", b.Channel)
	case !slices.Contains(alerting.Lanes(), b.Lane):
		return bad("lane %q", b.Lane)
	case b.Alert.IsZero():
		return bad("no alert id")
	case b.Expires.IsZero():
		return bad("no expires")
	case len(b.Gateway) > maxGateway:
		return bad("the gateway's name has %d bytes", len(b.Gateway))
	case len(b.Texts) == 0 || len(b.Texts) > maxTexts:
		return bad("%d texts, want 1 to %d", len(b.Texts), maxTexts)
	case len(b.To) == 0 || len(b.To) > alerting.PageSize:
		return bad("%d targets, want 1 to %d", len(b.To), alerting.PageSize)
	}
	for i := range b.Texts {
		m := &b.Texts[i]
		if len(m.Body) > maxBody || len(m.HTML) > maxBody || len(m.Subject) > maxBody || len(m.Language) > maxShort ||
			len(m.Tag) > maxShort || len(m.Urgency) > maxShort || m.Cost < 0 || m.Cost > maxSMSPermits {
			return bad("text %d is too large", i)
		}
	}
	var taken [alerting.PageSize]bool
	for i := range b.To {
		to := &b.To[i]
		if taken[to.Place] {
			return bad("place %d is there twice", to.Place)
		}
		taken[to.Place] = true
		if int(to.Text) >= len(b.Texts) || len(to.Address) > maxAddress {
			return bad("target at place %d", to.Place)
		}
	}
	return nil
}

// batchKey spreads batches over partitions: all channels of a page fall alike.
func batchKey(id alerting.AlertID, page uint32) []byte {
	return binary.BigEndian.AppendUint32(slices.Clone(id[:]), page)
}

// due says whether a batch may be handed out at a time.
func due(b *alerting.Batch, now time.Time) bool { return !now.Before(b.NotBefore) }
