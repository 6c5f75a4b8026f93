package stream

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

var flashTopic = Config{Prefix: "p."}.dispatch(alerting.Test, alerting.SMS, alerting.Flash)

// sealedBatch makes a record with a body of one's own, as a holder of the key could.
func sealedBatch(k *seal.Keyring, header, body []byte) []byte {
	return append(bytes.Clone(header), k.Seal(seal.Batches, body, batchAAD(flashTopic.name, header))...)
}

func TestBatchRecord(t *testing.T) {
	k := testKeys(t)
	b := testBatch(70_000, alerting.PageSize)
	b.NotBefore = b.Expires.Add(-time.Minute)
	record, err := encodeBatch(k, flashTopic.name, &b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeBatch(k, flashTopic, record)
	if err != nil || !reflect.DeepEqual(*got, b) {
		t.Fatalf("came back as %+v, %v", got, err)
	}
	for _, secret := range []string{"Flood", "sealed 7", "gate"} {
		if bytes.Contains(record, []byte(secret)) {
			t.Errorf("%q stands in the record in the clear", secret)
		}
	}
	refused := func(name string, in topic, record []byte) {
		t.Helper()
		if got, err := decodeBatch(k, in, record); !errors.Is(err, alerting.ErrInvalid) || got != nil {
			t.Errorf("%s: %v, %v; want ErrInvalid", name, got, err)
		}
	}
	for i := range batchHeader {
		altered := bytes.Clone(record)
		altered[i] ^= 1
		refused("altered header", flashTopic, altered)
	}
	refused("cut", flashTopic, record[:len(record)-1])
	refused("only a header", flashTopic, record[:batchHeader])
	refused("empty", flashTopic, nil)
	other := flashTopic
	other.name = "actual.dispatch.sms.flash"
	refused("copied to another topic", other, record)
	other = flashTopic
	other.world = alerting.Actual
	refused("of another world", other, record)

	body := batchBody(&b)
	header := record[:batchHeader]
	refused("bytes after the end", flashTopic, sealedBatch(k, header, append(bytes.Clone(body), 0)))
	for i := 0; i < len(body); i += 7 {
		refused("body cut", flashTopic, sealedBatch(k, header, body[:i]))
	}
}

func TestBatchRecordsOfAnyContentComeBack(t *testing.T) {
	k := testKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 20, 60)
		b := alerting.Batch{World: alerting.Test, Channel: alerting.SMS, Lane: alerting.Flash, Gateway: text.Draw(t, "gateway"),
			Epoch: rapid.Uint32().Draw(t, "epoch"), Page: rapid.Uint32().Draw(t, "page"), Tries: rapid.Uint8().Draw(t, "tries"),
			Expires: time.UnixMilli(rapid.Int64Range(1, maxMillis).Draw(t, "expires")).UTC()}
		copy(b.Alert[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "alert"))
		b.Alert[0] |= 1
		if rapid.Bool().Draw(t, "put off") {
			b.NotBefore = time.UnixMilli(rapid.Int64Range(1, maxMillis).Draw(t, "not before")).UTC()
		}
		for range rapid.IntRange(1, 5).Draw(t, "texts") {
			b.Texts = append(b.Texts, alerting.Message{Language: text.Draw(t, "language"), Subject: text.Draw(t, "subject"),
				Body: text.Draw(t, "body"), HTML: text.Draw(t, "html"), Tag: text.Draw(t, "tag"), Urgency: text.Draw(t, "urgency"),
				Cost:    rapid.IntRange(0, maxSMSPermits).Draw(t, "cost"),
				Expires: time.UnixMilli(rapid.Int64Range(1, maxMillis).Draw(t, "the text's expires")).UTC()})
		}
		for _, place := range rapid.SliceOfNDistinct(rapid.Uint8(), 1, 256, rapid.ID).Draw(t, "places") {
			b.To = append(b.To, alerting.Target{Place: place, Text: uint8(rapid.IntRange(0, len(b.Texts)-1).Draw(t, "text")),
				Address: rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "address")})
		}
		record, err := encodeBatch(k, flashTopic.name, &b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeBatch(k, flashTopic, record)
		if err != nil || !reflect.DeepEqual(*got, b) {
			t.Fatalf("%+v came back as %+v, %v", b, got, err)
		}
	})
}

