package process

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// brokerWires stretches a wire in front of each broker. A broker tells its clients where all brokers are, so the wires change
// these answers: a client that came by a wire stays on the wires. What the losses name does not come through; nil names none.
func brokerWires(t testing.TB, whole *sync.RWMutex, brokers []string, lost *losses) []*distance {
	t.Helper()
	instead := make(map[string]string)
	var out []*distance
	for _, broker := range brokers {
		d := stretch(t, &distance{to: broker, whole: whole, speak: func(near, far io.Reader) (requests, answers io.Reader) {
			c := &conversation{instead: instead, lost: lost, asked: make(map[uint32]question)}
			return &frames{from: near, each: c.ask}, &frames{from: far, each: c.answer}
		}})
		instead[broker] = d.Addr().String()
		out = append(out, d)
	}
	return out
}

// frames reads the frames of Kafka's protocol, a length and so many bytes, each as it shall go on.
type frames struct {
	from io.Reader
	each func(frame []byte) ([]byte, error)
	rest bytes.Reader
}

func (f *frames) Read(p []byte) (int, error) {
	if f.rest.Len() == 0 {
		var size [4]byte
		if _, err := io.ReadFull(f.from, size[:]); err != nil {
			return 0, err
		}
		frame := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(f.from, frame); err != nil {
			return 0, err
		}
		frame, err := f.each(frame)
		if err != nil {
			return 0, err
		}
		f.rest.Reset(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
	}
	return f.rest.Read(p)
}

// question is the kind of a request and the version of its form.
type question struct{ key, version int16 }

// conversation is what is said on one connection to a broker.
type conversation struct {
	// instead is the address to give for that of a broker.
	instead map[string]string
	lost    *losses

	mu    sync.Mutex
	asked map[uint32]question
}

// losses are answers to produce requests that get lost: the broker has written the records, and the connection ends before
// its client knows.
type losses struct {
	// every is which are lost: each so-many-th, the next one first; 0 means none.
	every atomic.Int64
	// answers counts them since every was set, and lost those that were lost.
	answers, lost atomic.Int64
}

// lose begins to lose each so-many-th answer, or ends it with 0.
func (l *losses) lose(every int64) {
	l.answers.Store(0)
	l.every.Store(every)
}

// next decides on one answer.
func (l *losses) next() bool {
	if l == nil {
		return false
	}
	every := l.every.Load()
	if every == 0 || (l.answers.Add(1)-1)%every != 0 {
		return false
	}
	l.lost.Add(1)
	return true
}

// ask notes a request under its number: an answer carries nothing else.
func (c *conversation) ask(frame []byte) ([]byte, error) {
	if len(frame) < 8 {
		return nil, errors.New("a request without a head")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[binary.BigEndian.Uint32(frame[4:])] = question{int16(binary.BigEndian.Uint16(frame)), int16(binary.BigEndian.Uint16(frame[2:]))}
	return frame, nil
}

// answer changes those answers that name brokers.
func (c *conversation) answer(frame []byte) ([]byte, error) {
	if len(frame) < 4 {
		return nil, errors.New("an answer without a head")
	}
	number := binary.BigEndian.Uint32(frame)
	c.mu.Lock()
	q := c.asked[number]
	delete(c.asked, number)
	c.mu.Unlock()
	key := kmsg.Key(q.key)
	if key == kmsg.Produce && c.lost.next() {
		return nil, errors.New("this answer is lost, and the connection with it")
	}
	if key != kmsg.Metadata && key != kmsg.FindCoordinator {
		return frame, nil
	}
	said := kmsg.ResponseForKey(q.key)
	said.SetVersion(q.version)
	head := 4
	if said.IsFlexible() {
		head++ // the tags of the head; brokers send none
	}
	if err := said.ReadFrom(frame[head:]); err != nil {
		return nil, err
	}
	var err error
	switch said := said.(type) {
	case *kmsg.MetadataResponse:
		for i := range said.Brokers {
			err = errors.Join(err, c.move(&said.Brokers[i].Host, &said.Brokers[i].Port))
		}
	case *kmsg.FindCoordinatorResponse:
		err = c.move(&said.Host, &said.Port)
		for i := range said.Coordinators {
			err = errors.Join(err, c.move(&said.Coordinators[i].Host, &said.Coordinators[i].Port))
		}
	}
	return said.AppendTo(frame[:head:head]), err
}

// move puts the wire in the place of a broker. A broker that no wire leads to would be a way around the cut.
func (c *conversation) move(host *string, port *int32) error {
	if *host == "" {
		return nil
	}
	at := net.JoinHostPort(*host, strconv.Itoa(int(*port)))
	instead, ok := c.instead[at]
	if !ok {
		return errors.New("no wire leads to the broker " + at)
	}
	wire, number, err := net.SplitHostPort(instead)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(number)
	*host, *port = wire, int32(n)
	return err
}
