package sim

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// AccountConfig is the account of the SMS gateway. Twilio's form: the SID is "AC" and 32 hexadecimal digits.
type AccountConfig struct {
	SID string
	// Token authenticates requests and signs callbacks.
	Token string
	// KeySID and KeySecret are an API key that is accepted beside SID and Token; empty: none.
	KeySID, KeySecret string
}

// The account that is played when none is given.
const (
	DefaultAccount = "AC00000000000000000000000000000001"
	DefaultToken   = "00000000000000000000000000000002"
)

func (a *AccountConfig) fill() {
	if a.SID == "" {
		a.SID = DefaultAccount
	}
	if a.Token == "" {
		a.Token = DefaultToken
	}
}

// credentials are the values of Authorization that are accepted (RFC 7617).
func (a *AccountConfig) credentials() [][]byte {
	basic := func(user, password string) []byte {
		return []byte("Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	list := [][]byte{basic(a.SID, a.Token)}
	if a.KeySID != "" {
		list = append(list, basic(a.KeySID, a.KeySecret))
	}
	return list
}

// smsGateway plays Twilio's Messages resource on one listener.
type smsGateway struct {
	*Sim
	name string
	// messages is the path of the collection without ".json"
	messages string
	accepted [][]byte
}

func serveSMS(ctx context.Context, s *Sim, ln net.Listener, name string) error {
	g := &smsGateway{Sim: s, name: name, messages: "/2010-04-01/Accounts/" + s.cfg.Account.SID + "/Messages",
		accepted: s.cfg.Account.credentials()}
	return serveWire(ctx, ln, s.cfg.TLS, g.handle)
}

func (g *smsGateway) handle(ctx context.Context, x *exchange) {
	path := x.path
	switch {
	case string(path) == elsewhere:
		g.followed(x, SMS, g.name)
	case !bytes.HasPrefix(path, []byte("/2010-04-01/Accounts/")):
		twilioError(x, http.StatusNotFound, 20404, "The requested resource was not found")
	case string(x.method) == http.MethodPost && bytes.HasSuffix(path, []byte("/Messages.json")):
		g.create(ctx, x)
	case !g.authorised(x):
		twilioError(x, http.StatusUnauthorized, 20003, "Authenticate")
	case string(x.method) == http.MethodGet && bytes.HasPrefix(path, []byte(g.messages+"/")):
		g.fetch(x, strings.TrimSuffix(string(path[len(g.messages)+1:]), ".json"))
	case string(x.method) == http.MethodGet && string(path) == strings.TrimSuffix(g.messages, "/Messages")+".json":
		g.account(x)
	case bytes.HasPrefix(path, []byte(g.messages)):
		twilioError(x, http.StatusMethodNotAllowed, 20004, "Method not allowed")
	default:
		twilioError(x, http.StatusNotFound, 20404, "The requested resource was not found")
	}
}

func (g *smsGateway) authorised(x *exchange) bool {
	given := x.header("Authorization")
	for _, want := range g.accepted {
		if subtle.ConstantTimeCompare(given, want) == 1 {
			return true
		}
	}
	return false
}

// twilioError is an error as the REST API words it: code, message, more_info, status.
func twilioError(x *exchange, status, code int, message string) {
	if code == 0 {
		code = 20000 + status%1000 // 20429 for 429, 20500 for 500 and so on
		if status == http.StatusOK {
			code = 20500
		}
	}
	x.status = status
	b := append(x.out[:0], `{"code": `...)
	b = strconv.AppendInt(b, int64(code), 10)
	b = append(append(b, `, "message": "`...), message...)
	b = append(b, `", "more_info": "https://www.twilio.com/docs/errors/`...)
	b = strconv.AppendInt(b, int64(code), 10)
	b = append(b, `", "status": `...)
	b = strconv.AppendInt(b, int64(status), 10)
	x.out = append(b, '}')
}

// smsRefusal words a fault's refusal with Twilio's own text where the code has one.
func smsRefusal(x *exchange, status, code int, message string) {
	switch code {
	case 21211:
		message = "Invalid 'To' Phone Number"
	case 21610:
		message = "Attempt to send to unsubscribed recipient"
	case 21614:
		message = "'To' number is not a valid mobile number"
	case 21408:
		message = "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"
	}
	twilioError(x, status, code, message)
}

// create takes a message: POST Messages.json.
func (g *smsGateway) create(ctx context.Context, x *exchange) {
	form, ok := parseForm(x)
	if !ok {
		twilioError(x, http.StatusBadRequest, 20001, "Invalid form")
		return
	}
	body := g.texts.intern(form.body)
	e := Event{Channel: SMS, Gateway: g.name, Recipient: string(form.to), Alert: alertOf(&form, x.query, body), Units: body.segments}
	ask := Ask{Channel: SMS, Gateway: g.name, Recipient: e.Recipient, Units: body.segments}
	v := g.faults.Judge(ask)
	if (v.Delay > 0 || v.Kind != "") && g.before(ctx, x, &v, e, smsRefusal) {
		return
	}
	if status, code, message := g.check(x, &form); code != 0 {
		e.Kind, e.Detail = Refused, strconv.Itoa(status)+" "+strconv.Itoa(code)
		g.Record(e)
		twilioError(x, status, code, message)
		return
	}
	g.take(ctx, x, &form, body, e, v)
	g.after(x, &v, e)
}

// check finds what Twilio would refuse by itself.
func (g *smsGateway) check(x *exchange, f *smsForm) (status, code int, message string) {
	switch {
	case !g.authorised(x):
		return http.StatusUnauthorized, 20003, "Authenticate"
	case string(x.path) != g.messages+".json":
		return http.StatusNotFound, 20404, "The requested resource was not found"
	case len(f.to) == 0:
		return http.StatusBadRequest, 21604, "A 'To' phone number is required."
	case len(f.from) == 0 && len(f.service) == 0:
		return http.StatusBadRequest, 21603, "A 'From' phone number is required."
	case len(f.body) == 0:
		return http.StatusBadRequest, 21602, "Message body is required."
	case !isE164(f.to):
		return http.StatusBadRequest, 21211, "Invalid 'To' Phone Number"
	case f.tooLong():
		return http.StatusBadRequest, 21617, "The concatenated message body exceeds the 1600 character limit"
	case !f.callbackUsable():
		return http.StatusBadRequest, 21609, "The 'StatusCallback' URL is not a valid URL"
	case len(f.validity) > 0 && f.validFor() == 0:
		return http.StatusBadRequest, 20001, "ValidityPeriod must be between 1 and 36000"
	}
	return 0, 0, ""
}

// take keeps the message, plans its story and writes the true answer.
func (g *smsGateway) take(ctx context.Context, x *exchange, f *smsForm, body *text, e Event, v Verdict) {
	now := g.now()
	sender := f.from
	if len(f.service) > 0 {
		sender = f.service
	}
	from := g.texts.intern(sender)
	tale := g.faults.JudgeCallbacks(Ask{Channel: SMS, Gateway: g.name, Recipient: e.Recipient, Units: e.Units})
	c := g.plan(f, tale, v, now)
	c.seq = g.sent.add(message{to: digits(f.to), created: now.UnixMicro(), sent: c.due.UnixMicro(), final: c.final.UnixMicro(),
		body: body.index, from: from.index, code: c.code, flags: c.flags})
	sid := string(g.sent.sid(make([]byte, 0, 34), c.seq))
	c.channel, c.gateway, c.recipient, c.alert, c.url = SMS, g.name, e.Recipient, e.Alert, string(f.callback)
	e.Time, e.Kind, e.Detail, e.Sent = now, Arrive, sid, sentAt(x.header(SentHeader))
	g.Record(e)
	m := &messageView{sid: sid, account: g.cfg.Account.SID, body: body, from: from, service: len(f.service) > 0,
		to: e.Recipient, created: now, status: "queued"}
	if m.service {
		m.status = "accepted"
	}
	x.status, x.out = http.StatusCreated, m.appendJSON(x.out[:0])
	g.schedule(ctx, &c, tale, v, now)
}

// validityExpired is Twilio's error code of a message that did not land within its ValidityPeriod.
const validityExpired = 30036

// plan says how the message goes on: sent at c.due, final at c.final.
func (g *smsGateway) plan(f *smsForm, tale Tale, v Verdict, now time.Time) chore {
	c := chore{kind: choreSent, due: now}
	if v.Queued {
		c.due = v.Land
	}
	conf := &g.cfg.Callbacks
	c.final = c.due.Add(conf.FinalAfter + tale.Delay)
	c.due = c.due.Add(conf.SentAfter)
	if c.final.Before(c.due) {
		c.final = c.due
	}
	switch {
	case v.Queued && f.validFor() > 0 && v.Land.Sub(now) > f.validFor():
		c.final = now.Add(f.validFor())
		c.due, c.flags, c.code = c.final, flagFailed|flagNoSent, validityExpired
	case tale.Fail && tale.FailStatus != 0:
		c.flags, c.code = flagFailed, uint16(or(tale.Code, 30008))
	case tale.Fail:
		c.flags, c.code = flagUndelivered, uint16(or(tale.Code, 30003))
	}
	for _, set := range [...]struct {
		on   bool
		flag choreFlags
	}{{tale.Twice, flagTwice}, {tale.Swap, flagSwap}, {tale.Drop, flagDrop}, {conf.NoSent, flagNoSent}, {len(f.service) > 0, flagService}} {
		if set.on {
			c.flags |= set.flag
		}
	}
	return c
}

// schedule files what happens after the answer: landing, then callbacks.
func (g *smsGateway) schedule(ctx context.Context, c *chore, tale Tale, v Verdict, now time.Time) {
	var err error
	switch {
	case v.Queued && c.code != validityExpired:
		land := *c
		land.kind, land.due = choreLand, v.Land
		err = g.landings.queue(g.name, land)
	case c.url == "":
		return
	case tale.Early:
		g.posts.tellAll(ctx, *c)
		return
	default:
		err = g.later.after(c.first().Sub(now), *c)
	}
	if err != nil {
		g.logger.Error("file a callback", "gateway", g.name, "err", err)
	}
}

// account answers GET Accounts/{sid}.json, which clients use as a probe.
func (g *smsGateway) account(x *exchange) {
	x.out = append(append(append(x.out[:0], `{"sid": "`...), g.cfg.Account.SID...),
		`", "friendly_name": "gatewaysim", "status": "active", "type": "Full"}`...)
}

// fetch answers GET Messages/{sid}.json with the state that the message has by now.
func (g *smsGateway) fetch(x *exchange, sid string) {
	seq, ok := g.sent.number(sid)
	m, found := g.sent.get(seq)
	if !ok || !found {
		twilioError(x, http.StatusNotFound, 20404, "The requested resource was not found")
		return
	}
	now := g.now().UnixMicro()
	view := &messageView{sid: sid, account: g.cfg.Account.SID, body: g.texts.at(m.body), from: g.texts.at(m.from),
		service: m.flags&flagService != 0, to: "+" + strconv.FormatUint(m.to, 10), created: time.UnixMicro(m.created), status: "queued"}
	if now >= m.sent && m.code != validityExpired {
		view.status, view.sent = "sent", time.UnixMicro(m.sent)
	}
	if now >= m.final {
		view.status, view.code = finalStatus(m.flags), m.code
		if m.code == 0 && view.sent.IsZero() {
			view.sent = time.UnixMicro(m.sent)
		}
	}
	x.out = view.appendJSON(x.out[:0])
}

// finalStatus is how a message ends.
func finalStatus(flags choreFlags) string {
	switch {
	case flags&flagFailed != 0:
		return "failed"
	case flags&flagUndelivered != 0:
		return "undelivered"
	}
	return "delivered"
}
