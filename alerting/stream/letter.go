package stream

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
)

// Letter is a record that could not be used, with where it came from and why.
type Letter struct {
	World alerting.World
	// Topic, Partition and Offset are where the record was read.
	Topic     string
	Partition int
	Offset    int64
	// Reason is short and free of secrets.
	Reason string
	// At is when it was put away; DeadLetter fills it in.
	At time.Time
	// Key and Raw are the record's own bytes. Raw is cut at 850 KiB; Size tells how long it was.
	Key  []byte
	Raw  []byte
	Size int
}

// note says that a dead letter was put back. It lies among the letters, behind the one that it speaks of.
type note struct {
	LetterName
	at time.Time
}

const (
	letterVersion = 1
	noteVersion   = 2
	maxRaw        = 850 << 10
	maxKey        = 1 << 10
	maxTopicName  = 249
)

func encodeLetter(l Letter) []byte {
	raw := l.Raw[:min(len(l.Raw), maxRaw)]
	b := make([]byte, 0, len(raw)+512)
	b = append(b, letterVersion)
	b = appendText(b, clip(l.Topic, maxTopicName))
	b = binary.AppendUvarint(b, uint64(max(0, l.Partition)))
	b = binary.AppendUvarint(b, uint64(max(0, l.Offset)))
	b = appendMoment(b, l.At)
	b = appendText(b, clip(l.Reason, maxReason))
	b = appendText(b, l.Key[:min(len(l.Key), maxKey)])
	b = binary.AppendUvarint(b, uint64(max(l.Size, len(l.Raw))))
	return appendText(b, raw)
}

func decodeLetter(world alerting.World, record []byte) (Letter, error) {
	in := &input{b: record}
	if v := in.byte("version"); in.err == nil && v != letterVersion {
		in.fail("version %d is not known", v)
	}
	l := Letter{World: world}
	l.Topic = in.text("topic", maxTopicName)
	l.Partition = int(in.number("partition", 1<<31-1))
	l.Offset = int64(in.number("offset", 1<<63-1))
	l.At = in.moment("time")
	l.Reason = in.text("reason", maxReason)
	l.Key = slices.Clone(in.bytes("key", maxKey))
	l.Size = int(in.number("size", 1<<31-1))
	l.Raw = slices.Clone(in.bytes("record", maxRaw))
	if err := in.end(); err != nil {
		return Letter{}, fmt.Errorf("dead letter: %w", err)
	}
	return l, nil
}

func encodeNote(n note) []byte {
	b := appendText([]byte{noteVersion}, n.Topic)
	b = binary.AppendUvarint(b, uint64(max(0, n.Partition)))
	b = binary.AppendUvarint(b, uint64(max(0, n.Offset)))
	return appendMoment(b, n.at)
}

// decodeNote reads a note; ok is false for a record that is none.
func decodeNote(record []byte) (n note, ok bool) {
	in := &input{b: record}
	if in.byte("version") != noteVersion {
		return note{}, false
	}
	n.Topic = in.text("topic", maxTopicName)
	n.Partition = int(in.number("partition", 1<<31-1))
	n.Offset = int64(in.number("offset", 1<<63-1))
	n.at = in.moment("time")
	return n, in.end() == nil
}

// reasonOf is an error as a letter's reason: on one line.
func reasonOf(err error) string {
	return clip(strings.Join(strings.Fields(err.Error()), " "), maxReason)
}
