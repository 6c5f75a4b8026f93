package sim

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// refusal is how a kind of gateway words what it refuses; filled in per channel.
type refusal func(x *exchange, status, code int, message string)

// plainRefusal is a line of text, as push services answer.
func plainRefusal(x *exchange, status, code int, message string) {
	x.status, x.kind = status, "text/plain"
	x.out = append(x.out[:0], message...)
	if code != 0 {
		x.out = append(append(x.out, " ("...), strconv.Itoa(code)...)
		x.out = append(x.out, ')')
	}
}

// before serves the delay of a verdict and the faults that take nothing. It reports whether the answer is complete.
func (s *Sim) before(ctx context.Context, x *exchange, v *Verdict, e Event, refuse refusal) bool {
	if v.Delay > 0 && !pause(ctx, v.Delay) {
		x.manner = resetting
		return true
	}
	if v.Kind == "" || v.Kind.Taken() {
		return false
	}
	r := &v.Rule
	status := r.Status
	switch v.Kind {
	case Status:
		status = or(status, http.StatusServiceUnavailable)
		refuse(x, status, r.Code, http.StatusText(status))
	case Limit:
		status = or(status, http.StatusTooManyRequests)
		if r.RetryAfter == 0 {
			r.RetryAfter = Duration(time.Second)
		}
		refuse(x, status, r.Code, http.StatusText(status))
	case Refuse:
		status = or(status, http.StatusBadRequest)
		refuse(x, status, r.Code, http.StatusText(status))
		e.Kind, e.Detail = Refused, "asked for: "+strconv.Itoa(status)+" "+strconv.Itoa(r.Code)
		s.Record(e)
	case Stall:
		x.manner = silent
	case ResetBefore:
		x.manner = resetting
	case Error200:
		refuse(x, http.StatusOK, r.Code, "internal error")
		x.status = http.StatusOK
	case Redirect:
		x.status = or(status, http.StatusTemporaryRedirect)
		x.out = x.out[:0]
		x.addHeader("Location", elsewhere)
	}
	if r.RetryAfter > 0 {
		x.addHeader("Retry-After", strconv.Itoa(int((time.Duration(r.RetryAfter)+time.Second-1)/time.Second)))
	}
	e.Kind, e.Detail = Fault, faultName(v)
	s.Record(e)
	return true
}

// elsewhere is where a Redirect leads; whoever follows is logged as the fault "redirect followed".
const elsewhere = "/elsewhere"

// faultName is the detail of a fault event: the kind, and the status where there is a choice.
func faultName(v *Verdict) string {
	if v.Kind == Status || v.Kind == Refuse {
		if v.Rule.Status != 0 {
			return string(v.Kind) + " " + strconv.Itoa(v.Rule.Status)
		}
	}
	return string(v.Kind)
}

// bigBody is the size of the body of a BigBody fault.
const bigBody = 10 << 20

// after distorts the true answer of a message that was taken.
func (s *Sim) after(x *exchange, v *Verdict, e Event) {
	switch v.Kind {
	case Hang:
		x.manner = silent
	case ResetAfter:
		x.manner = resetting
	case Drip:
		x.manner, x.drip = dripping, time.Duration(v.Rule.Delay)
		if x.drip == 0 {
			x.drip = time.Second
		}
	case BadJSON:
		x.out = append(append(x.out[:0:0], `{"sid": "SM`...), 0xff, '\\')
	case BigBody:
		big := make([]byte, bigBody)
		for i := range big {
			big[i] = ' '
		}
		copy(big, x.out)
		x.out = big
	default:
		return
	}
	e.Kind, e.Detail = Fault, faultName(v)
	s.Record(e)
}

// SentHeader is a request or mail header field in which a load generator may say when it sent the message, in unix
// microseconds; the latency of the alert then counts from there.
const SentHeader = "X-Sim-Sent"

// sentAt reads a SentHeader, zero when it is absent or no number.
func sentAt(value []byte) time.Time {
	if len(value) == 0 {
		return time.Time{}
	}
	micros, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}

// followed answers at elsewhere.
func (s *Sim) followed(x *exchange, channel, gateway string) {
	s.Record(Event{Channel: channel, Gateway: gateway, Kind: Fault, Detail: "redirect followed"})
	x.status, x.out = http.StatusOK, append(x.out[:0], "{}"...)
}

// or is the first of the two that is not 0.
func or(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}