func testReceipt() alerting.Receipt {
	return alerting.Receipt{World: alerting.Test, Alert: alerting.AlertID{7}, Epoch: 9, Channel: alerting.Push, Page: 70_000, ByOwnership: true,
		Marks: []alerting.PlaceMark{
			{Place: 255, Mark: alerting.Mark{Best: alerting.Acknowledged, Handed: 2, Failure: 1, Lost: 1}, At: 1_700_000_000_000},
			{Place: 0, Mark: alerting.Mark{Best: alerting.Sent, Handed: 1}, Reason: "twilio 21211", Reference: "SM123"},
		}}
}

func TestReceiptRecord(t *testing.T) {
	want := testReceipt()
	record := encodeReceipt(&want)
	got, err := decodeReceipt(alerting.Test, record)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("came back as %+v, %v", got, err)
	}
	long := want
	long.Marks = []alerting.PlaceMark{{Mark: alerting.Mark{Best: alerting.Sent}, Reason: strings.Repeat("é", 200) + "\xff",
		Reference: strings.Repeat("x", 500)}}
	got, err = decodeReceipt(alerting.Test, encodeReceipt(&long))
	if err != nil || len(got.Marks[0].Reason) > maxReason || !utf8.ValidString(got.Marks[0].Reason) ||
		len(got.Marks[0].Reference) != maxReference {
		t.Errorf("long words came back as %+v, %v", got, err)
	}
	for i := range record {
		if _, err := decodeReceipt(alerting.Test, record[:i]); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	if _, err := decodeReceipt(alerting.Test, append(bytes.Clone(record), 0)); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("with a byte too many: %v", err)
	}
	failed := testReceipt()
	failed.Marks[0].Mark.Best = alerting.Failed
	if _, err := decodeReceipt(alerting.Test, encodeReceipt(&failed)); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("failed as the best state: %v", err)
	}
}

func TestEnvelopeRecord(t *testing.T) {
	want := envelopeOf(t, testAlert("a", nil))
	want.Channels = []alerting.Channel{alerting.SMS}
	want.Audience = alerting.AudienceFilter{People: []string{"p1"}}
	want.Approvals = []alerting.Approval{{By: "second", At: sentAt, KeyID: "k", Signature: []byte{1}}}
	want.Document = append(want.Document, '\n', 0xc3, 0xa9, '\r')
	record, err := encodeEnvelope(&want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeEnvelope(record)
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Fatalf("came back as %+v, %v", got, err)
	}
	for name, raw := range map[string][]byte{
		"empty": nil, "unknown version": append([]byte{9}, record[1:]...), "two values": append(bytes.Clone(record), "{}"...),
		"unknown field": []byte("\x01{\"world\":\"test\",\"bonus\":1}"), "not json": []byte("\x01<alert/>"),
		"too long": make([]byte, maxRecord+1),
	} {
		if _, err := decodeEnvelope(raw); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want.Document = make([]byte, maxRecord)
	if _, err := encodeEnvelope(&want); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("a document of %d bytes: %v", len(want.Document), err)
	}
}

