package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/alerting"
)

func ring(t testing.TB, current map[Purpose]string, ids ...string) *Keyring {
	t.Helper()
	var keys []Key
	for i, id := range ids {
		keys = append(keys, Key{ID: id, Secret: bytes.Repeat([]byte{byte(i + 1)}, KeySize)})
	}
	k, err := New(keys, current)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestXAESVectors(t *testing.T) {
	// The vectors of c2sp.org/XAES-256-GCM.
	for _, row := range []struct {
		name, plaintext, aad, want string
		key                        byte
	}{
		{"without data, top bit of L clear", "XAES-256-GCM", "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271", 1},
		{"with data, top bit of L set", "XAES-256-GCM", "c2sp.org/XAES-256-GCM",
			"986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d", 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			x, err := newXAES(bytes.Repeat([]byte{row.key}, KeySize))
			if err != nil {
				t.Fatal(err)
			}
			nonce := []byte("ABCDEFGHIJKLMNOPQRSTUVWX")
			got, err := x.seal(nil, nonce, []byte(row.plaintext), []byte(row.aad))
			if err != nil || hex.EncodeToString(got) != row.want {
				t.Fatalf("sealed to %x (%v), want %s", got, err, row.want)
			}
			back, err := x.open(nonce, got, []byte(row.aad))
			if err != nil || string(back) != row.plaintext {
				t.Fatalf("opened to %q (%v)", back, err)
			}
		})
	}
}

func TestOpenReadsKeyFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := bytes.Repeat([]byte{7}, KeySize)
	good := file("good", base64.StdEncoding.EncodeToString(secret)+"\n")
	good2 := base64.StdEncoding.EncodeToString(secret)
	good2 = good2[:20] + "\n" + good2[20:]
	inHex := file("hex", hex.EncodeToString(bytes.Repeat([]byte{8}, KeySize)))
	fresh := file("fresh", Generate())
	for _, row := range []struct {
		name string
		cfg  Config
		want []string // in the error; nil means that the keyring opens
	}{
		{"base64, hexadecimal and generated", Config{Keys: []KeyFile{{"a", good}, {"b", inHex}, {"c", fresh}}}, nil},
		{"current key by purpose", Config{Keys: []KeyFile{{"a", good}, {"b", inHex}}, Current: map[Purpose]string{Hashes: "b"}}, nil},
		{"no keys", Config{}, []string{"no keys"}},
		{"missing file", Config{Keys: []KeyFile{{"night", filepath.Join(dir, "gone")}}}, []string{`"night"`, "gone"}},
		{"short", Config{Keys: []KeyFile{{"night", file("short", "c2hvcnQ=")}}}, []string{`"night"`, "short", "5 bytes"}},
		{"garbage", Config{Keys: []KeyFile{{"night", file("garbage", "not a key!")}}}, []string{`"night"`, "garbage"}},
		{"on two lines", Config{Keys: []KeyFile{{"night", file("lines", good2)}}}, []string{`"night"`, "lines"}},
		{"empty", Config{Keys: []KeyFile{{"night", file("empty", "")}}}, []string{`"night"`, "0 bytes"}},
		{"two keys of one name", Config{Keys: []KeyFile{{"a", good}, {"a", inHex}}}, []string{`"a"`}},
		{"one secret under two names", Config{Keys: []KeyFile{{"a", good}, {"b", good}}}, []string{`"a"`, `"b"`}},
		{"no name", Config{Keys: []KeyFile{{"", good}}}, []string{"no name"}},
		{"current key is missing", Config{Keys: []KeyFile{{"a", good}}, Current: map[Purpose]string{Tickets: "z"}}, []string{`"z"`, "tickets"}},
		{"unknown purpose", Config{Keys: []KeyFile{{"a", good}}, Current: map[Purpose]string{"cookies": "a"}}, []string{"cookies"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Open(row.cfg)
			if row.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, alerting.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "not a key!") || strings.Contains(err.Error(), "c2hvcnQ") {
				t.Errorf("%q shows what the file holds", err)
			}
		})
	}
}

