package sim

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// smsForm is what a request to send an SMS says; the slices end with the exchange.
type smsForm struct {
	to, from, service, body, callback, validity []byte
}

// parseForm reads the fields of application/x-www-form-urlencoded that we know. The unescaped values share the
// exchange's scratch buffer, which is grown once so that they stay where they are.
func parseForm(x *exchange) (smsForm, bool) {
	var f smsForm
	if cap(x.scratch) < len(x.body) {
		x.scratch = make([]byte, 0, 2*len(x.body))
	}
	free := x.scratch[:0]
	rest := x.body
	for len(rest) > 0 {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, []byte("&"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		var into *[]byte
		switch string(name) {
		case "To":
			into = &f.to
		case "From":
			into = &f.from
		case "MessagingServiceSid":
			into = &f.service
		case "Body":
			into = &f.body
		case "StatusCallback":
			into = &f.callback
		case "ValidityPeriod":
			into = &f.validity
		default:
			continue
		}
		start := len(free)
		var ok bool
		if free, ok = appendUnescaped(free, value); !ok {
			return f, false
		}
		*into = free[start:len(free):len(free)]
	}
	return f, true
}

// appendUnescaped undoes form encoding; false for a broken escape.
func appendUnescaped(b, value []byte) ([]byte, bool) {
	for i := 0; i < len(value); i++ {
		switch c := value[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(value) {
				return b, false
			}
			hi, lo := unhex(value[i+1]), unhex(value[i+2])
			if hi|lo > 15 {
				return b, false
			}
			b = append(b, hi<<4|lo)
			i += 2
		default:
			b = append(b, c)
		}
	}
	return b, true
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// alertOf finds what the message belongs to: the parameter alert of the callback URL or of the request, or the hash of
// the body.
func alertOf(f *smsForm, query []byte, body *text) string {
	if _, q, ok := bytes.Cut(f.callback, []byte("?")); ok {
		if v := queryValue(q, "alert"); len(v) > 0 {
			return string(v)
		}
	}
	if v := queryValue(query, "alert"); len(v) > 0 {
		return string(v)
	}
	return body.key
}

// queryValue finds a parameter that needs no unescaping.
func queryValue(query []byte, name string) []byte {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		if len(pair) > len(name) && pair[len(name)] == '=' && string(pair[:len(name)]) == name {
			return pair[len(name)+1:]
		}
	}
	return nil
}

// isE164 reports whether to is "+" and 7 to 15 digits, the first not 0 (ITU-T E.164).
func isE164(to []byte) bool {
	if len(to) < 8 || len(to) > 16 || to[0] != '+' || to[1] == '0' {
		return false
	}
	for _, c := range to[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// digits is the number behind the "+".
func digits(to []byte) uint64 {
	var n uint64
	for _, c := range to[1:] {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// tooLong: more than 1,600 characters (Twilio error 21617).
func (f *smsForm) tooLong() bool { return len(f.body) > 1600 && utf8.RuneCount(f.body) > 1600 }

// callbackUsable: absent, or a whole http or https URL of at most 4,000 characters (Twilio error 21609).
func (f *smsForm) callbackUsable() bool {
	if len(f.callback) == 0 {
		return true
	}
	_, ok := parseTarget(string(f.callback))
	return ok && len(f.callback) <= 4000
}

// validFor is the validity period, 0 when absent or out of bounds.
func (f *smsForm) validFor() time.Duration {
	n, err := strconv.Atoi(string(f.validity))
	if err != nil || n < 1 || n > 36000 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// target is where a callback goes.
type target struct {
	secure bool
	host   string // with port
	header string // for the Host field
	path   string // with query
}

// parseTarget splits a callback URL; false when it cannot be called.
func parseTarget(url string) (target, bool) {
	t := target{}
	rest, ok := strings.CutPrefix(url, "http://")
	if !ok {
		if rest, t.secure = strings.CutPrefix(url, "https://"); !t.secure {
			return t, false
		}
	}
	cut := strings.IndexAny(rest, "/?#")
	if cut < 0 {
		cut = len(rest)
	}
	t.header, t.path = rest[:cut], rest[cut:]
	t.path, _, _ = strings.Cut(t.path, "#")
	if !strings.HasPrefix(t.path, "/") {
		t.path = "/" + t.path
	}
	for i := 0; i < len(url); i++ {
		if url[i] <= ' ' || url[i] == 0x7f {
			return t, false
		}
	}
	if t.header == "" || strings.ContainsAny(t.header, "@_\\") {
		return t, false
	}
	t.host = t.header
	if i := strings.LastIndexByte(t.host, ':'); i < 0 || strings.HasSuffix(t.host, "]") {
		if t.secure {
			t.host += ":443"
		} else {
			t.host += ":80"
		}
	}
	return t, true
}

// messageView is a message as the REST API shows it.
type messageView struct {
	sid, account, to, status string
	body, from               *text
	service                  bool
	created, sent            time.Time
	code                     uint16
}

// appendJSON writes the Message resource without reflection.
func (m *messageView) appendJSON(b []byte) []byte {
	const rfc2822 = `"Mon, 02 Jan 2006 15:04:05 -0700"`
	b = append(append(b, `{"account_sid": "`...), m.account...)
	b = append(append(b, `", "api_version": "2010-04-01", "body": `...), m.body.json...)
	b = m.created.UTC().AppendFormat(append(b, `, "date_created": `...), rfc2822)
	b = append(b, `, "date_sent": `...)
	updated := m.created
	if m.sent.IsZero() {
		b = append(b, "null"...)
	} else {
		b, updated = m.sent.UTC().AppendFormat(b, rfc2822), m.sent
	}
	b = updated.UTC().AppendFormat(append(b, `, "date_updated": `...), rfc2822)
	b = append(b, `, "direction": "outbound-api", "error_code": `...)
	if m.code == 0 {
		b = append(b, `null, "error_message": null`...)
	} else {
		b = append(strconv.AppendUint(b, uint64(m.code), 10), `, "error_message": "`...)
		b = append(append(b, errorMessage(m.code)...), '"')
	}
	if m.service {
		b = append(append(b, `, "from": null, "messaging_service_sid": `...), m.from.json...)
		b = append(b, `, "num_media": "0", "num_segments": "0"`...)
	} else {
		b = append(append(b, `, "from": `...), m.from.json...)
		b = append(b, `, "messaging_service_sid": null, "num_media": "0", "num_segments": "`...)
		b = append(strconv.AppendInt(b, int64(m.body.segments), 10), '"')
	}
	uri := func(b []byte) []byte {
		b = append(append(b, "/2010-04-01/Accounts/"...), m.account...)
		return append(append(b, "/Messages/"...), m.sid...)
	}
	b = append(b, `, "price": null, "price_unit": "USD", "sid": "`...)
	b = append(append(b, m.sid...), `", "status": "`...)
	b = append(append(b, m.status...), `", "subresource_uris": {"media": "`...)
	b = append(uri(b), `/Media.json"}, "to": "`...)
	b = append(append(b, m.to...), `", "uri": "`...)
	return append(uri(b), `.json"}`...)
}

// errorMessage is Twilio's wording for the codes that a delivery ends with.
func errorMessage(code uint16) string {
	switch code {
	case 30003:
		return "Unreachable destination handset"
	case 30005:
		return "Unknown destination handset"
	case 30006:
		return "Landline or unreachable carrier"
	case 30007:
		return "Message filtered"
	case 30036:
		return "Validity Period Expired"
	}
	return "Unknown error"
}
