package sim

import (
	"context"
	"crypto/tls"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// CallbackConfig says how status callbacks are posted. The zero value: "sent" and then the final status, both at once.
type CallbackConfig struct {
	// SentAfter and FinalAfter are counted from the landing of the message.
	SentAfter, FinalAfter time.Duration
	// NoSent leaves the "sent" callback out.
	NoSent bool
	// Concurrency is how many are posted at once, each on a connection that is kept; default 16.
	Concurrency int
	// Retries is how often one is posted again that was answered 5xx or not at all; default 3, negative: never.
	Retries int
	// RetryAfter is the wait before the first retry, doubled for each further one; default 1 s.
	RetryAfter time.Duration
	// Timeout bounds one try; default 15 s, as Twilio's.
	Timeout time.Duration
	// TLS is for https callbacks (RootCAs); nil: the system's roots.
	TLS *tls.Config
}

func (c *CallbackConfig) fill() {
	c.Concurrency = max(1, or(c.Concurrency, 16))
	c.Retries = max(0, or(c.Retries, 3))
	if c.RetryAfter <= 0 {
		c.RetryAfter = time.Second
	}
	if c.Timeout <= 0 {
		c.Timeout = 15 * time.Second
	}
}

// poster posts status callbacks with bounded concurrency; what it cannot post yet waits in the queues of later.
type poster struct {
	*Sim
	work chan chore
	busy atomic.Int64
}

func newPoster(s *Sim) *poster {
	return &poster{Sim: s, work: make(chan chore, 2*s.cfg.Callbacks.Concurrency)}
}

// offer hands a due callback to a free worker and waits for one.
func (p *poster) offer(ctx context.Context, c chore) {
	select {
	case p.work <- c:
	case <-ctx.Done():
	}
}

// run posts until ctx ends.
func (p *poster) run(ctx context.Context) {
	var wg sync.WaitGroup
	for range p.cfg.Callbacks.Concurrency {
		wg.Go(func() {
			caller := newCaller(&p.cfg.Callbacks, p.cfg.Account.Token)
			stop := context.AfterFunc(ctx, caller.hangUp)
			defer stop()
			for {
				select {
				case <-ctx.Done():
					return
				case c := <-p.work:
					p.busy.Add(1)
					p.tell(ctx, caller, c)
					p.busy.Add(-1)
				}
			}
		})
	}
	wg.Wait()
}

// landed is told by the landing queue that a message reached its recipient.
func (s *Sim) landed(_ context.Context, c chore) {
	s.Record(Event{Time: c.due, Channel: c.channel, Gateway: c.gateway, Recipient: c.recipient, Alert: c.alert, Kind: Land})
	if c.url == "" {
		return
	}
	c.kind, c.due = choreSent, c.due.Add(s.cfg.Callbacks.SentAfter)
	if err := s.later.after(c.first().Sub(s.now()), c); err != nil {
		s.logger.Error("file a callback", "gateway", c.gateway, "err", err)
	}
}

// tellAll posts the whole story at once, before the message itself is answered.
func (p *poster) tellAll(ctx context.Context, c chore) {
	caller := newCaller(&p.cfg.Callbacks, p.cfg.Account.Token)
	defer caller.hangUp()
	c.final = p.now()
	p.tell(ctx, caller, c)
}

// tell posts one callback and goes on to what follows it.
func (p *poster) tell(ctx context.Context, caller *caller, c chore) {
	if c.kind == choreFinal || c.flags&flagNoSent != 0 {
		p.tellFinal(ctx, caller, c)
		return
	}
	if c.flags&(flagSwap|flagOnly) == flagSwap {
		p.tellFinal(ctx, caller, c)
		c.flags |= flagOnly
	}
	p.post(ctx, caller, c, "sent")
	if c.flags&flagOnly != 0 {
		return
	}
	c.kind, c.attempt = choreFinal, 0
	if wait := c.final.Sub(p.now()); wait > 0 {
		p.file(wait, c)
		return
	}
	p.tellFinal(ctx, caller, c)
}

func (p *poster) tellFinal(ctx context.Context, caller *caller, c chore) {
	c.kind = choreFinal
	if c.flags&flagDrop != 0 {
		return
	}
	p.post(ctx, caller, c, finalStatus(c.flags))
	if c.flags&flagTwice != 0 && c.attempt == 0 {
		p.post(ctx, caller, c, finalStatus(c.flags))
	}
}

// post makes one try, logs what came of it, and files a retry when another may help.
func (p *poster) post(ctx context.Context, caller *caller, c chore, status string) {
	e := Event{Channel: c.channel, Gateway: c.gateway, Recipient: c.recipient, Alert: c.alert, Kind: Callback}
	code, err := caller.call(ctx, p.form(caller, &c, status), c.url)
	if ctx.Err() != nil {
		return
	}
	e.Detail = status + " " + strconv.Itoa(code)
	if err != nil {
		e.Detail = status + " no answer"
	}
	switch {
	case err == nil && code < 500:
		if code >= 300 {
			e.Kind = CallbackRefused
		}
		p.Record(e)
	case int(c.attempt) < p.cfg.Callbacks.Retries:
		e.Kind, e.Detail = CallbackRetry, e.Detail+" try "+strconv.Itoa(int(c.attempt)+1)
		p.Record(e)
		wait := p.cfg.Callbacks.RetryAfter << c.attempt
		c.attempt++
		c.flags = c.flags&^flagTwice | flagOnly
		p.file(wait, c)
	default:
		e.Kind = CallbackFailed
		p.Record(e)
	}
}

func (p *poster) file(wait time.Duration, c chore) {
	if err := p.later.after(wait, c); err != nil {
		p.logger.Error("file a callback", "gateway", c.gateway, "err", err)
	}
}

// param is one form field; they are filled in alphabetical order, which is also the order of the signature.
type param struct{ name, value string }

// form lists the fields of a callback as Twilio posts them.
func (p *poster) form(caller *caller, c *chore, status string) []param {
	m, _ := p.sent.get(c.seq)
	sid := string(p.sent.sid(make([]byte, 0, 34), c.seq))
	from := p.texts.at(m.from).plain
	f := append(caller.params[:0], param{"AccountSid", p.cfg.Account.SID}, param{"ApiVersion", "2010-04-01"})
	if c.code != 0 && status != "sent" {
		f = append(f, param{"ErrorCode", strconv.Itoa(int(c.code))})
	}
	if c.flags&flagService == 0 {
		f = append(f, param{"From", from})
	}
	f = append(f, param{"MessageSid", sid}, param{"MessageStatus", status})
	if c.flags&flagService != 0 {
		f = append(f, param{"MessagingServiceSid", from})
	}
	f = append(f, param{"SmsSid", sid}, param{"SmsStatus", status}, param{"To", c.recipient})
	caller.params = f
	return f
}
