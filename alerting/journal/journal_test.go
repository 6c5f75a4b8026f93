package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

var noon = time.Date(2026, 5, 24, 12, 0, 0, 123_456_789, time.UTC)

func act(n int) Act {
	return Act{At: noon.Add(time.Duration(n) * time.Second), Actor: alerting.Actor{Name: "author", Kind: "operator"},
		Verb: "draft.changed", Subject: fmt.Sprintf("draft/%d", n%3), Detail: json.RawMessage(fmt.Sprintf(`{"version": %d, "a<b": "河水"}`, n))}
}

func write(t testing.TB, db *store.DB, acts ...Act) {
	t.Helper()
	for _, a := range acts {
		if err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { _, err := Append(ctx, tx, a); return err }); err != nil {
			t.Fatal(err)
		}
	}
}

func acts(n int) []Act {
	var all []Act
	for i := range n {
		all = append(all, act(i))
	}
	return all
}

func entries(t testing.TB, db *store.DB, q Query) []Entry {
	t.Helper()
	var all []Entry
	for e, err := range Read(t.Context(), db.Read(), q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func key(t testing.TB) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	return private.Public().(ed25519.PublicKey), private
}

func TestEntriesAreKeptAndFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, acts(7)...)
		all := entries(t, db, Query{})
		if len(all) != 7 || all[6].Number != 7 || all[6].Previous != all[5].Hash || all[0].Previous != (Digest{}) {
			t.Fatalf("%+v", all)
		}
		if got, want := all[2].At, noon.Add(2*time.Second).Truncate(time.Millisecond); !got.Equal(want) {
			t.Errorf("at %v, want %v", got, want)
		}
		if got := string(all[2].Detail); got != `{"a\u003cb":"河水","version":2}` {
			t.Errorf("detail %s", got)
		}
		numbers := func(q Query) (out []int64) {
			for _, e := range entries(t, db, q) {
				out = append(out, e.Number)
			}
			return out
		}
		for _, row := range []struct {
			q    Query
			want []int64
		}{
			{Query{After: 5}, []int64{6, 7}},
			{Query{Latest: true, Limit: 2}, []int64{7, 6}},
			{Query{Latest: true, After: 3}, []int64{2, 1}},
			{Query{Subject: "draft/1"}, []int64{2, 5}},
			{Query{Subject: "draft/1", Actor: "nobody"}, nil},
			{Query{Verb: "draft.changed", Limit: 1}, []int64{1}},
		} {
			if got := numbers(row.q); !slices.Equal(got, row.want) {
				t.Errorf("%+v: %v, want %v", row.q, got, row.want)
			}
		}
		sound, err := VerifyDatabase(t.Context(), db.Read(), nil, nil)
		if err != nil || sound.Entries != 7 || sound.Last != all[6].Hash || sound.Covered != 0 {
			t.Errorf("%+v %v", sound, err)
		}
	})
}

func TestManyPages(t *testing.T) {
	db := storetest.Open(t)
	if err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for i := range 2*pageRows + 3 {
			if _, err := Append(ctx, tx, act(i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if all := entries(t, db, Query{Latest: true}); len(all) != 2*pageRows+3 || all[len(all)-1].Number != 1 {
		t.Errorf("%d entries backwards", len(all))
	}
	if sound, err := VerifyDatabase(t.Context(), db.Read(), nil, nil); err != nil || sound.Entries != 2*pageRows+3 {
		t.Errorf("%+v %v", sound, err)
	}
}

// TestAppendersTakeTurns: whatever many do at once, some of them giving up half way, the chain has no gap and no fork.
func TestAppendersTakeTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		giveUp := errors.New("given up")
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for i := range 10 {
					err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
						if _, err := Append(ctx, tx, act(100*worker+i)); err != nil || i%3 > 0 {
							return err
						}
						return giveUp
					})
					if err != nil && !errors.Is(err, giveUp) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if sound, err := VerifyDatabase(t.Context(), db.Read(), nil, nil); err != nil || sound.Entries != 8*6 {
			t.Errorf("%+v %v", sound, err)
		}
	})
}

