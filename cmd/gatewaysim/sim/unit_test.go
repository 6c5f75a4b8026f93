package sim

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestDecryptVectorOfRFC8291(t *testing.T) {
	decode := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	// RFC 8291 §5 and appendix A
	pair, err := ecdh.P256().NewPrivateKey(decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	auth := [16]byte(decode("BTBZMqHH6r4Tts7J_aSIgg"))
	body := decode("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_" +
		"yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	clear, err := decrypt(nil, pair, auth, body)
	if err != nil || string(clear) != "When I grow up, I want to be a watermelon" {
		t.Errorf("decrypted %q, %v", clear, err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"cut":              func(b []byte) []byte { return b[:len(b)-1] },
		"head only":        func(b []byte) []byte { return b[:pushHead] },
		"empty":            func([]byte) []byte { return nil },
		"no point":         func(b []byte) []byte { b[30] ^= 1; return b },
		"other key length": func(b []byte) []byte { b[20] = 64; return b },
		"tiny records":     func(b []byte) []byte { copy(b[16:], "\x00\x00\x00\x12"); return b },
		"other salt":       func(b []byte) []byte { b[0] ^= 1; return b },
	} {
		if clear, err := decrypt(nil, pair, auth, change(bytes.Clone(body))); err == nil {
			t.Errorf("%s: decrypted to %q", name, clear)
		}
	}
}

func TestSegments(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       int
	}{
		{"empty", "", 1},
		{"160 septets", strings.Repeat("a", 160), 1},
		{"161 septets", strings.Repeat("a", 161), 2},
		{"306 septets", strings.Repeat("é", 306), 2},
		{"307 septets", strings.Repeat("é", 307), 3},
		{"80 of the extension", strings.Repeat("€", 80), 1},
		{"81 of the extension", strings.Repeat("€", 81), 2},
		{"an escape is not split", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3},
		{"70 units", strings.Repeat("я", 70), 1},
		{"71 units", strings.Repeat("я", 71), 2},
		{"134 units", strings.Repeat("я", 134), 2},
		{"a surrogate pair is not split", strings.Repeat("я", 66) + "🌊" + strings.Repeat("я", 66), 3},
		{"one foreign character", strings.Repeat("a", 70) + "ã", 2},
		{"broken UTF-8", "\xff\xfe", 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := segments(row.text); got != row.want {
				t.Errorf("%d segments, want %d", got, row.want)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	for _, row := range []struct {
		pattern, s string
		want       bool
	}{
		{"0000", "+250780000", true}, {"0000", "+2507800001", false}, {"", "x", true}, {"*", "", true}, {"*+550@*", "a+550@b", true},
		{"*+550@*", "a550@b", false}, {"+250*01", "+25001", true}, {"+250*01", "+2501", false}, {"a*b*c", "abc", true}, {"a*b*c", "acb", false},
		{"ab*ba", "aba", false}, {"*x", "xx", true},
	} {
		if got := matches(row.pattern, row.s); got != row.want {
			t.Errorf("matches(%q, %q) = %v", row.pattern, row.s, got)
		}
	}
}

func TestHashSetAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var set hashSet
	want := map[uint64]uint32{}
	for range 50_000 {
		h := r.Uint64N(20_000) * 0x9e3779b97f4a7c15 // 0 is one of them
		fresh := set.add(h)
		if h == 0 {
			h = 1
		}
		if fresh != (want[h] == 0) {
			t.Fatalf("add(%d) says new=%v at count %d", h, fresh, want[h])
		}
		want[h]++
	}
	for h, n := range want {
		if set.count(h) != n {
			t.Fatalf("count(%d) = %d, want %d", h, set.count(h), n)
		}
	}
	if set.len() != len(want) || set.count(12345) != 0 {
		t.Errorf("%d members, want %d", set.len(), len(want))
	}
}

func TestHashSetMemory(t *testing.T) {
	var set hashSet
	for i := range uint64(1_000_000) {
		set.add(mix(i))
	}
	bytes := 0
	for i := range set.shards {
		bytes += 12 * len(set.shards[i].keys)
	}
	if set.len() != 1_000_000 || bytes > 32<<20 {
		t.Errorf("%d members in %d bytes", set.len(), bytes)
	}
}

func TestLatencies(t *testing.T) {
	var l latencies
	for i := int64(1); i <= 100_000; i++ {
		l.add(i)
	}
	for i, got := range l.quantiles(0.5, 0.99, 1) {
		want := [...]time.Duration{50_000, 99_000, 100_000}[i] * time.Microsecond
		if got < want || float64(got) > float64(want)*1.0667 {
			t.Errorf("quantile %d is %v, want %v to 6 %% more", i, got, want)
		}
	}
	for _, v := range []int64{0, 1, 15, 16, 17, 31, 32, 1 << 20, 1<<40 + 12345} {
		if top := bucketTop(bucketOf(v)); top < v || bucketOf(top) != bucketOf(v) || bucketOf(top+1) == bucketOf(v) {
			t.Errorf("bucket of %d ends at %d", v, top)
		}
	}
}

func TestLogLinesCannotBeForged(t *testing.T) {
	l, err := openLog(filepath.Join(t.TempDir(), "raw.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	l.Append(Event{Time: time.UnixMicro(5), Channel: SMS, Recipient: "a\tb\nc", Detail: "x\r\x00\x7fy"})
	size := l.Size()
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(l.Path())
	if want := "5\tsms\ta b c\t-\t-\tx   y\tsms\n"; err != nil || string(b) != want || size != int64(len(want)) {
		t.Errorf("log is %q (%d bytes, %v)", b, size, err)
	}
}

func TestLogIsWholeUnderLoad(t *testing.T) {
	l, err := openLog(filepath.Join(t.TempDir(), "raw.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	const workers, each = 8, 20_000 // some flushes by size
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				l.Append(Event{Time: time.UnixMicro(int64(i)), Channel: SMS, Recipient: fmt.Sprint(w), Kind: Arrive})
			}
		})
	}
	wg.Wait()
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(l.Path())
	if err != nil || int64(len(b)) != l.Size() || bytes.Count(b, []byte("\n")) != workers*each {
		t.Errorf("%d bytes and %d lines, want %d and %d (%v)", len(b), bytes.Count(b, []byte("\n")), l.Size(), workers*each, err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	l.Append(Event{Time: time.UnixMicro(1)})
	if l.Flush() == nil || l.Err() == nil {
		t.Error("a log that cannot be written says nothing")
	}
}

// TestLaterSpillsAndKeepsOrder files more callbacks than memory is granted for.
func TestLaterSpillsAndKeepsOrder(t *testing.T) {
	clock := time.Unix(1_800_000_000, 0)
	l := newLater(func() time.Time { return clock }, nil)
	url := "http://127.0.0.1:1/cb?" + strings.Repeat("x", 400)
	const n = 200_000 // about 100 MB, of which 64 MB stay in memory
	for i := range n {
		if err := l.after(time.Second, chore{seq: uint64(i), url: url, channel: SMS, recipient: "+250", code: uint16(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if pending, disk := l.length(); pending != n || disk < 16<<20 {
		t.Fatalf("%d pending, %d bytes on disk", pending, disk)
	}
	if batch, wait, err := l.take(make([]chore, 0, 8)); len(batch) != 0 || wait <= 0 || wait > time.Second+70*time.Millisecond || err != nil {
		t.Fatalf("before time: %d chores, wait %v, %v", len(batch), wait, err)
	}
	clock = clock.Add(2 * time.Second)
	batch := make([]chore, 0, batchSize)
	for next := uint64(0); next < n; {
		var err error
		if batch, _, err = l.take(batch[:0]); err != nil || len(batch) == 0 {
			t.Fatalf("at %d: %d chores, %v", next, len(batch), err)
		}
		for _, c := range batch {
			if c.seq != next || c.code != uint16(next) || c.url != url || c.recipient != "+250" || c.channel != SMS {
				t.Fatalf("chore %d is %+v", next, c)
			}
			next++
		}
	}
	if pending, disk := l.length(); pending != 0 || disk != 0 {
		t.Errorf("%d pending, %d bytes on disk", pending, disk)
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
}

func TestGrid(t *testing.T) {
	lanes := map[time.Duration]bool{}
	for ms := range 60_000 {
		d := time.Duration(ms) * time.Millisecond
		g := grid(d)
		if g < d || float64(g) > float64(d)*1.0667 {
			t.Fatalf("grid(%v) = %v", d, g)
		}
		lanes[g] = true
	}
	if len(lanes) > 256 {
		t.Errorf("%d lanes for a minute", len(lanes))
	}
}

func TestSIDs(t *testing.T) {
	o := newOutbox(9)
	for _, seq := range []uint64{1, 2, 8192, 8193, 1 << 40} {
		sid := string(o.sid(nil, seq))
		if got, ok := o.number(sid); !ok || got != seq {
			t.Errorf("%s is number %d %v, want %d", sid, got, ok, seq)
		}
		if _, ok := newOutbox(10).number(sid); ok {
			t.Errorf("%s is valid in another run", sid)
		}
	}
	for _, sid := range []string{"", "SM", "SM" + strings.Repeat("0", 32), "XX" + strings.Repeat("0", 32), "SM" + strings.Repeat("z", 32)} {
		if _, ok := o.number(sid); ok {
			t.Errorf("%q is valid", sid)
		}
	}
}

func TestOutboxForgetsTheOldest(t *testing.T) {
	o := newOutbox(1)
	const n = outboxChunk*outboxChunks + 1
	for i := range uint64(n) {
		if seq := o.add(message{to: i}); seq != i+1 {
			t.Fatalf("message %d has number %d", i, seq)
		}
	}
	if _, ok := o.get(1); ok {
		t.Error("the oldest is kept")
	}
	if m, ok := o.get(n); !ok || m.to != n-1 {
		t.Errorf("the newest is %+v %v", m, ok)
	}
	if m, ok := o.get(outboxChunk + 1); !ok || m.to != outboxChunk {
		t.Errorf("one of the second chunk is %+v %v", m, ok)
	}
}

func TestTooManyAlertsAreCountedTogether(t *testing.T) {
	tl := newTallies()
	for i := range maxAlerts + 100 {
		tl.add(&Event{Time: time.UnixMicro(1), Channel: SMS, Gateway: SMS, Kind: Arrive, Alert: fmt.Sprint(i), Recipient: fmt.Sprint(i)})
	}
	if other := tl.get(tallyKey{SMS, otherAlert}); other == nil || other.arrivals.Load() != 100 {
		t.Errorf("others: %+v", other)
	}
}

func TestParseTarget(t *testing.T) {
	for _, row := range []struct {
		url, host, path string
		secure, ok      bool
	}{
		{"http://h/p?q#f", "h:80", "/p?q", false, true},
		{"https://h:8443", "h:8443", "/", true, true},
		{"https://[::1]?x", "[::1]:443", "/?x", true, true},
		{url: "ftp://h/"}, {url: "http://"}, {url: "http://u@h/"}, {url: "http://h/a b"}, {url: "http://h_h/"}, {url: "http://h/\r\nX: y"},
	} {
		got, ok := parseTarget(row.url)
		if ok != row.ok || ok && (got.host != row.host || got.path != row.path || got.secure != row.secure) {
			t.Errorf("parseTarget(%q) = %+v %v", row.url, got, ok)
		}
	}
}
