package audience

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// FuzzLines: whatever a file holds, reading ends; and what encoding/csv reads from a single line is read alike.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\r\n\"x;\"\"y\";2", "\ufeffperson\n\"", "a\tb\n\xff\n\n1\t2", "a,b\n\"1\n2\",3\n", "\"a\"\n\"\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		l, err := newLines(strings.NewReader(file))
		if err != nil {
			return
		}
		for {
			err := l.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil && !errors.Is(err, errLine) {
				t.Fatalf("reading stopped: %v", err)
			}
		}
		if l.bytes != int64(len(file)) {
			t.Fatalf("%d bytes were counted, the file has %d", l.bytes, len(file))
		}
	})
}

// FuzzSplit compares a line with what encoding/csv makes of it.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{`a,b`, `"a,""b""",c`, `,,`, `"a"b`, `a"b`, `""`, ` "a"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		l := &lines{separator: ','}
		err := l.split([]byte(line))
		if strings.ContainsAny(line, "\r\n") || line == "" || err != nil && !strings.Contains(err.Error(), "quote") {
			return
		}
		want, wantErr := csv.NewReader(strings.NewReader(line)).Read()
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v; encoding/csv says %v", line, err, wantErr)
		}
		if err == nil && !slices.Equal(l.fields, want) {
			t.Fatalf("%q: %q; encoding/csv reads %q", line, l.fields, want)
		}
	})
}

// FuzzPlaces: no list of places breaks the parser, and each is a valid cell or a code.
func FuzzPlaces(f *testing.F) {
	for _, seed := range []string{"1,2@Severe;cell:344b;code:SAME=006109@Minor", "cell:@@", "code:=", "-90,180|90,-180", "1,2@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		places, err := parsePlaces(text, nil)
		if err != nil {
			return
		}
		for _, at := range places {
			if at.code == "" && !at.cell.IsValid() || at.min < 0 || at.min > 4 {
				t.Fatalf("%q gave %+v", text, at)
			}
		}
	})
}

// FuzzAddresses: what is taken as an address can be found again under its own normal form.
func FuzzAddresses(f *testing.F) {
	for _, seed := range []string{"+8613800000001", "A@b.example", `{"endpoint":"https://x/","keys":{}}`, "13800138000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if number, err := phone(text, "CN"); err == nil {
			if again, err := normalized("sms", number); err != nil || again != number {
				t.Fatalf("a number taken from %q is refused later: %v", text, err)
			}
		}
		if address, err := mailbox(text); err == nil {
			if _, err := normalized("mail", address); err != nil {
				t.Fatalf("a mailbox taken from %q is refused later: %v", text, err)
			}
		}
		if canonical, endpoint, err := push(text); err == nil {
			if _, err := normalized("push", endpoint); err != nil {
				t.Fatalf("a subscription is refused later: %v", err)
			}
			if again, _, err := push(canonical); err != nil || again != canonical {
				t.Fatalf("a subscription changes when it is read again: %q, %v", again, err)
			}
		}
	})
}

// TestSeen compares the set with a map, at ids of all sizes.
func TestSeen(t *testing.T) {
	var s seen
	in := map[int64]bool{}
	for i := range int64(5000) {
		id := i * i * i % 1_000_003 * (1 + i%7*1_000_000_007)
		if s.has(id) != in[id] || s.add(id) == in[id] || !s.has(id) {
			t.Fatalf("id %d: the set and the map differ", id)
		}
		in[id] = true
		if i%3 == 0 {
			s.remove(id)
			delete(in, id)
			if s.has(id) {
				t.Fatalf("id %d was taken out and is still in", id)
			}
		}
	}
}