func TestActsThatCannotBeWrittenDown(t *testing.T) {
	db := storetest.Open(t)
	for name, change := range map[string]func(*Act){
		"no actor":        func(a *Act) { a.Actor.Name = "" },
		"no verb":         func(a *Act) { a.Verb = "" },
		"a long subject":  func(a *Act) { a.Subject = strings.Repeat("x", maxName+1) },
		"a line end":      func(a *Act) { a.Subject = "a\nb" },
		"no UTF-8":        func(a *Act) { a.Verb = "\xff" },
		"no object":       func(a *Act) { a.Detail = json.RawMessage(`[1]`) },
		"null":            func(a *Act) { a.Detail = json.RawMessage(`null`) },
		"no JSON":         func(a *Act) { a.Detail = json.RawMessage(`{"a":`) },
		"no UTF-8 inside": func(a *Act) { a.Detail = json.RawMessage("{\"a\":\"\xff\"}") },
		"a long detail":   func(a *Act) { a.Detail = json.RawMessage(`{"a":"` + strings.Repeat("x", maxDetail) + `"}`) },
	} {
		a := act(1)
		change(&a)
		err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { _, err := Append(ctx, tx, a); return err })
		if !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(entries(t, db, Query{})); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// tampering is what somebody does who may write to the database, and what must be found.
type tampering struct {
	name  string
	do    func(db *vandal)
	fault Fault
	// number is that of the first bad entry; alone is what is found without exported heads, empty for nothing.
	number int64
	alone  Fault
}

func tamperings() []tampering {
	return []tampering{
		{"nothing", func(*vandal) {}, "", 0, ""},
		{"an actor is changed", func(v *vandal) { v.run("UPDATE journal SET actor = 'someone' WHERE number = 4") }, Edited, 4, Edited},
		{"a kind is changed", func(v *vandal) { v.run("UPDATE journal SET kind = 'token' WHERE number = 4") }, Edited, 4, Edited},
		{"a time is changed", func(v *vandal) { v.run("UPDATE journal SET at_ms = at_ms + 1 WHERE number = 4") }, Edited, 4, Edited},
		{"a verb is changed", func(v *vandal) { v.run("UPDATE journal SET verb = 'x' WHERE number = 1") }, Edited, 1, Edited},
		{"a subject is changed", func(v *vandal) { v.run("UPDATE journal SET subject = 'x' WHERE number = 4") }, Edited, 4, Edited},
		{"a detail is changed", func(v *vandal) { v.run("UPDATE journal SET detail = '{}' WHERE number = 9") }, Edited, 9, Edited},
		{"text moves to the next column", func(v *vandal) {
			v.run("UPDATE journal SET verb = 'draft.changeddraft/0', subject = '' WHERE number = 4")
		}, Edited, 4, Edited},
		{"one is deleted", func(v *vandal) { v.run("DELETE FROM journal WHERE number = 4") }, Missing, 4, Missing},
		{"the first is deleted", func(v *vandal) { v.run("DELETE FROM journal WHERE number = 1") }, Missing, 1, Missing},
		{"one is deleted, and the rest closes up", func(v *vandal) {
			v.run("DELETE FROM journal WHERE number = 4")
			v.run("UPDATE journal SET number = -number WHERE number > 4")
			v.run("UPDATE journal SET number = -number - 1 WHERE number < 0")
		}, Edited, 4, Edited},
		{"two change places", func(v *vandal) {
			v.run("UPDATE journal SET number = -3 WHERE number = 3")
			v.run("UPDATE journal SET number = 3 WHERE number = 4")
			v.run("UPDATE journal SET number = 4 WHERE number = -3")
		}, Edited, 3, Edited},
		{"the end is cut", func(v *vandal) { v.run("DELETE FROM journal WHERE number > 7") }, Cut, 8, Cut},
		{"the end is cut and the head moved", func(v *vandal) { v.cut(7) }, Cut, 8, ""},
		{"an older copy is put back", func(v *vandal) { v.cut(6) }, Cut, 7, ""},
		{"everything is gone", func(v *vandal) { v.cut(0) }, Cut, 1, ""},
		{"one is changed and all hashes anew", func(v *vandal) { v.rewrite(4, "someone") }, Rewritten, 1, ""},
		{"a late one is changed and all hashes anew", func(v *vandal) { v.rewrite(8, "someone") }, Rewritten, 7, ""},
		{"a hash is cut short", func(v *vandal) { v.run("UPDATE journal SET hash = previous WHERE number = 1"); v.short(2) }, Edited, 1, Edited},
	}
}

// vandal is somebody who may write to the database.
type vandal struct {
	t  *testing.T
	db *store.DB
}

func (v *vandal) run(query string, args ...any) {
	v.t.Helper()
	if err := v.db.Write(v.t.Context(), func(ctx context.Context, tx bun.Tx) error { _, err := tx.ExecContext(ctx, query, args...); return err }); err != nil {
		v.t.Fatal(err)
	}
}

func (v *vandal) short(number int) {
	v.run("UPDATE journal SET hash = ? WHERE number = ?", []byte{1}, number)
}

// cut makes the journal one that ends with an entry.
func (v *vandal) cut(last int64) {
	var hash []byte
	if last > 0 {
		hash = entries(v.t, v.db, Query{After: last - 1, Limit: 1})[0].row().Hash
	}
	v.run("DELETE FROM journal WHERE number > ?", last)
	v.run("UPDATE journal_head SET number = ?, hash = ?", last, hash)
}

// rewrite changes the actor of an entry and computes all later hashes anew.
func (v *vandal) rewrite(number int64, actor string) {
	all := entries(v.t, v.db, Query{})
	v.cut(number - 1)
	for _, e := range all[number-1:] {
		if e.Number == number {
			e.Actor.Name = actor
		}
		write(v.t, v.db, e.Act)
	}
}

// TestEveryTamperingIsNamed: heads were exported behind the entries 6 and 10.
func TestEveryTamperingIsNamed(t *testing.T) {
	public, private := key(t)
	for _, row := range tamperings() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t)
			k := &Keeper{DB: db.Read(), Key: private, File: filepath.Join(t.TempDir(), "heads"), Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)}
			for _, n := range []int{6, 4} {
				write(t, db, acts(n)...)
				for range 2 { // the second finds nothing new
					if err := k.Export(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			row.do(&vandal{t, db})
			text, err := os.ReadFile(k.File)
			if err != nil {
				t.Fatal(err)
			}
			heads, err := ReadHeads(bytes.NewReader(text))
			if err != nil || len(heads) != 2 {
				t.Fatalf("%d heads, %v", len(heads), err)
			}
			sound, err := VerifyDatabase(t.Context(), db.Read(), heads, []ed25519.PublicKey{public})
			if fault, number := faultOf(t, err); fault != row.fault || number != row.number {
				t.Errorf("found %q at entry %d (%v), want %q at %d", fault, number, err, row.fault, row.number)
			}
			if row.fault == "" && (sound.Covered != 10 || sound.Heads != 2 || !sound.Until.Equal(noon.Truncate(time.Millisecond))) {
				t.Errorf("%+v", sound)
			}
			_, err = VerifyDatabase(t.Context(), db.Read(), nil, nil)
			if fault, _ := faultOf(t, err); fault != row.alone {
				t.Errorf("without heads: found %q (%v), want %q", fault, err, row.alone)
			}
		})
	}
}

