package sim

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
)

// The channels, as the raw log and the control API name them.
const (
	SMS   = "sms"
	Push  = "push"
	Mail  = "mail"
	Siren = "siren"
)

// What an event says, column 5 of the raw log.
const (
	// Arrive: the gateway took a message for a recipient. Only these are counted as arrivals.
	Arrive = "arrive"
	// Land: a queued message reached its recipient; without queueing a message lands when it arrives and this is not written.
	Land = "land"
	// Refused: the gateway refused a message for a reason of its own (address, credentials, form).
	Refused = "refused"
	// Fault: a fault was served; detail names it.
	Fault = "fault"
	// Callback: a status callback was answered 2xx; detail has the status told and the HTTP code.
	Callback = "callback"
	// CallbackRefused: a status callback was answered 3xx or 4xx, which is final too.
	CallbackRefused = "callback-refused"
	// CallbackRetry: a status callback was answered 5xx or not at all, and is tried again.
	CallbackRetry = "callback-retry"
	// CallbackFailed: a status callback was given up.
	CallbackFailed = "callback-failed"
	// Mark: a line for the reader: reset, mark, stop.
	Mark = "mark"
)

// Event is one line of the raw log.
type Event struct {
	// Time is when it happened; zero means now.
	Time    time.Time
	Channel string
	// Recipient is the number, subscription id, mail address or siren id, as the request named it.
	Recipient string
	// Alert is what the message belongs to: see the package comment for how it is found per channel.
	Alert  string
	Kind   string
	Detail string
	// Gateway is the listener's name; empty means that it equals Channel.
	Gateway string
	// Units is what the message weighs at the gateway (SMS segments); 0 counts as 1. It is not part of the line.
	Units int
	// Sent is when the sender says it sent the message; zero when it does not say. It is not part of the line.
	Sent time.Time
}

// flushEvery is how old a buffered line may get; flushAt is the size that is written at once.
const (
	flushEvery = 100 * time.Millisecond
	flushAt    = 1 << 20
)

// Log is the raw log: an append-only file of tab separated lines
//
//	unix-microseconds  channel  recipient  alert  kind  detail  gateway
//
// An empty field is "-", and no field holds a tab or a line break, so the file can be counted again with cut, sort and
// uniq. Lines are in the order of Append; safe for many goroutines.
type Log struct {
	mu    sync.Mutex
	buf   []byte
	size  int64
	reset int64
	err   error

	write sync.Mutex // held while spare is written, so that chunks keep their order
	spare []byte

	file *os.File
	temp bool
}

// openLog opens the file for appending; an empty path makes a temporary file that Close removes.
func openLog(path string) (*Log, error) {
	var file *os.File
	var err error
	if path == "" {
		file, err = os.CreateTemp("", "gatewaysim-*.tsv")
	} else {
		file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("open raw log: %w", err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open raw log: %w", err), file.Close())
	}
	l := &Log{file: file, temp: path == "", size: size, reset: size}
	l.buf = make([]byte, 0, flushAt+4096)
	l.spare = make([]byte, 0, flushAt+4096)
	return l, nil
}

// Append adds a line. It costs a copy; the file is written by Flush, or here when a whole chunk has come together.
func (l *Log) Append(e Event) {
	l.mu.Lock()
	before := len(l.buf)
	l.buf = strconv.AppendInt(l.buf, e.Time.UnixMicro(), 10)
	l.buf = appendField(l.buf, e.Channel)
	l.buf = appendField(l.buf, e.Recipient)
	l.buf = appendField(l.buf, e.Alert)
	l.buf = appendField(l.buf, e.Kind)
	l.buf = appendField(l.buf, e.Detail)
	if e.Gateway == "" {
		e.Gateway = e.Channel
	}
	l.buf = appendField(l.buf, e.Gateway)
	l.buf = append(l.buf, '\n')
	l.size += int64(len(l.buf) - before)
	full := len(l.buf) >= flushAt
	l.mu.Unlock()
	if full {
		_ = l.Flush() // kept in l.err, which the next asked-for Flush returns
	}
}

// appendField writes a tab and the field; control characters become spaces and nothing becomes "-".
func appendField(b []byte, field string) []byte {
	b = append(b, '\t')
	if field == "" {
		return append(b, '-')
	}
	start := len(b)
	b = append(b, field...)
	for i := start; i < len(b); i++ {
		if b[i] < ' ' || b[i] == 0x7f {
			b[i] = ' '
		}
	}
	return b
}

// Flush writes what is buffered. A disk error stays: every later Flush returns it.
func (l *Log) Flush() error {
	l.write.Lock()
	defer l.write.Unlock()
	l.mu.Lock()
	if l.err != nil || len(l.buf) == 0 {
		defer l.mu.Unlock()
		l.buf = l.buf[:0]
		return l.err
	}
	l.buf, l.spare = l.spare[:0], l.buf
	l.mu.Unlock()
	if _, err := l.file.Write(l.spare); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = fmt.Errorf("write raw log: %w", err)
		return l.err
	}
	return nil
}

// Path is the file's name.
func (l *Log) Path() string { return l.file.Name() }

// Size is the length of the log in bytes, buffered lines included.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// Err is why the log stopped growing, nil while it grows.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// since is where the lines begin that belong to the present counting.
func (l *Log) since() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reset
}

// markReset makes the present end the beginning of a new counting.
func (l *Log) markReset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reset = l.size
}

// close flushes and closes the file.
func (l *Log) close() error {
	err := errors.Join(l.Flush(), l.file.Close())
	if l.temp {
		err = errors.Join(err, os.Remove(l.file.Name()))
	}
	return err
}
