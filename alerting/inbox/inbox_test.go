package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// TestWhatIsVerifiedIsHandedOver: and everything else waits with the reason, byte for byte.
func TestWhatIsVerifiedIsHandedOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		plain := func(id string) []byte { return h.plain(id) }
		wrong := bytes.Replace(plain("wrong"), []byte("Immediate"), []byte("Sometime"), 1)
		for _, row := range []struct {
			name     string
			document []byte
			state    State
			reason   string
			handed   []byte // what people approve
		}{
			{"the partner's signature goes", h.signed(plain("one"), h.partner), Submitted, "", plain("one")},
			{"the office's own stays", h.signed(plain("two"), h.office), Submitted, "", h.signed(plain("two"), h.office)},
			{"no signature", plain("three"), Quarantined, "no signature", nil},
			{"a stranger's", h.signed(plain("four"), signer(t, "Stranger")), Quarantined, "untrusted", nil},
			{"an altered byte", bytes.Replace(h.signed(plain("five"), h.partner), []byte("the coast"), []byte("the toast"), 1), Quarantined, "invalid", nil},
			{"a broken rule", h.signed(wrong, h.partner), Quarantined, "breaks rules: ", nil},
			{"no CAP", []byte("<!DOCTYPE x><alert/>"), Quarantined, "cannot be read", nil},
			{"no bytes", []byte{0, 0xff}, Quarantined, "cannot be read", nil},
		} {
			h.handed = nil
			l := h.takes(row.document)
			if l.State != row.state || !strings.Contains(l.Reason, row.reason) || l.Repeated {
				t.Errorf("%s: %+v", row.name, l)
			}
			if want := row.handed; want != nil && (len(h.handed) != 1 || h.handed[0] != string(want)) ||
				want == nil && len(h.handed) > 0 {
				t.Errorf("%s: handed over %q", row.name, h.handed)
			}
			kept, err := h.Get(context.Background(), l.ID)
			if err != nil || !bytes.Equal(kept.Document, row.document) {
				t.Errorf("%s: kept %q %v", row.name, kept.Document, err)
			}
			before := h.all()
			if again := h.takes(row.document); !again.Repeated || again.State != row.state || fmt.Sprint(h.all()) != fmt.Sprint(before) {
				t.Errorf("%s, again: %+v, %v", row.name, again, h.all())
			}
		}
		if !slices.Contains(h.noted, "weather inbox.submitted") || !slices.Contains(h.noted, "weather inbox.quarantined") {
			t.Errorf("noted %q", h.noted)
		}
	})
}

// TestAForeignFormOfSignature: one that dsig.Strip does not know is taken away too, and what it covered is approved.
func TestAForeignFormOfSignature(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		document := h.signed(h.plain("foreign"), h.partner)
		// A comment in the element: exclusive canonicalisation passes over it, Strip does not.
		document = bytes.Replace(document, []byte("<KeyInfo>"), []byte("<!-- ours --><KeyInfo>"), 1)
		l := h.takes(document)
		if l.State != Submitted || len(h.handed) != 1 {
			t.Fatalf("%+v", l)
		}
		r, err := dsig.Verify([]byte(h.handed[0]), dsig.Trust{At: noon})
		a, _ := cap.Parse([]byte(h.handed[0]), cap.Options{})
		if err != nil || len(r.Signatures) != 0 || a == nil || a.Identifier != "foreign" {
			t.Errorf("handed over %q", h.handed[0])
		}
	})
}

// TestOtherBytesUnderAKnownName are a conflict with what was handed over, and none with what a stranger put in their way.
func TestOtherBytesUnderAKnownName(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		forged := h.plain("one", func(a *cap.Alert) { a.Infos[0].Headline = "All is well" })
		if l := h.takes(forged); l.State != Quarantined {
			t.Fatalf("forged: %+v", l)
		}
		genuine := h.signed(h.plain("one"), h.partner)
		if l := h.takes(genuine); l.State != Submitted {
			t.Fatalf("the true one, after a forged one: %+v", l)
		}
		other := h.signed(h.plain("one", func(a *cap.Alert) { a.Infos[0].Headline = "Storm, rather" }), h.partner)
		if l := h.takes(other); l.State != Quarantined || !strings.Contains(l.Reason, idOf(genuine)) || len(h.handed) != 1 {
			t.Errorf("other bytes: %+v, handed over %d", l, len(h.handed))
		}
		// The same, signed anew, is the same.
		if l := h.takes(h.signed(h.plain("one"), h.partner)); l.State == Quarantined {
			t.Errorf("signed anew: %+v", l)
		}
	})
}

