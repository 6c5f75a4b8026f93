package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strconv"
	"syscall"
	"time"

	"tocsin/channels"
)

// session is one connection that has said hello. It belongs to one sender at a time.
type session struct {
	config *Config
	wire   *wire
	client *smtp.Client
	// pipelined means that the relay takes all commands of a transaction at once (RFC 2920).
	pipelined bool
	born      time.Time
	last      time.Time
	uses      int
	// stage is how far the message came.
	stage stage
	// begun is true while a transaction may be begun and not ended: RSET comes before the next.
	begun bool
	// broken means that this connection carries nothing more.
	broken bool
	// out is where what goes out in one write is put together.
	out []byte
}

type stage int

const (
	stageMail stage = iota
	stageRcpt
	stageData
	stageBody
	stageEnd // the last byte is on its way
)

// begin bounds what follows by the context; the result ends that.
func (s *session) begin(ctx context.Context) func() {
	s.wire.budget = maxAnswers
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(channels.SendTimeout)
	}
	s.wire.limit(deadline)
	stop := context.AfterFunc(ctx, func() { s.wire.limit(time.Unix(1, 0)) })
	return func() {
		if !stop() {
			// The deadline was moved into the past, or soon will be.
			s.broken = true
		}
	}
}

// deliver hands one message over and gives the relay's name for it.
func (s *session) deliver(ctx context.Context, m message) (string, *channels.Failure) {
	defer s.begin(ctx)()
	s.stage = stageMail
	s.uses++
	reference, err := s.transact(m)
	if err == nil {
		return reference, nil
	}
	f := s.failure(err)
	var said *answer
	switch {
	case errors.As(err, &said):
		// A code that is no refusal means that we and the relay no longer speak of the same command.
		s.broken = s.broken || f.Class == channels.Busy || !said.refusal()
		s.begun = s.stage != stageEnd
	case !errors.Is(err, errCapacity):
		s.broken = true
	}
	return "", f
}

// transact is one mail transaction (RFC 5321 §3.3): the envelope, and the message once that is taken.
func (s *session) transact(m message) (string, error) {
	if err := s.envelope(m); err != nil {
		return "", err
	}
	s.stage = stageBody
	// It needs no dot-stuffing: no line of a message begins with a dot.
	s.out = append(append(append(s.out[:0], m.own...), m.shared...), "\r\n.\r\n"...)
	if err := s.put(s.out); err != nil {
		return "", err
	}
	s.stage = stageEnd
	said, err := s.hear(250)
	if err != nil {
		return "", err
	}
	if s.wire.cut != nil {
		// net/textproto takes a line that was cut off for a whole one.
		return "", s.wire.cut
	}
	s.begun = false
	return reference(said, m.to), nil
}

// command is one line of an envelope, and the code of a good answer: 25 stands for 250 to 259.
type command struct {
	stage stage
	line  string
	good  int
}

// envelope says from whom and to whom, and asks to go on. A relay that pipelines is told all of it in one write.
func (s *session) envelope(m message) error {
	from, err := s.mailFrom(m)
	if err != nil {
		return err
	}
	commands := []command{{stageMail, "RSET\r\n", 250}, {stageMail, from, 250},
		{stageRcpt, "RCPT TO:<" + m.to + ">\r\n", 25}, {stageData, "DATA\r\n", 354}}
	if !s.begun {
		commands = commands[1:]
	}
	s.begun = true
	if s.pipelined {
		return s.together(commands)
	}
	for _, c := range commands {
		s.stage = c.stage
		if err := s.put([]byte(c.line)); err != nil {
			return err
		}
		if _, err := s.hear(c.good); err != nil {
			return err
		}
	}
	return nil
}

// together says all commands and then hears the answers. The first refusal counts; the relay refuses the rest for it.
func (s *session) together(commands []command) error {
	s.out = s.out[:0]
	for _, c := range commands {
		s.out = append(s.out, c.line...)
	}
	s.stage = stageMail
	if err := s.put(s.out); err != nil {
		return err
	}
	for i, c := range commands {
		s.stage = c.stage
		if _, err := s.hear(c.good); err != nil {
			s.skip(err, commands[i+1:])
			return err
		}
	}
	return nil
}

