package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"tocsin/alerting"
	"tocsin/channels"
)

// message is what goes out after DATA: lines of CRLF, none of which begins with a dot, and no line end at the very end.
type message struct {
	to string
	// own are the header lines of this recipient, shared is all the rest.
	own    []byte
	shared []byte
}

// size is the length with its last line end.
func (m *message) size() int { return len(m.own) + len(m.shared) + len("\r\n") }

// message makes the delivery's message: the common part is looked up, the rest is four lines and a signature.
func (g *Gateway) message(d channels.Delivery) (message, error) {
	m := message{to: d.Address, shared: g.sharedOf(d)}
	own := make([]byte, 0, 512)
	own = append(own, "To: <"...)
	own = append(own, d.Address...)
	// The same for every attempt, so that a mailbox can tell a message that it has already.
	own = append(own, ">\r\nMessage-ID: <"...)
	own = hex.AppendEncode(own, d.Alert[:])
	for _, n := range [...]uint64{uint64(d.Epoch), uint64(d.Page), uint64(d.Place)} {
		own = append(own, '.')
		own = strconv.AppendUint(own, n, 10)
	}
	own = append(own, '@')
	own = append(own, g.domain...)
	own = append(own, ">\r\n"...)
	if g.unsubscribe != nil {
		if u := g.unsubscribe(d); headerURL(u) {
			own = append(own, "List-Unsubscribe: <"...)
			own = append(own, u...)
			own = append(own, ">\r\n"...)
			if oneClick(u) {
				own = append(own, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
			}
		}
	}
	m.own = own
	if g.signer == nil {
		return m, nil
	}
	signature, err := g.signer.sign(m)
	if err != nil {
		return message{}, fmt.Errorf("sign mail: %w", err)
	}
	m.own = append([]byte(signature), own...)
	return m, nil
}

// composed is the part of a message that all who get the same words share.
type composed struct {
	message  *alerting.Message
	document *byte
	alert    alerting.AlertID
	bytes    []byte
}

// keep is how many messages are kept: all languages of the alerts that are under way at the same time.
const keep = 64

// sharedOf finds the common part, or puts it together. Two senders may do so at once; both results are good.
func (g *Gateway) sharedOf(d channels.Delivery) []byte {
	var document *byte
	if len(d.Document) > 0 {
		document = &d.Document[0]
	}
	known := g.composed.Load()
	for _, c := range *known {
		if c.message == d.Message && c.document == document && c.alert == d.Alert {
			return c.bytes
		}
	}
	c := &composed{message: d.Message, document: document, alert: d.Alert, bytes: g.compose(d, g.now())}
	next := append([]*composed{c}, (*known)[:min(len(*known), keep-1)]...)
	g.composed.CompareAndSwap(known, &next)
	return c.bytes
}

// compose puts the common part together: header, text in one or two forms, and the CAP document (RFC 2045, RFC 2046).
func (g *Gateway) compose(d channels.Delivery, now time.Time) []byte {
	boundary := boundaryOf(d)
	body := leaf("text/plain; charset=utf-8", d.Message.Body)
	if d.Message.HTML != "" {
		body = joined("alternative", boundary+"a", body, leaf("text/html; charset=utf-8", d.Message.HTML))
	}
	if len(d.Document) > 0 {
		body = joined("mixed", boundary+"m", body, attachment(d.Document))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\n", (&netmail.Address{Name: oneLine(g.from.Name), Address: g.from.Address}).String())
	fmt.Fprintf(&b, "Subject: %s\r\n", subject(d.Message.Subject))
	fmt.Fprintf(&b, "Date: %s\r\n", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	b.WriteString("MIME-Version: 1.0\r\n")
	// RFC 3834 §5: no vacation notes to the warning centre.
	b.WriteString("Auto-Submitted: auto-generated\r\n")
	fmt.Fprintf(&b, "X-Tocsin-Alert: %s\r\n", d.Alert)
	if tag := d.Message.Language; languageTag(tag) {
		fmt.Fprintf(&b, "Content-Language: %s\r\n", tag)
	}
	b.Write(body)
	return b.Bytes()
}

// boundaryOf is a separator that differs from message to message. "=_" can stand neither in quoted-printable nor in
// base64, so no part can hold it.
func boundaryOf(d channels.Delivery) string {
	h := sha256.New()
	h.Write(d.Alert[:])
	h.Write([]byte(d.Message.Language + "\x00" + d.Message.Subject + "\x00" + d.Message.Body))
	return "=_tocsin_" + hex.EncodeToString(h.Sum(nil)[:12])
}

// leaf is a text with its MIME header: quoted-printable where most of it stays readable, else base64.
func leaf(kind, text string) []byte {
	var b, quoted bytes.Buffer
	w := quotedprintable.NewWriter(&quoted)
	_, _ = w.Write([]byte(lines(text)))
	_ = w.Close()
	// A line that begins with a dot would need care at every hop; base64 has none.
	dotted := bytes.HasPrefix(quoted.Bytes(), []byte(".")) || bytes.Contains(quoted.Bytes(), []byte("\n."))
	if dotted || quoted.Len() > base64.StdEncoding.EncodedLen(len(text))*4/3 {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n", kind)
		wrapped(&b, []byte(lines(text)))
		return b.Bytes()
	}
	fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", kind)
	b.Write(quoted.Bytes())
	return b.Bytes()
}

// attachment is the CAP document, byte by byte as issued.
func attachment(document []byte) []byte {
	var b bytes.Buffer
	b.WriteString("Content-Type: application/cap+xml; name=\"alert.xml\"\r\nContent-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=\"alert.xml\"\r\n\r\n")
	wrapped(&b, document)
	return b.Bytes()
}

// joined puts parts of a multipart under a boundary.
func joined(kind, boundary string, parts ...[]byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Content-Type: multipart/%s; boundary=\"%s\"\r\n\r\n", kind, boundary)
	for _, part := range parts {
		fmt.Fprintf(&b, "--%s\r\n%s\r\n", boundary, part)
	}
	fmt.Fprintf(&b, "--%s--", boundary)
	return b.Bytes()
}

// wrapped writes base64 in lines of 76 (RFC 2045 §6.8), without a line end after the last.
func wrapped(b *bytes.Buffer, raw []byte) {
	const perLine = 76 / 4 * 3
	for start := 0; start < len(raw); start += perLine {
		if start > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(base64.StdEncoding.EncodeToString(raw[start:min(start+perLine, len(raw))]))
	}
}

// lines gives every line of a text the end CRLF, and leaves none after the last.
func lines(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\r\n")
}

// maxSubject is how many characters of a subject are kept: more than any mail program shows.
const maxSubject = 200

// subject encodes a subject line (RFC 2047), folded so that no line is longer than 78.
func subject(s string) string {
	s = oneLine(s)
	if r := []rune(s); len(r) > maxSubject {
		s = string(r[:maxSubject-1]) + "…"
	}
	if encoded := mime.QEncoding.Encode("utf-8", s); encoded != s {
		if b := mime.BEncoding.Encode("utf-8", s); len(b) < len(encoded) {
			encoded = b
		}
		return strings.ReplaceAll(encoded, "?= =?", "?=\r\n =?")
	}
	const first = 78 - len("Subject: ")
	var folded strings.Builder
	for room := first; len(s) > room; room = 77 {
		at := strings.LastIndexByte(s[:room+1], ' ')
		if at <= 0 {
			break
		}
		folded.WriteString(s[:at] + "\r\n ")
		s = s[at+1:]
	}
	return folded.String() + s
}

// oneLine turns line ends and other control characters into blanks, so that a text stays in its header line.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == ' ' || r == '\u2028' || r == '\u2029'
	}), " ")
}

// headerURL allows what may stand between angle brackets in a header line, as it is.
func headerURL(u string) bool {
	if len(u) > 900 || !(strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://")) {
		return false
	}
	for _, c := range []byte(u) {
		if c <= ' ' || c > '~' || c == '<' || c == '>' || c == '"' || c == ',' {
			return false
		}
	}
	return true
}

// oneClick reports whether a mail program may be asked to post to a URL by itself: over https only (RFC 8058 §3.1), or
// on this machine, where demonstrations and tests run.
func oneClick(u string) bool {
	if strings.HasPrefix(u, "https://") {
		return true
	}
	parsed, err := url.Parse(u)
	return err == nil && loopback(parsed.Hostname())
}

// languageTag allows letters, digits and hyphens (RFC 5646).
func languageTag(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 35
}
