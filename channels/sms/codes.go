package sms

import (
	"errors"
	"fmt"
	"net/http"

	"tocsin/channels"
)

// codeNotFound and codeOptedOut are the error codes that this package acts upon by name.
const (
	codeNotFound = 20404
	codeOptedOut = 21610
)

// meaning says what one of Twilio's error codes means for a delivery (https://www.twilio.com/docs/api/errors), in our
// own words: Twilio's texts repeat the phone number. ok is false for codes that are not known here.
func meaning(code int) (class channels.Class, text string, ok bool) {
	if text := refusal(code); text != "" {
		return channels.Rejected, text, true
	}
	switch code {
	case codeOptedOut:
		return channels.OptedOut, "the recipient opted out", true
	case 20429, 14107, 63018:
		return channels.Busy, "too many requests", true
	case 30001, 21611:
		return channels.Busy, "the gateway's queue is full", true
	case 20001, 20002, 20003, 20004, 20006, 20008, 20101:
		return channels.Busy, "credentials refused", true
	case 20005, 30002, 30042:
		return channels.Busy, "account not active", true
	case codeNotFound:
		return channels.Busy, "account or address of the gateway not found", true
	case 21212, 21603, 21660:
		return channels.Busy, "the sender is not allowed to send", true
	case 21701, 21702, 21703, 21704, 21705:
		return channels.Busy, "messaging service not usable", true
	case 21609, 21624, 21621:
		return channels.Busy, "a parameter of the gateway is not valid", true
	case 20500, 20503, 30008, 30017, 30024:
		return channels.Transient, "trouble inside the gateway or network", true
	}
	return channels.Lost, "", false
}

// refusal is the text of the codes that refuse one recipient or one message for good; empty for all other codes.
func refusal(code int) string {
	switch code {
	case 21211, 21217, 21401, 21421, 13224, 13223:
		return "not a valid phone number"
	case 21214, 21612, 30003, 30410:
		return "phone not reachable"
	case 21408, 21215:
		return "region not permitted"
	case 21608:
		return "number not verified for a trial account"
	case 21614, 30006, 21635:
		return "landline or unreachable carrier"
	case 21602, 21619, 21617, 21605, 30019:
		return "text missing or too long"
	case 21266, 21265:
		return "recipient and sender are the same"
	case 30004:
		return "blocked by the recipient or carrier"
	case 30005:
		return "unknown phone"
	case 30007, 30038, 30039:
		return "filtered by the carrier"
	case 21606, 21659, 21661, 30034, 30032, 30035:
		// Some of these can be a wrong sender for everybody; but a gateway must not stand still for one recipient's sake.
		return "sender not usable for this destination"
	case 30036:
		return "validity period ended before delivery"
	case 30018, 30022, 30023, 30027:
		return "carrier limit for this sender reached"
	case 30485, 30454:
		return "refused by a rule of the account"
	}
	return ""
}

// reasonOf is a code as receipts show it.
func reasonOf(code int) string {
	if _, text, ok := meaning(code); ok {
		return fmt.Sprintf("twilio %d: %s", code, text)
	}
	return fmt.Sprintf("twilio %d: refused", code)
}

// failure turns what twilio-go returned into a Failure.
func (c *call) failure(err error) *channels.Failure {
	if errors.Is(err, errAnswered) {
		return c.verdict(err)
	}
	if c.status != 0 {
		// A good status, but no understandable answer: nobody knows.
		if c.code != 0 {
			return c.verdict(err)
		}
		return &channels.Failure{Class: channels.Lost, Reason: "twilio: " + channels.Trouble(err, "an answer that makes no sense"), Err: err}
	}
	if !c.connected {
		return &channels.Failure{Class: channels.Transient, Reason: "twilio: " + channels.Trouble(err, "connection failed"), Err: err}
	}
	return &channels.Failure{Class: channels.Lost, Reason: "twilio: " + channels.Trouble(err, "connection lost"), Err: err}
}

// verdict judges an answer that refuses: by Twilio's code if it is known, else by the HTTP status.
func (c *call) verdict(cause error) *channels.Failure {
	f := &channels.Failure{RetryAfter: c.retryAfter, Err: cause}
	class, _, known := meaning(c.code)
	switch {
	case known && c.status != http.StatusTooManyRequests:
		f.Class = class
	case c.status == http.StatusTooManyRequests:
		f.Class = channels.Busy
	case c.status == http.StatusUnauthorized, c.status == http.StatusForbidden, c.status == http.StatusNotFound,
		c.status == http.StatusProxyAuthRequired, c.status >= 300 && c.status < 400:
		// Credentials, address or way are wrong for every delivery: they wait rather than fail one by one.
		f.Class = channels.Busy
	case c.status == http.StatusRequestTimeout, c.status >= 500 && c.status != http.StatusGatewayTimeout:
		f.Class = channels.Transient
	case c.status >= 400 && c.status < 500:
		f.Class = channels.Rejected
	default:
		// 504: a proxy gave up on a gateway that may have taken it. 2xx with an unknown code is no better.
		f.Class = channels.Lost
	}
	if c.code != 0 {
		f.Reason = reasonOf(c.code)
	} else {
		f.Reason = fmt.Sprintf("twilio: HTTP status %d%s", c.status, hint(c.status))
	}
	return f
}

// hint explains a status that points at the configuration.
func hint(status int) string {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ": credentials refused"
	case status == http.StatusNotFound:
		return ": account or address of the gateway not found"
	case status >= 300 && status < 400:
		return ": redirects are not followed"
	}
	return ""
}