func faultOf(t *testing.T, err error) (Fault, int64) {
	t.Helper()
	var b *Broken
	if err == nil {
		return "", 0
	}
	if !errors.As(err, &b) || !errors.Is(err, alerting.ErrInvalid) {
		t.Fatalf("%v is no fault of the journal", err)
	}
	return b.Fault, b.Number
}

// TestLinesInAnyOrder: a file may hold what a table cannot.
func TestLinesInAnyOrder(t *testing.T) {
	db := storetest.Open(t)
	write(t, db, acts(5)...)
	var file bytes.Buffer
	if err := WriteLines(&file, Read(t.Context(), db.Read(), Query{})); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(file.String(), "\n"), "\n")
	lines[4] += "\n"
	rows := []struct {
		name   string
		order  []int
		fault  Fault
		number int64
	}{
		{"as they are", []int{0, 1, 2, 3, 4}, "", 0},
		{"two change places", []int{0, 2, 1, 3, 4}, Missing, 2},
		{"one comes twice", []int{0, 1, 1, 2, 3, 4}, Misplaced, 3},
		{"one is gone", []int{0, 1, 3, 4}, Missing, 3},
	}
	for _, row := range rows {
		var text string
		for _, i := range row.order {
			text += lines[i]
		}
		_, err := Verify(ReadLines(strings.NewReader(text)), nil, nil)
		if fault, number := faultOf(t, err); fault != row.fault || number != row.number {
			t.Errorf("%s: found %q at %d (%v), want %q at %d", row.name, fault, number, err, row.fault, row.number)
		}
	}
	for name, text := range map[string]string{"half a line": lines[0][:30], "two on a line": strings.TrimSpace(lines[0]) + lines[1],
		"another field": `{"number":1,"x":2}`, "endless": strings.Repeat("x", maxLine+1)} {
		_, err := Verify(ReadLines(strings.NewReader(lines[0]+text)), nil, nil)
		if !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadsOfOthersProveNothing(t *testing.T) {
	public, private := key(t)
	stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	db := storetest.Open(t)
	write(t, db, acts(2)...)
	end, err := headOf(t.Context(), db.Read())
	if err != nil {
		t.Fatal(err)
	}
	good := end.Sign(private, noon)
	later, other := good, good
	later.At = later.At.Add(time.Hour)
	other.Number = 1
	named := end.Sign(stranger, noon)
	named.Key = good.Key
	for name, row := range map[string]struct {
		head  Head
		fault Fault
	}{"ours": {good, ""}, "a stranger's": {end.Sign(stranger, noon), Forged}, "a stranger's with our name": {named, Forged},
		"its time changed": {later, Forged}, "its number changed": {other, Forged}} {
		_, err := VerifyDatabase(t.Context(), db.Read(), []Head{row.head}, []ed25519.PublicKey{public})
		if fault, _ := faultOf(t, err); fault != row.fault {
			t.Errorf("%s: %q (%v), want %q", name, fault, err, row.fault)
		}
	}
}

// TestKeeperExportsAtTheStartAndAtTheEnd: a process that ends in good order leaves nothing unproven.
func TestKeeperExportsAtTheStartAndAtTheEnd(t *testing.T) {
	public, private := key(t)
	db := storetest.Open(t)
	write(t, db, act(1))
	file := filepath.Join(t.TempDir(), "heads")
	heads := func() []Head {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		heads, err := ReadHeads(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return heads
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k := &Keeper{DB: db.Read(), Key: private, File: file, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)}
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	for len(heads()) == 0 {
		time.Sleep(time.Millisecond)
	}
	write(t, db, act(2))
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	sound, err := VerifyDatabase(t.Context(), db.Read(), heads(), []ed25519.PublicKey{public})
	if err != nil || sound.Heads != 2 || sound.Covered != 2 {
		t.Errorf("%+v %v", sound, err)
	}
}
