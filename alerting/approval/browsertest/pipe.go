package browsertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// pipe speaks the DevTools protocol: JSON messages, each ended by a zero byte.
type pipe struct {
	to, from *os.File
	reader   *bufio.Reader
	last     int
	loaded   map[string]bool // documents that the page has loaded
}

// message is a command, the answer to one, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// pipes makes the two pipes; theirs are the ends that the browser reads from and writes to.
func pipes() (ours pipe, theirs []*os.File, err error) {
	theirRead, to, err := os.Pipe()
	if err != nil {
		return pipe{}, nil, err
	}
	from, theirWrite, err := os.Pipe()
	if err != nil {
		return pipe{}, nil, errors.Join(err, theirRead.Close(), to.Close())
	}
	return pipe{to: to, from: from, reader: bufio.NewReader(from), loaded: map[string]bool{}}, []*os.File{theirRead, theirWrite}, nil
}

func (p *pipe) close() error { return errors.Join(p.to.Close(), p.from.Close()) }

// call sends a command, and reads until its answer.
func (p *pipe) call(session, method string, params map[string]any, answer any) error {
	p.last++
	m := message{ID: p.last, Session: session, Method: method}
	var err error
	if m.Params, err = json.Marshal(params); err != nil {
		return err
	}
	if params == nil {
		m.Params = nil
	}
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	if err := errors.Join(p.to.SetWriteDeadline(deadline), p.from.SetReadDeadline(deadline)); err != nil {
		return err
	}
	if _, err := p.to.Write(append(line, 0)); err != nil {
		return err
	}
	for {
		m, err := p.read()
		switch {
		case err != nil:
			return err
		case m.ID != p.last:
		case m.Error != nil:
			return errors.New(m.Error.Message)
		case answer == nil:
			return nil
		default:
			return json.Unmarshal(m.Result, answer)
		}
	}
}

// awaitLoaded reads until a document is loaded.
func (p *pipe) awaitLoaded(document string) error {
	if err := p.from.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for !p.loaded[document] {
		if _, err := p.read(); err != nil {
			return err
		}
	}
	return nil
}

// read takes the next message, and keeps of the events what awaitLoaded needs.
func (p *pipe) read() (message, error) {
	line, err := p.reader.ReadBytes(0)
	if err != nil {
		return message{}, fmt.Errorf("the browser says nothing more: %w", err)
	}
	var m message
	if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
		return message{}, err
	}
	if m.Method == "Page.lifecycleEvent" {
		var event struct {
			Document string `json:"loaderId"`
			Name     string `json:"name"`
		}
		if err := json.Unmarshal(m.Params, &event); err != nil {
			return message{}, err
		}
		if event.Name == "load" {
			p.loaded[event.Document] = true
		}
	}
	return m, nil
}
