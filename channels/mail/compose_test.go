package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

// received is a message as a mail program sees it.
type received struct {
	header netmail.Header
	parts  map[string]string // media type → decoded content
}

// read takes a message apart with the standard library, and checks what holds for every message.
func read(t *testing.T, raw string) received {
	t.Helper()
	for i, line := range strings.SplitAfter(raw, "\n") {
		if line != "" && !strings.HasSuffix(line, "\r\n") || len(line) > 1000 {
			t.Fatalf("line %d: %q: want at most 998 characters and CRLF (RFC 5322 §2.1.1)", i, line)
		}
		for _, c := range []byte(line) {
			if c > '~' || c == 0 {
				t.Fatalf("line %d: %q: want 7 bits", i, line)
			}
		}
	}
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	got := received{m.Header, make(map[string]string)}
	got.walk(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return got
}

func (r received) walk(t *testing.T, kind, encoding string, body io.Reader) {
	t.Helper()
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(media, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r.walk(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
		}
	}
	switch encoding {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	default:
		t.Fatalf("%s in encoding %q", media, encoding)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	r.parts[media] = string(text)
}

func TestMessage(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 7200))
	long := strings.Repeat("Un très long texte sans fin ", 400)
	rows := []struct {
		name    string
		message alerting.Message
		subject string
		media   string
	}{
		{"text and HTML", *words, "Crue: évacuez", "multipart/mixed"},
		{"text only", alerting.Message{Subject: "Flood", Body: "Leave now."}, "Flood", "multipart/mixed"},
		{"no subject", alerting.Message{Body: "Leave now."}, "", "multipart/mixed"},
		{"long lines", alerting.Message{Subject: long[:150], Body: long, HTML: "<p>" + long}, strings.TrimSpace(long[:150]), "multipart/mixed"},
		{"another script", alerting.Message{Subject: "洪水警報：すぐに避難してください。" + strings.Repeat("危険", 30), Body: strings.Repeat("川から離れてください。", 100)},
			"洪水警報：すぐに避難してください。" + strings.Repeat("危険", 30), "multipart/mixed"},
		{"style sheet with dots", alerting.Message{Subject: ".", Body: ".\n..\n.x\n", HTML: "<style>\n.a{}\n.b{}\n</style>"}, ".", "multipart/mixed"},
		{"line ends of all kinds", alerting.Message{Subject: "a\r\nBcc: victim@example.org\r\n\r\nbody", Body: "a\rb\r\nc\n\n"}, "a Bcc: victim@example.org body", "multipart/mixed"},
		{"subject without blanks", alerting.Message{Subject: strings.Repeat("x", 500), Body: "a"}, strings.Repeat("x", 199) + "…", "multipart/mixed"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := (&relay{}).serve(t)
			g := newGateway(t, config(r.address), Deps{Now: func() time.Time { return at },
				Unsubscribe: func(d channels.Delivery) string { return fmt.Sprintf("https://warn.example.org/u?t=%d", d.Place) }})
			d := delivery(7)
			d.Message = &row.message
			d.Expires = at.Add(time.Hour)
			if _, err := g.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			got := read(t, r.last(t))
			subject, err := new(mime.WordDecoder).DecodeHeader(got.header.Get("Subject"))
			if err != nil || subject != row.subject {
				t.Errorf("subject %q, %v; want %q", subject, err, row.subject)
			}
			if text := strings.ReplaceAll(got.parts["text/plain"], "\r\n", "\n"); text != strings.ReplaceAll(lines(row.message.Body), "\r\n", "\n") {
				t.Errorf("text %q\nwant %q", text, row.message.Body)
			}
			if html := got.parts["text/html"]; html != lines(row.message.HTML) {
				t.Errorf("HTML %q\nwant %q", html, row.message.HTML)
			}
			if got.parts["application/cap+xml"] != string(document) {
				t.Error("the CAP document is not what was issued, byte by byte")
			}
			checkHeader(t, got.header)
		})
	}
}

func checkHeader(t *testing.T, h netmail.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"From": `"Warning Centre" <warn@example.org>`, "To": "<resident0007@example.org>", "Date": "Fri, 02 Jan 2026 01:04:05 +0000",
		"Message-Id": "<ab010000000000000000000000000000.2.3.7@example.org>", "Mime-Version": "1.0", "Auto-Submitted": "auto-generated",
		"X-Tocsin-Alert": "ab010000000000000000000000000000", "List-Unsubscribe": "<https://warn.example.org/u?t=7>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	} {
		if got := h[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q once", name, got, want)
		}
	}
	for name := range h {
		switch name {
		case "From", "To", "Date", "Message-Id", "Mime-Version", "Auto-Submitted", "X-Tocsin-Alert", "List-Unsubscribe",
			"List-Unsubscribe-Post", "Subject", "Content-Type", "Content-Language", "Content-Transfer-Encoding":
		default:
			t.Errorf("a header line that nobody asked for: %s: %q", name, h[name])
		}
	}
}