// TestTheDeskHasTheLastWord: what it refuses waits with its reason; when it cannot answer nothing is kept, and the same again is safe.
func TestTheDeskHasTheLastWord(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		document := h.signed(h.plain("one"), h.partner)
		h.refuse = fmt.Errorf("no database: %w", alerting.ErrUnavailable)
		if _, err := h.Take(context.Background(), document, h.source); !errors.Is(err, alerting.ErrUnavailable) || len(h.all()) != 0 {
			t.Fatalf("%v, kept %v", err, h.all())
		}
		h.refuse = fmt.Errorf("reference 1 names no alert: %w", alerting.ErrInvalid)
		if l := h.takes(document); l.State != Quarantined || !strings.Contains(l.Reason, "names no alert") {
			t.Fatalf("%+v", l)
		}
		// By now the desk knows what it refers to, and the partner sends it again.
		h.refuse = nil
		if l := h.takes(document); l.State != Submitted || l.Draft != "d1" {
			t.Errorf("again: %+v", l)
		}
	})
}

// TestAPersonDecides: quarantine ends by release or by drop, once, for a reason.
func TestAPersonDecides(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, by := context.Background(), alerting.Actor{Name: "officer", Kind: "token"}
		stranger := h.takes(h.signed(h.plain("one"), signer(t, "Stranger")))
		unsigned, garbage := h.takes(h.plain("two")), h.takes([]byte("garbage"))
		if _, err := h.Release(ctx, stranger.ID, by, "  "); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("without a reason: %v", err)
		}
		l, err := h.Release(ctx, stranger.ID, by, "asked them by phone")
		if err != nil || l.State != Released || l.Draft != "e1" || l.Reason != "asked them by phone" || h.drafted[0] != string(h.plain("one")) {
			t.Errorf("released: %+v %v, drafted %q", l, err, h.drafted)
		}
		if _, err := h.Release(ctx, stranger.ID, by, "again"); !errors.Is(err, alerting.ErrState) || len(h.drafted) != 1 {
			t.Errorf("released twice: %v", err)
		}
		if _, err := h.Release(ctx, garbage.ID, by, "curious"); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("what is no CAP: %v", err)
		}
		if l, err := h.Drop(ctx, unsigned.ID, by, "a test"); err != nil || l.State != Dropped {
			t.Errorf("dropped: %+v %v", l, err)
		}
		if _, err := h.Drop(ctx, "i0", by, "a test"); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("what is not there: %v", err)
		}
		if have := h.all(); have[Quarantined] != 1 || len(h.handed) != 0 {
			t.Errorf("%v, handed over %d", have, len(h.handed))
		}
		if waiting, err := h.List(ctx, []State{Quarantined}, alerting.Place{}, 10); err != nil || len(waiting) != 1 || waiting[0].ID != garbage.ID || waiting[0].Document != nil {
			t.Errorf("in quarantine: %+v %v", waiting, err)
		}
		if _, err := h.List(ctx, []State{"lost"}, alerting.Place{}, 10); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("a state that is none: %v", err)
		}
		if !slices.Equal(h.noted[3:], []string{"officer inbox.released", "officer inbox.dropped"}) {
			t.Errorf("noted %q", h.noted)
		}
	})
}

// TestTheQuarantineIsBounded: and what is verified goes past it.
func TestTheQuarantineIsBounded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for i := range h.MaxQuarantined {
			h.takes(h.plain(fmt.Sprint("junk-", i)))
		}
		if _, err := h.Take(context.Background(), h.plain("more"), h.source); !errors.Is(err, alerting.ErrState) {
			t.Errorf("one more: %v", err)
		}
		if _, err := h.Take(context.Background(), bytes.Repeat([]byte("x"), h.MaxBytes+1), h.source); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("a huge one: %v", err)
		}
		if l := h.takes(h.signed(h.plain("true"), h.partner)); l.State != Submitted {
			t.Errorf("a true one: %+v", l)
		}
	})
}

func TestShorten(t *testing.T) {
	for _, row := range []struct{ text, want string }{{"abc", "abc"}, {"a\x00\xff", "a��"}, {"äöüäöüäöü", "äöüä…"}, {"abcdefghijklm", "abcdefghi…"}} {
		if have := shorten(row.text, 12); have != row.want {
			t.Errorf("%q becomes %q, want %q", row.text, have, row.want)
		}
	}
}
