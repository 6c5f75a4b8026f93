package sim

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// SMTPConfig says how the mail gateway behaves.
type SMTPConfig struct {
	// Domain is what it calls itself; default "gatewaysim.test".
	Domain string
	// MaxBytes bounds a message; default 10 MiB.
	MaxBytes int64
	// MaxRecipients bounds the recipients of a message; default 1000.
	MaxRecipients int
	// User and Password, when set, are demanded (AUTH PLAIN).
	User, Password string
	// Taken, if set, is shown every message for each recipient, once it is in the raw log; it must not keep the bytes.
	Taken func(to string, message []byte)
}

func (c *SMTPConfig) fill() {
	if c.Domain == "" {
		c.Domain = "gatewaysim.test"
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 10 << 20
	}
	c.MaxRecipients = or(c.MaxRecipients, 1000)
}

// AlertHeader is the mail header field that names the alert: 32 hexadecimal digits.
const AlertHeader = "X-Tocsin-Alert"

// idleMail is how long a connection may be silent (RFC 5321 §4.5.3.2.7).
const idleMail = 5 * time.Minute

func serveMail(ctx context.Context, s *Sim, ln net.Listener, name string) error {
	backend := smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &mailSession{Sim: s, ctx: ctx, name: name, smtp: c, conn: mailConnOf(c.Conn())}, nil
	})
	server := smtp.NewServer(backend)
	server.Domain = s.cfg.SMTP.Domain
	server.MaxMessageBytes = s.cfg.SMTP.MaxBytes
	server.MaxRecipients = s.cfg.SMTP.MaxRecipients
	server.AllowInsecureAuth = true
	server.EnableSMTPUTF8, server.EnableDSN = true, true
	server.ReadTimeout, server.WriteTimeout = idleMail, idleMail
	server.TLSConfig = s.cfg.TLS
	server.ErrorLog = slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug)
	// The server cannot be closed twice at a time, so the one closing is waited for.
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = server.Close() // the listener may be closed already
	})
	err := server.Serve(mailListener{ln})
	if !stop() {
		<-closed
		return nil
	}
	_ = server.Close() // ends the sessions that outlive the listener
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// mailListener makes every connection one whose replies can be spoilt.
type mailListener struct{ net.Listener }

func (l mailListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &mailConn{Conn: c}, nil
}

// mailConn is a connection whose next reply may drip, be the last, or be replaced. Only its session touches it.
type mailConn struct {
	net.Conn
	ctx  context.Context
	drip time.Duration
	last bool
	junk bool
}

// NetConn is the connection beneath.
func (c *mailConn) NetConn() net.Conn { return c.Conn }

// Write sends a reply in the manner that was set for it.
func (c *mailConn) Write(b []byte) (int, error) {
	var n int
	var err error
	switch {
	case c.junk:
		c.junk = false
		_, err = c.Conn.Write([]byte("2x0 \xff\xfe{\r\n"))
		n = len(b)
	case c.drip > 0:
		for n < len(b) && err == nil {
			_, err = c.Conn.Write(b[n : n+1])
			n++
			if err == nil && !pause(c.ctx, c.drip) {
				err = net.ErrClosed
			}
		}
		c.drip = 0
	default:
		n, err = c.Conn.Write(b)
	}
	if c.last {
		return n, errors.Join(err, c.Conn.Close())
	}
	return n, err
}

// mailConnOf finds ours under TLS.
func mailConnOf(c net.Conn) *mailConn {
	for {
		switch t := c.(type) {
		case *mailConn:
			return t
		case interface{ NetConn() net.Conn }:
			c = t.NetConn()
		default:
			return &mailConn{Conn: c}
		}
	}
}

// mailSession is one client's conversation.
type mailSession struct {
	*Sim
	ctx    context.Context
	name   string
	smtp   *smtp.Conn
	conn   *mailConn
	authed bool

	rcpts   []mailRcpt
	verdict Verdict // the fault to serve after DATA
	buf     bytes.Buffer
}

type mailRcpt struct {
	to     string
	queued bool
	land   time.Time
}

// AuthMechanisms offers PLAIN when the gateway has a user.
func (m *mailSession) AuthMechanisms() []string {
	if m.cfg.SMTP.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth checks user and password.
func (m *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		conf := &m.cfg.SMTP
		if subtle.ConstantTimeCompare([]byte(user), []byte(conf.User))&subtle.ConstantTimeCompare([]byte(password), []byte(conf.Password)) != 1 {
			m.Record(Event{Channel: Mail, Gateway: m.name, Kind: Refused, Detail: "535 authentication failed"})
			return smtp.ErrAuthFailed
		}
		m.authed = true
		return nil
	}), nil
}

// Mail begins a message.
func (m *mailSession) Mail(string, *smtp.MailOptions) error {
	if m.cfg.SMTP.User != "" && !m.authed {
		return smtp.ErrAuthRequired
	}
	return nil
}

// Rcpt judges one recipient.
func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	v := m.faults.Judge(Ask{Channel: Mail, Gateway: m.name, Recipient: to})
	if v.Delay > 0 && !pause(m.ctx, v.Delay) {
		return m.busy("closing down")
	}
	if v.Kind != "" && !v.Kind.Taken() {
		return m.refuse(to, &v)
	}
	if v.Kind != "" {
		m.verdict = v
	}
	m.rcpts = append(m.rcpts, mailRcpt{to: to, queued: v.Queued, land: v.Land})
	return nil
}