// TestHeaderInjection looks at the raw bytes: whatever stands in names, subjects, languages and URLs, no line is added.
func TestHeaderInjection(t *testing.T) {
	evil := []string{"x\r\nBcc: victim@example.org", "x\nBcc: victim@example.org", "x\rBcc: victim@example.org", "x\r\n\r\n<html>",
		"x\u2028Bcc: victim@example.org", "x\x00\r\n.\r\nMAIL FROM:<a@b>", "=?utf-8?Q?x=0D=0ABcc:_victim@example.org?=", "x>\r\nBcc: v@example.org"}
	for _, text := range evil {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			r := (&relay{}).serve(t)
			g := newGateway(t, config(r.address), Deps{Unsubscribe: func(channels.Delivery) string { return "https://warn.example.org/" + text }})
			g.from.Name = text
			d := delivery(1)
			d.Message = &alerting.Message{Language: text, Subject: text, Body: text, HTML: text}
			if _, err := g.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if n := len(r.messages); n != 1 || r.recipients.Load() != 1 {
				t.Errorf("%d messages to %d recipients", n, r.recipients.Load())
			}
			raw := r.last(t)
			header, _, _ := strings.Cut(raw, "\r\n\r\n")
			for _, line := range strings.Split(header, "\r\n") {
				if strings.HasPrefix(strings.ToLower(line), "bcc") || strings.ContainsAny(line, "\r\n\x00") {
					t.Errorf("header line %q", line)
				}
			}
			got := read(t, raw)
			delete(got.header, "Subject")
			if len(got.header["Bcc"]) > 0 || len(got.header["To"]) != 1 {
				t.Errorf("header %v", got.header)
			}
		})
	}
}

// TestSharedPartIsMadeOnce: deliveries with the same words share the bytes; other words, documents or alerts do not.
func TestSharedPartIsMadeOnce(t *testing.T) {
	g := newGateway(t, config("127.0.0.1:1"), Deps{})
	first := g.sharedOf(delivery(1))
	if again := g.sharedOf(delivery(2)); &first[0] != &again[0] {
		t.Error("the same words were put together twice")
	}
	other := delivery(1)
	other.Alert[0]++
	if next := g.sharedOf(other); &first[0] == &next[0] {
		t.Error("two alerts share a message")
	}
	other = delivery(1)
	other.Document = []byte("<alert/>")
	if next := g.sharedOf(other); bytes.Equal(first, next) {
		t.Error("two documents share a message")
	}
	for range keep + 1 {
		d := delivery(1)
		d.Message = &alerting.Message{Body: "other"}
		g.sharedOf(d)
	}
	if n := len(*g.composed.Load()); n != keep {
		t.Errorf("%d messages kept, want %d", n, keep)
	}
}

// TestRealRelay sends one message through a real mail server and looks into the mailbox.
func TestRealRelay(t *testing.T) {
	address, box := os.Getenv("TOCSIN_TEST_SMTP"), os.Getenv("TOCSIN_TEST_MAILBOX")
	if address == "" || box == "" {
		t.Skip("TOCSIN_TEST_SMTP and TOCSIN_TEST_MAILBOX are not set: no real mail server")
	}
	g := newGateway(t, config(address), Deps{})
	d := delivery(1)
	name := fmt.Sprintf("real%d", time.Now().UnixNano())
	d.Address = name + "@mail.test"
	if _, err := g.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for {
		var found string
		_ = filepath.WalkDir(box, func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && found == "" {
				if raw, err := os.ReadFile(path); err == nil && bytes.Contains(raw, []byte(name)) {
					found = string(raw)
				}
			}
			return nil
		})
		if found != "" {
			got := read(t, strings.ReplaceAll(strings.ReplaceAll(found, "\r\n", "\n"), "\n", "\r\n"))
			if got.parts["application/cap+xml"] != string(document) {
				t.Error("the CAP document did not survive")
			}
			return
		}
		select {
		case <-deadline:
			t.Fatal("the message never came")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// FuzzAddress: what passes for an address can neither end a line nor leave its angle brackets.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"a@example.org", "a@b\r\nRCPT TO:<c@d>", "\"a b\"@example.org", "é@example.org", "a@xn--e1afmkfd.org"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if mailbox(s) != nil {
			return
		}
		if strings.ContainsAny(s, "\r\n\x00<> ") || strings.Count(s, "@") != 1 || len(s) > 254 {
			t.Errorf("%q passes", s)
		}
	})
}

// FuzzSubject: any text becomes one header field, and nothing but that.
func FuzzSubject(f *testing.F) {
	f.Add("Flood\r\nBcc: x@example.org")
	f.Add(strings.Repeat("é ", 300))
	f.Fuzz(func(t *testing.T, s string) {
		m, err := netmail.ReadMessage(strings.NewReader("Subject: " + subject(s) + "\r\nX-End: yes\r\n\r\n"))
		if err != nil || len(m.Header) != 2 || m.Header.Get("X-End") != "yes" {
			t.Errorf("%q became %v, %v", s, m, err)
		}
		for _, line := range strings.Split(subject(s), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Errorf("line %q", line)
			}
		}
	})
}

// TestOneClickIsForHTTPS: a mail program posts by itself over https only (RFC 8058 §3.1); a link to click on is not
// bound to that.
func TestOneClickIsForHTTPS(t *testing.T) {
	for link, want := range map[string]string{
		"https://warn.example.org/u?t=1":  "List-Unsubscribe: <https://warn.example.org/u?t=1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
		"http://warn.example.org/u?t=1":   "List-Unsubscribe: <http://warn.example.org/u?t=1>\r\n",
		"http://127.0.0.1:8081/u?t=1":     "List-Unsubscribe: <http://127.0.0.1:8081/u?t=1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
		"http://localhost.example/u?t=1":  "List-Unsubscribe: <http://localhost.example/u?t=1>\r\n",
		"http://127.0.0.1@far.example/u?": "List-Unsubscribe: <http://127.0.0.1@far.example/u?>\r\n",
		"":                                "",
	} {
		g := newGateway(t, config("127.0.0.1:25"), Deps{Unsubscribe: func(channels.Delivery) string { return link }})
		m, err := g.message(channels.Delivery{Address: "resident@example.org", Message: &alerting.Message{Body: "water"}})
		if err != nil {
			t.Fatal(err)
		}
		_, have, _ := strings.Cut(string(m.own), "Message-ID: ")
		if _, have, _ = strings.Cut(have, "\r\n"); have != want {
			t.Errorf("%q gives %q, want %q", link, have, want)
		}
	}
}