func TestSealedBytesOpenOnlyAsTheyWere(t *testing.T) {
	k := ring(t, nil, "a", "b")
	plain, aad := []byte("+15550100"), []byte("person 1")
	sealed := k.Seal(Addresses, plain, aad)
	if len(sealed) != len(plain)+Overhead {
		t.Fatalf("%d bytes, want %d", len(sealed), len(plain)+Overhead)
	}
	if bytes.Equal(sealed, k.Seal(Addresses, plain, aad)) {
		t.Fatal("the same plaintext sealed twice gives the same bytes")
	}
	if got, err := k.Open(Addresses, sealed, aad); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("opened to %q, %v", got, err)
	}
	refused := func(name string, p Purpose, b, aad []byte) {
		t.Helper()
		if got, err := k.Open(p, b, aad); !errors.Is(err, alerting.ErrInvalid) || got != nil {
			t.Errorf("%s: opened to %q, %v; want ErrInvalid", name, got, err)
		}
	}
	refused("other purpose", Batches, sealed, aad)
	refused("purpose that seals nothing", Tickets, sealed, aad)
	refused("other associated data", Addresses, sealed, []byte("person 2"))
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		refused("altered byte", Addresses, altered, aad)
		refused("cut short", Addresses, sealed[:i], aad)
	}
	refused("longer", Addresses, append(bytes.Clone(sealed), 0), aad)
	if _, err := ring(t, nil, "z").Open(Addresses, nil, nil); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("nothing opened: %v", err)
	}
}

func TestRotation(t *testing.T) {
	old := ring(t, nil, "a")
	both := ring(t, map[Purpose]string{Addresses: "b", Hashes: "b", Tickets: "b", Batches: "b"}, "a", "b")
	sealed, hash := old.Seal(Addresses, []byte("x"), nil), old.Hash("sms", "+15550100")
	ticket := old.SignTicket(Callback, Ticket{World: alerting.Actual, Channel: alerting.SMS})

	if got, err := both.Open(Addresses, sealed, nil); err != nil || string(got) != "x" {
		t.Errorf("bytes of the old key: %q, %v", got, err)
	}
	if id, err := both.KeyOf(sealed); err != nil || id != "a" {
		t.Errorf("key of old bytes is %q, %v", id, err)
	}
	if id, _ := both.KeyOf(both.Seal(Addresses, nil, nil)); id != "b" || both.CurrentKey(Addresses) != "b" {
		t.Errorf("new bytes are of key %q", id)
	}
	if _, err := both.VerifyTicket(Callback, ticket); err != nil {
		t.Errorf("ticket of the old key: %v", err)
	}
	all := both.Hashes("sms", "+15550100")
	if len(all) != 2 || !bytes.Equal(all[0], both.Hash("sms", "+15550100")) || !bytes.Equal(all[1], hash) {
		t.Errorf("hashes %x do not begin with the current key's or lack the old one %x", all, hash)
	}
	if _, err := old.Open(Addresses, both.Seal(Addresses, nil, nil), nil); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("a key that is not there opened bytes: %v", err)
	}
	if f := both.Fingerprints(); f["a"] != old.Fingerprints()["a"] || f["a"] == f["b"] || len(f["a"]) != 8 {
		t.Errorf("fingerprints %v", f)
	}
}

func TestHash(t *testing.T) {
	k := ring(t, nil, "a")
	h := k.Hash("sms", "+15550100")
	if len(h) != HashSize || !bytes.Equal(h, k.Hash("sms", "+15550100")) {
		t.Fatal("a hash is not stable")
	}
	for name, other := range map[string][]byte{
		"value": k.Hash("sms", "+15550101"), "kind": k.Hash("mail", "+15550100"),
		"border between kind and value": k.Hash("sms+", "15550100"),
	} {
		if bytes.Equal(h, other) {
			t.Errorf("another %s gives the same hash", name)
		}
	}
}