// busy is 421, after which the connection ends (RFC 5321 §3.8).
func (m *mailSession) busy(message string) error {
	m.conn.last = true
	return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: message}
}

// refuse serves a fault that takes nothing.
func (m *mailSession) refuse(to string, v *Verdict) error {
	m.Record(Event{Channel: Mail, Gateway: m.name, Recipient: to, Kind: Fault, Detail: faultName(v)})
	switch v.Kind {
	case Stall:
		m.wait()
		return m.busy("closing down")
	case ResetBefore:
		reset(m.conn)
		return m.busy("closing down")
	}
	code := smtpCode(v)
	if v.Kind == Refuse {
		m.Record(Event{Channel: Mail, Gateway: m.name, Recipient: to, Kind: Refused, Detail: "asked for: " + strconv.Itoa(code)})
	}
	return m.coded(code)
}

// smtpCode reads the status of a rule as an SMTP code. Rules are often meant for all channels, so HTTP statuses become
// their SMTP kin: 429 is 421, 500 to 529 are 451, other 4xx are 550.
func smtpCode(v *Verdict) int {
	switch code := v.Rule.Status; {
	case v.Kind == Limit:
		return 421
	case v.Kind == Error200 || v.Kind == Redirect:
		return 451
	case code == 0 && v.Kind == Refuse:
		return 550
	case code == http.StatusTooManyRequests:
		return 421
	case code == 421 || code >= 450 && code < 460 || code >= 530:
		return code
	case code >= 400 && code < 500:
		return 550
	}
	return 451
}

// coded is a refusal with an SMTP code of the rule's choice.
func (m *mailSession) coded(code int) error {
	switch code {
	case 421:
		return m.busy("Too many messages, try again later")
	case 450:
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, try again later"}
	case 550:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
	case 552:
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "Mailbox full"}
	}
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: "Refused as asked for"}
}

// wait blocks until the peer hangs up or the simulator closes.
func (m *mailSession) wait() {
	_ = m.conn.SetReadDeadline(time.Time{}) // fails only on a closed connection, and then Read does too
	b := make([]byte, 512)
	for {
		if _, err := m.conn.Read(b); err != nil {
			return
		}
	}
}

// Data takes the message for all recipients that were not refused.
func (m *mailSession) Data(r io.Reader) error {
	m.buf.Reset()
	if _, err := m.buf.ReadFrom(r); err != nil {
		var smtpErr *smtp.SMTPError
		if errors.As(err, &smtpErr) {
			m.Record(Event{Channel: Mail, Gateway: m.name, Kind: Refused, Detail: strconv.Itoa(smtpErr.Code) + " message"})
			return smtpErr
		}
		return err
	}
	alert, sent := mailAlert(m.buf.Bytes())
	detail := "size=" + strconv.Itoa(m.buf.Len())
	for _, to := range m.rcpts {
		m.Record(Event{Channel: Mail, Gateway: m.name, Recipient: to.to, Alert: alert, Kind: Arrive, Detail: detail, Sent: sent})
		if m.cfg.SMTP.Taken != nil {
			m.cfg.SMTP.Taken(to.to, m.buf.Bytes())
		}
		if !to.queued {
			continue
		}
		land := chore{kind: choreLand, due: to.land, channel: Mail, gateway: m.name, recipient: to.to, alert: alert}
		if err := m.landings.queue(m.name, land); err != nil {
			m.logger.Error("file a landing", "gateway", m.name, "err", err)
		}
	}
	return m.spoil(alert)
}

// spoil serves a fault after the message was taken.
func (m *mailSession) spoil(alert string) error {
	v := m.verdict
	if v.Kind == "" {
		return nil
	}
	m.Record(Event{Channel: Mail, Gateway: m.name, Alert: alert, Kind: Fault, Detail: faultName(&v)})
	switch v.Kind {
	case Hang:
		m.wait()
	case ResetAfter:
		reset(m.conn)
	case Drip:
		m.conn.ctx, m.conn.drip = m.ctx, time.Duration(v.Rule.Delay)
		if m.conn.drip == 0 {
			m.conn.drip = time.Second
		}
	case BadJSON:
		m.conn.junk = true
	case BigBody:
		return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: strings.Repeat("x", bigBody)}
	}
	return nil
}

// Reset ends a message.
func (m *mailSession) Reset() {
	m.rcpts, m.verdict = m.rcpts[:0], Verdict{}
}

// Logout ends the session.
func (m *mailSession) Logout() error { return nil }

// mailAlert finds the alert of a message, its header field or a hash of the subject when it has none, and when it was sent.
func mailAlert(message []byte) (alert string, sent time.Time) {
	var subject []byte
	for len(message) > 0 {
		var line []byte
		line, message, _ = bytes.Cut(message, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case equalFold(name, AlertHeader):
			alert = string(value)
		case equalFold(name, "Subject"):
			subject = value
		case equalFold(name, SentHeader):
			sent = sentAt(value)
		}
	}
	if alert == "" {
		alert = shortHash(subject)
	}
	return alert, sent
}
