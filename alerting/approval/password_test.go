package approval

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"tocsin/alerting"
)

// cheap is the least that Argon2id takes.
var cheap = Cost{Memory: 8, Passes: 1, Threads: 1}

const secret = "seven harbour lights"

func wrapped(t *testing.T) Wrapped {
	t.Helper()
	w, err := Wrap(signerOf("first").Private, "first", secret, [SaltSize]byte{7}, cheap)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAKeyUnderAPassword(t *testing.T) {
	w := wrapped(t)
	back, err := ParseWrapped("first", w.Bytes())
	if err != nil || !bytes.Equal(back.Bytes(), w.Bytes()) {
		t.Fatalf("%v", err)
	}
	s, err := back.Open(secret)
	if err != nil || !s.Private.Equal(signerOf("first").Private) || s.Kind != Password || s.Key().String() != w.Key().String() {
		t.Fatalf("%v", err)
	}
	if _, err := w.Open("seven harbour light"); !errors.Is(err, alerting.ErrForbidden) {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := Decoy(cheap).Open(secret); !errors.Is(err, alerting.ErrForbidden) {
		t.Errorf("a decoy: %v", err)
	}
	// Letters that are typed in two ways are the same letters.
	w, err = Wrap(signerOf("first").Private, "first", "Bl\u00e5b\u00e4rssoppa 7", [SaltSize]byte{7}, cheap)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Open("Bla\u030aba\u0308rssoppa 7"); err != nil {
		t.Errorf("composed otherwise: %v", err)
	}
}

func TestTheUsualCost(t *testing.T) {
	w, err := Wrap(signerOf("first").Private, "first", secret, [SaltSize]byte{7}, Cost{})
	if err != nil || w.Cost != (Cost{Memory: 64 << 10, Passes: 3, Threads: 1}) {
		t.Fatalf("%+v %v", w.Cost, err)
	}
	if _, err := w.Open(secret); err != nil {
		t.Error(err)
	}
	if Decoy(Cost{}).Cost != w.Cost {
		t.Error("a decoy is told by its time")
	}
}

func TestEveryAlteredByteIsRefused(t *testing.T) {
	good := wrapped(t).Bytes()
	for i := range good {
		for _, bit := range []byte{1, 0x80} {
			bad := bytes.Clone(good)
			bad[i] ^= bit
			w, err := ParseWrapped("first", bad)
			if err == nil {
				_, err = w.Open(secret)
			}
			if !errors.Is(err, alerting.ErrForbidden) && !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
	for name, bad := range map[string][]byte{"nothing": nil, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0)} {
		if _, err := ParseWrapped("first", bad); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w, err := ParseWrapped("second", good)
	if err == nil {
		_, err = w.Open(secret)
	}
	if !errors.Is(err, alerting.ErrForbidden) {
		t.Errorf("under another's name: %v", err)
	}
}

func TestCostsAreBounded(t *testing.T) {
	for _, c := range []Cost{{1 << 30, 1, 1}, {mostMemory + 1, 1, 1}, {7, 1, 1}, {8, 0, 1}, {8, 1 << 31, 1}, {8, 1, 0}, {64, 1, 255}, {8, 1, 2}} {
		if _, err := Wrap(signerOf("first").Private, "first", secret, [SaltSize]byte{7}, c); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("made with %+v: %v", c, err)
		}
		w := wrapped(t)
		w.Cost = c
		if _, err := ParseWrapped("first", w.Bytes()); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("read with %+v: %v", c, err)
		}
		if _, err := w.Open(secret); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("opened with %+v: %v", c, err)
		}
	}
}

func TestPasswords(t *testing.T) {
	for _, row := range []struct {
		name, operator, password, want string
	}{
		{"good", "first", secret, ""},
		{"in another script", "first", "七つの港の明かりが見えるよ", ""},
		{"the longest", "first", strings.Repeat("ab c", 50), ""},
		{"short", "first", "eleven char", "12 to 200"},
		{"eleven letters of more bytes", "first", strings.Repeat("å", 11), "12 to 200"},
		{"long", "first", strings.Repeat("abc", 67), "12 to 200"},
		{"the name", "the night desk", "The Night Desk", "own name"},
		{"a common one", "first", "Password1234", "commonest"},
		{"two lines", "first", "seven harbour\nlights", "one line"},
		{"no text", "first", "seven harbour \xff\xfe", "one line"},
		{"no name", "", secret, "a name is"},
	} {
		err := CheckPassword(row.operator, row.password)
		if row.want == "" && err != nil || row.want != "" && (!errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v", row.name, err)
		}
		if err != nil && strings.Contains(err.Error(), row.password) {
			t.Errorf("%s: the error tells the password: %v", row.name, err)
		}
	}
	if _, err := Wrap(signerOf("first").Private, "first", secret, [SaltSize]byte{}, cheap); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("no salt: %v", err)
	}
	if _, err := Wrap(nil, "first", secret, [SaltSize]byte{7}, cheap); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("no key: %v", err)
	}
}