func TestLetterRecord(t *testing.T) {
	want := Letter{World: alerting.Test, Topic: "test.receipts", Partition: 3, Offset: 1 << 40, Reason: "why", At: sentAt,
		Key: []byte{1}, Raw: []byte{2, 3}, Size: 2}
	got, err := decodeLetter(alerting.Test, encodeLetter(want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("came back as %+v, %v", got, err)
	}
	want.Raw = make([]byte, 2<<20)
	got, err = decodeLetter(alerting.Test, encodeLetter(want))
	if err != nil || len(got.Raw) != maxRaw || got.Size != 2<<20 {
		t.Errorf("a huge record came back with %d of %d bytes, %v", len(got.Raw), got.Size, err)
	}
	if n := len(encodeLetter(want)); n > maxRecord {
		t.Errorf("a letter of %d bytes", n)
	}
}

// xmlAlert is a minimal CAP 1.2 document.
const xmlAlert = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>T-1</identifier><sender>office@example.org</sender>
<sent>2026-03-01T12:00:00+00:00</sent><status>Test</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>Flood</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Observed</certainty><expires>2026-03-01T18:00:00+00:00</expires>
<area><areaDesc>River</areaDesc></area></info></alert>`

func TestCAPDocumentsAreUnderstood(t *testing.T) {
	parts := testParts(t)
	parts.Parse = nil // the real parser
	s, err := prepare(testConfig(t, []string{"127.0.0.1:1"}), parts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e := alerting.Envelope{World: alerting.Test, Document: []byte(xmlAlert), Digest: sha256.Sum256([]byte(xmlAlert)), Issued: sentAt}
	a, err := s.understand(&e)
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != alerting.NewAlertID("office@example.org", "T-1", sentAt) || a.Lane != alerting.Flash ||
		!a.Expires.Equal(sentAt.Add(6*time.Hour)) {
		t.Errorf("understood as %+v", a)
	}
}

// FuzzBatch looks at bodies as a holder of the key could seal them: whatever is accepted must come back the same.
func FuzzBatch(f *testing.F) {
	k := testKeys(f)
	b := testBatch(1, 3)
	record, err := encodeBatch(k, flashTopic.name, &b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(batchBody(&b))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeBatch(k, flashTopic, sealedBatch(k, record[:batchHeader], body))
		if err != nil {
			if !errors.Is(err, alerting.ErrInvalid) {
				t.Fatalf("%v is no ErrInvalid", err)
			}
			return
		}
		if again := batchBody(got); !bytes.Equal(again, body) {
			t.Fatalf("%x was accepted and is written as %x", body, again)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	r := testReceipt()
	f.Add(encodeReceipt(&r))
	f.Fuzz(func(t *testing.T, record []byte) {
		got, err := decodeReceipt(alerting.Test, record)
		if err != nil {
			if !errors.Is(err, alerting.ErrInvalid) {
				t.Fatalf("%v is no ErrInvalid", err)
			}
			return
		}
		if again := encodeReceipt(&got); !bytes.Equal(again, record) {
			t.Fatalf("%x was accepted and is written as %x", record, again)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	e := alerting.Envelope{World: alerting.Test, Document: []byte(`{"Status":"Test"}`), Issued: sentAt}
	e.Digest = sha256.Sum256(e.Document)
	record, err := encodeEnvelope(&e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	parts := testParts(f)
	s, err := prepare(Config{Brokers: []string{"127.0.0.1:1"}}, parts)
	if err != nil {
		f.Fatal(err)
	}
	topic := s.cfg.issued(alerting.Test)
	f.Fuzz(func(t *testing.T, record []byte) {
		a, err := s.decodeIssued(topic, record)
		switch {
		case err != nil && !errors.Is(err, alerting.ErrInvalid):
			t.Fatalf("%v is no ErrInvalid", err)
		case err == nil && (a.Envelope.World != alerting.Test || a.Expires.IsZero() || sha256.Sum256(a.Envelope.Document) != a.Envelope.Digest):
			t.Fatalf("accepted %+v", a)
		}
	})
}

func FuzzLetter(f *testing.F) {
	f.Add(encodeLetter(Letter{Topic: "t", Raw: []byte{1}, Size: 1}))
	f.Fuzz(func(t *testing.T, record []byte) {
		if l, err := decodeLetter(alerting.Test, record); err == nil {
			if _, err := decodeLetter(alerting.Test, encodeLetter(l)); err != nil {
				t.Fatalf("%+v cannot be written again: %v", l, err)
			}
		}
	})
}

func BenchmarkBatchRecord(b *testing.B) {
	k := testKeys(b)
	batch := testBatch(1, alerting.PageSize)
	for i := range batch.To {
		batch.To[i].Address = make([]byte, 60)
	}
	for b.Loop() {
		record, err := encodeBatch(k, flashTopic.name, &batch)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := decodeBatch(k, flashTopic, record); err != nil {
			b.Fatal(err)
		}
	}
}
