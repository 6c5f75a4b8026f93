package audience_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/seal"
	"tocsin/alerting/store"
	"tocsin/cap"
)

// clock is the time of all tests.
func clock() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func keyring(t testing.TB, fill ...byte) *seal.Keyring {
	t.Helper()
	var keys []seal.Key
	for _, b := range append(fill, 7) {
		keys = append(keys, seal.Key{ID: fmt.Sprintf("k%d", b), Secret: bytes.Repeat([]byte{b}, seal.KeySize)})
	}
	ring, err := seal.New(keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func open(t testing.TB, db *store.DB) *audience.Audience {
	t.Helper()
	a, err := audience.New(t.Context(), audience.Config{DB: db, Keys: keyring(t), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close the audience: %v", err)
		}
	})
	return a
}

// people imports a file that must have no problem.
func people(t testing.TB, a *audience.Audience, lines ...string) audience.Result {
	t.Helper()
	result, err := a.ImportPeople(t.Context(), strings.NewReader(strings.Join(lines, "\n")), audience.ImportOptions{Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range result.Problems {
		t.Errorf("problem: %s", p)
	}
	return result
}

// alert is a public alert with these infos.
func alert(infos ...cap.Info) *alerting.Issued {
	a := &cap.Alert{Identifier: "test-1", Sender: "office@example.org", Sent: clock(), Status: cap.StatusTest,
		MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: infos}
	return &alerting.Issued{ID: alerting.IDOf(a), Alert: a, Envelope: alerting.Envelope{World: alerting.Test}}
}

// box is a polygon between two corners.
func box(south, west, north, east float64) cap.Area {
	return cap.Area{Polygons: []cap.Polygon{{{Lat: south, Lon: west}, {Lat: south, Lon: east}, {Lat: north, Lon: east},
		{Lat: north, Lon: west}, {Lat: south, Lon: west}}}}
}

func circle(lat, lon, km float64) cap.Area {
	return cap.Area{Circles: []cap.Circle{{Center: cap.Point{Lat: lat, Lon: lon}, RadiusKM: km}}}
}

func geocode(name, value string) cap.Area {
	return cap.Area{Geocodes: []cap.Value{{Name: name, Value: value}}}
}

func info(severity cap.Severity, language string, areas ...cap.Area) cap.Info {
	return cap.Info{Language: language, Severity: severity, Categories: []cap.Category{"Met"}, Event: "Storm", Areas: areas}
}

// everybody runs a scan to its end in small pages and returns whom it found.
func everybody(t testing.TB, a *audience.Audience, issued *alerting.Issued) []alerting.Addressee {
	t.Helper()
	scan, err := a.Begin(t.Context(), issued, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return rest(t, scan, 7)
}

func rest(t testing.TB, scan *audience.Scan, limit int) []alerting.Addressee {
	t.Helper()
	var all []alerting.Addressee
	for {
		page, err := scan.Next(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) < limit {
			if !scan.Done() {
				t.Fatalf("a short page, but the scan is at %q", scan.Cursor())
			}
			return all
		}
	}
}

// told is whom a scan found: reference to info, as "ref:info" in the order of the scan.
func told(t testing.TB, a *audience.Audience, found []alerting.Addressee) []string {
	t.Helper()
	ids := make([]int64, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	refs, err := a.Refs(context.WithoutCancel(t.Context()), ids)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(found))
	for i, f := range found {
		out[i] = fmt.Sprintf("%s:%d", refs[f.ID], f.Info)
	}
	return out
}

// subscriptionOf is a push subscription that differs by n, quoted for CSV.
func subscriptionOf(n int) string {
	point := make([]byte, 65)
	point[0], point[1], point[2], point[3] = 4, byte(n), byte(n>>8), byte(n>>16)
	b64 := base64.RawURLEncoding
	s, err := json.Marshal(map[string]any{"endpoint": fmt.Sprintf("https://push.example.org/s/%d", n),
		"keys": map[string]string{"p256dh": b64.EncodeToString(point), "auth": b64.EncodeToString(point[:16])}})
	if err != nil {
		panic(err)
	}
	return `"` + strings.ReplaceAll(string(s), `"`, `""`) + `"`
}

func contextEnded(t testing.TB) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}