// skip hears what the relay answers to the commands that came after a refused one. If it wants a message all the same, it
// gets none: without the final dot nothing is delivered (RFC 5321 §4.1.1.4).
func (s *session) skip(refused error, rest []command) {
	var said *answer
	if !errors.As(refused, &said) || !said.refusal() || said.code == 421 {
		s.broken = true
		return
	}
	for _, c := range rest {
		_, err := s.hear(c.good)
		if c.stage == stageData && err == nil || err != nil && !errors.As(err, &said) {
			s.broken = true
			return
		}
	}
}

// mailFrom is the MAIL command with what the relay offers to be told.
func (s *session) mailFrom(m message) (string, error) {
	line := "MAIL FROM:<" + s.config.EnvelopeFrom + ">"
	if ok, _ := s.client.Extension("8BITMIME"); ok {
		line += " BODY=8BITMIME"
	}
	if ok, _ := s.client.Extension("SIZE"); ok {
		line += " SIZE=" + strconv.Itoa(m.size())
	}
	if !ascii(m.to) {
		if ok, _ := s.client.Extension("SMTPUTF8"); !ok {
			return "", errCapacity
		}
		line += " SMTPUTF8"
	}
	return line + "\r\n", nil
}

// put writes to the relay, in one write of the connection.
func (s *session) put(p []byte) error {
	if _, err := s.client.Text.W.Write(p); err != nil {
		return err
	}
	return s.client.Text.W.Flush()
}

// hear reads one answer; one with another code is an *answer.
func (s *session) hear(good int) (string, error) {
	_, text, err := s.client.Text.ReadResponse(good)
	return text, answered(err)
}

// noop asks whether the relay is there.
func (s *session) noop(ctx context.Context) *channels.Failure {
	defer s.begin(ctx)()
	s.stage = stageMail
	if err := answered(s.client.Noop()); err != nil {
		s.broken = true
		return s.failure(err)
	}
	return nil
}

// drop closes the connection without a word.
func (s *session) drop() {
	s.broken = true
	_ = s.wire.Close()
}

// failure judges an error of a transaction by the stage it came from.
func (s *session) failure(err error) *channels.Failure {
	var said *answer
	switch {
	case errors.As(err, &said):
		// What a relay that answers puts off (greylisting) is this recipient, not the way to all of them.
		return &channels.Failure{Class: said.class(s.stage), Reason: said.reason(), Alone: true, Err: errAnswered}
	case errors.Is(err, errCapacity):
		return &channels.Failure{Class: channels.Rejected, Reason: "mail: " + err.Error(), Err: err}
	case s.stage == stageEnd && s.wire.failed == nil:
		return &channels.Failure{Class: channels.Lost, Reason: "mail: " + trouble(err), Err: scrub(err)}
	}
	return untaken(err)
}

// opening judges an error that came before the first message: it concerns every delivery alike.
func (s *session) opening(err error) *channels.Failure {
	var said *answer
	switch {
	case errors.As(err, &said):
		return &channels.Failure{Class: channels.Busy, Reason: said.reason() + " before any message", Err: errAnswered}
	case errors.Is(err, errNoAuth), errors.Is(err, errNoTLS):
		return &channels.Failure{Class: channels.Busy, Reason: "mail: the relay does not offer what the configuration asks for", Err: err}
	}
	return untaken(err)
}

// untaken is a failure of the way to the relay: nothing was handed over.
func untaken(err error) *channels.Failure {
	return &channels.Failure{Class: channels.Transient, Reason: "mail: " + trouble(err), Err: scrub(err)}
}

// errAnswered stands for the relay's own words, which may repeat the address.
var errAnswered = errors.New("refused by the relay")

// scrub keeps an error's identity without the words of a relay that talks nonsense.
func scrub(err error) error {
	var protocol textproto.ProtocolError
	if errors.As(err, &protocol) {
		return errors.New("not an SMTP answer")
	}
	return err
}

// trouble names a network error without the addresses that its text may hold.
func trouble(err error) string {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		protocol    textproto.ProtocolError
		timeout     net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "given up"
	case errors.Is(err, errClosed), errors.Is(err, errTooLong):
		return err.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed by the relay"
	case errors.As(err, &dns):
		return "name not resolved"
	case errors.As(err, &certificate), errors.As(err, &authority):
		return "certificate not trusted"
	case errors.As(err, &protocol):
		return "an answer that makes no sense"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	return "connection failed"
}