func TestTicket(t *testing.T) {
	k := ring(t, nil, "a")
	full := Ticket{World: alerting.Exercise, Alert: alerting.AlertID{1, 2, 3}, Epoch: 1<<32 - 1, Channel: alerting.Siren,
		Page: 39062, Place: 255, Attempt: 3}
	for name, want := range map[string]Ticket{
		"full": full, "zero": {World: alerting.Actual, Channel: alerting.SMS},
	} {
		s := k.SignTicket(Callback, want)
		if got, err := k.VerifyTicket(Callback, s); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if strings.ContainsAny(s, "+/=%&? ") || len(s) > 80 {
			t.Errorf("%s: %q is not short and fit for a URL", name, s)
		}
	}
	s := k.SignTicket(Callback, full)
	refused := func(name string, d Domain, s string) {
		t.Helper()
		if got, err := k.VerifyTicket(d, s); !errors.Is(err, alerting.ErrForbidden) || got != (Ticket{}) {
			t.Errorf("%s: %+v, %v; want ErrForbidden", name, got, err)
		}
	}
	refused("other domain", Unsubscribe, s)
	refused("empty", Callback, "")
	refused("padded", Callback, s+"=")
	refused("with a line break", Callback, s[:10]+"\n"+s[10:])
	refused("very long", Callback, strings.Repeat("A", 1<<20))
	refused("other key", Callback, mustTicket(t, bytes.Repeat([]byte{9}, KeySize), full))
	for i := range s {
		for _, c := range []byte{'A', 'B'} {
			if s[i] != c {
				refused("altered", Callback, s[:i]+string(c)+s[i+1:])
			}
		}
		refused("cut", Callback, s[:i])
	}
}

func mustTicket(t *testing.T, secret []byte, ticket Ticket) string {
	t.Helper()
	k, err := New([]Key{{ID: "other", Secret: secret}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k.SignTicket(Callback, ticket)
}

func FuzzVerifyTicket(f *testing.F) {
	k := ring(f, nil, "a")
	f.Add(k.SignTicket(Callback, Ticket{World: alerting.Actual, Channel: alerting.SMS, Page: 7}))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := k.VerifyTicket(Callback, s)
		if err == nil && k.SignTicket(Callback, got) != s {
			t.Fatalf("%q was accepted but is not what signing %+v gives", s, got)
		}
	})
}

// FuzzTicketFields feeds the field reader, which the signature otherwise shields.
func FuzzTicketFields(f *testing.F) {
	f.Add([]byte{0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, ok := readTicket(b); ok && (got.World == "" || got.Channel == "") {
			t.Fatalf("accepted without world or channel: %+v", got)
		}
	})
}

func FuzzOpen(f *testing.F) {
	k := ring(f, nil, "a")
	f.Add(k.Seal(Batches, []byte("x"), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := k.Open(Batches, b, []byte("never sealed with this")); err == nil {
			t.Fatalf("%x opened to %x", b, got)
		}
	})
}

func BenchmarkSignTicket(b *testing.B) {
	k := ring(b, nil, "a")
	t := Ticket{World: alerting.Actual, Channel: alerting.SMS, Page: 39062, Place: 9, Attempt: 1}
	b.ReportAllocs()
	for b.Loop() {
		k.SignTicket(Callback, t)
	}
}

func BenchmarkVerifyTicket(b *testing.B) {
	k := ring(b, nil, "a")
	s := k.SignTicket(Callback, Ticket{World: alerting.Actual, Channel: alerting.SMS, Page: 39062, Place: 9, Attempt: 1})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.VerifyTicket(Callback, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenAddress(b *testing.B) {
	k := ring(b, nil, "a")
	s := k.Seal(Addresses, []byte("+15550100"), []byte("sms"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Open(Addresses, s, []byte("sms")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealBatch(b *testing.B) {
	k := ring(b, nil, "a")
	batch := make([]byte, 25<<10)
	b.SetBytes(int64(len(batch)))
	for b.Loop() {
		k.Seal(Batches, batch, nil)
	}
}
