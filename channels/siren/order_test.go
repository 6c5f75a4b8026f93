package siren

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

func testDelivery(address, body string) channels.Delivery {
	return channels.Delivery{World: alerting.Test, Alert: alertID(1), Epoch: 3, Channel: alerting.Siren, Lane: alerting.Flash,
		Gateway: "siren", Page: 4, Place: 5, Attempt: 1, Address: address, Message: &alerting.Message{Body: body, Cost: 1},
		Expires: time.Now().Add(time.Hour)}
}

func addressOf(t testing.TB, e Endpoint) string {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const (
	wail = `{"programme":"wail","seconds":60,"test":false}`
	halt = `{"stop":true}`
)

func TestParseEndpoint(t *testing.T) {
	tests := []struct {
		name, address string
		ok            bool
	}{
		{"http", `{"id":"s-1","protocol":"http","url":"https://siren.example/a/"}`, true},
		{"mqtt without a topic", `{"id":"s_1","protocol":"mqtt"}`, true},
		{"modbus without a port", `{"id":"s.1","protocol":"modbus","host":"10.0.0.1","unit":3}`, true},
		{"modbus on IPv6", `{"id":"s1","protocol":"modbus","host":"[fd00::1]:1502"}`, true},
		{"programmes of both kinds", `{"id":"s1","protocol":"mqtt","programmes":{"wail":3,"voice":"voice:2"}}`, true},
		{"programme is an object", `{"id":"s1","protocol":"mqtt","programmes":{"wail":{}}}`, false},
		{"programme is negative", `{"id":"s1","protocol":"mqtt","programmes":{"wail":-3}}`, false},
		{"nothing", ``, false},
		{"two objects", `{"id":"s1","protocol":"mqtt"}{}`, false},
		{"no id", `{"protocol":"mqtt"}`, false},
		{"id that climbs", `{"id":"..","protocol":"mqtt"}`, false},
		{"id with a slash", `{"id":"a/b","protocol":"mqtt"}`, false},
		{"id with a wildcard", `{"id":"+","protocol":"mqtt"}`, false},
		{"id too long", `{"id":"` + strings.Repeat("a", 65) + `","protocol":"mqtt"}`, false},
		{"unknown protocol", `{"id":"s1","protocol":"radio"}`, false},
		{"url with a password", `{"id":"s1","protocol":"http","url":"http://u:p@h/"}`, false},
		{"url with a query", `{"id":"s1","protocol":"http","url":"http://h/?a=b"}`, false},
		{"url of a file", `{"id":"s1","protocol":"http","url":"file:///etc"}`, false},
		{"url without a host", `{"id":"s1","protocol":"http","url":"http://"}`, false},
		{"topic with a wildcard", `{"id":"s1","protocol":"mqtt","topic":"sirens/#"}`, false},
		{"host with a path", `{"id":"s1","protocol":"modbus","host":"10.0.0.1/x"}`, false},
		{"host without a name", `{"id":"s1","protocol":"modbus","host":":502"}`, false},
		{"port 0", `{"id":"s1","protocol":"modbus","host":"a:0"}`, false},
		{"port too high", `{"id":"s1","protocol":"modbus","host":"a:70000"}`, false},
		{"negative run time", `{"id":"s1","protocol":"mqtt","max_seconds":-1}`, false},
		{"short key", `{"id":"s1","protocol":"mqtt","key":"AAAA"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseEndpoint(tt.address); (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %t", err, tt.ok)
			}
		})
	}
}

func FuzzParseEndpoint(f *testing.F) {
	f.Add(`{"id":"s1","protocol":"http","url":"https://h/a"}`)
	f.Add(`{"id":"s1","protocol":"modbus","host":"[::1]:502","programmes":{"a":1,"b":"2"}}`)
	f.Fuzz(func(t *testing.T, address string) {
		e, err := ParseEndpoint(address)
		if err != nil {
			return
		}
		again, err := ParseEndpoint(addressOf(t, e))
		if err != nil || again.ID != e.ID || again.URL != e.URL || again.Host != e.Host {
			t.Errorf("%q reads as %+v, written again as %+v (%v)", address, e, again, err)
		}
	})
}

func TestOrder(t *testing.T) {
	endpoint := Endpoint{ID: "s1", Protocol: ProtocolMQTT, Programmes: map[string]Code{"wail": "w7"}}
	tests := []struct {
		name   string
		body   string
		change func(*channels.Delivery, *Endpoint)
		want   order
	}{
		{"actual", wail, nil, order{action: Activate, programme: "w7", seconds: 60}},
		{"capped by the gateway", `{"programme":"wail","seconds":999}`, nil, order{action: Activate, programme: "w7", seconds: 120}},
		{"no seconds means the cap", `{"programme":"wail"}`, nil, order{action: Activate, programme: "w7", seconds: 120}},
		{"capped by the siren", wail, func(_ *channels.Delivery, e *Endpoint) { e.MaxSeconds = 20 }, order{action: Activate, programme: "w7", seconds: 20}},
		{"no longer than the alert", wail, func(d *channels.Delivery, _ *Endpoint) { d.Expires = _start.Add(9 * time.Second) }, order{action: Activate, programme: "w7", seconds: 9}},
		{"at least a second", wail, func(d *channels.Delivery, _ *Endpoint) { d.Expires = _start.Add(time.Millisecond) }, order{action: Activate, programme: "w7", seconds: 1}},
		{"unmapped programme", `{"programme":"steady","seconds":5}`, nil, order{action: Activate, programme: "steady", seconds: 5}},
		{"fallback programme", `{"programme":"steady","seconds":5}`, func(_ *channels.Delivery, e *Endpoint) { e.Programmes[AnyProgramme] = "x" }, order{action: Activate, programme: "x", seconds: 5}},
		{"marked as a test", `{"programme":"wail","seconds":5,"test":true}`, nil, order{action: SilentTest, programme: "w7"}},
		{"exercise is silent", `{"programme":"wail","seconds":5}`, func(d *channels.Delivery, _ *Endpoint) { d.World = alerting.Exercise }, order{action: SilentTest, programme: "w7"}},
		{"exercise that sounds", wail, func(d *channels.Delivery, _ *Endpoint) { d.World = alerting.Exercise }, order{action: Activate, programme: "w7", seconds: 60}},
		{"exercise as it is worded", `{"programme":"wail","seconds":5,"test":true,"stop":false}`, func(d *channels.Delivery, _ *Endpoint) { d.World = alerting.Exercise }, order{action: SilentTest, programme: "w7"}},
		{"audible exercise", `{"programme":"wail","seconds":5,"test":true}`, func(d *channels.Delivery, _ *Endpoint) { d.World = alerting.Exercise }, order{action: Activate, programme: "w7", seconds: 5}},
		{"audible exercises, but a test", `{"programme":"wail","seconds":5,"test":true}`, func(d *channels.Delivery, _ *Endpoint) { d.World = alerting.Test }, order{action: SilentTest, programme: "w7"}},
		{"audible exercises, but marked in earnest", `{"programme":"wail","seconds":5,"test":true}`, nil, order{action: SilentTest, programme: "w7"}},
		{"the silent programme", `{"programme":"test-silent","seconds":10,"test":false}`, nil, order{action: SilentTest, programme: "test-silent"}},
		{"wider programme", `{"programme":"wail-water","seconds":5}`, nil, order{action: Activate, programme: "w7", seconds: 5}},
		{"stop", halt, nil, order{action: Halt}},
		{"stop as it is worded", `{"programme":"stop","seconds":0,"test":false,"stop":true}`, nil, order{action: Halt}},
		{"stop of named alerts", `{"stop":true,"ends":["` + alertID(2).String() + `"]}`, nil, order{action: Halt, ends: []alerting.AlertID{alertID(2)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := newCore(Config{MaxSeconds: 120, AudibleExercises: strings.HasPrefix(tt.name, "audible")}, func() time.Time { return _start })
			if err != nil {
				t.Fatal(err)
			}
			defer c.follows.close()
			e := endpoint
			e.Programmes = map[string]Code{"wail": "w7"}
			d := testDelivery("", tt.body)
			d.World, d.Expires = alerting.Actual, _start.Add(time.Hour)
			if tt.change != nil {
				tt.change(&d, &e)
			}
			d.Address = addressOf(t, e)
			got, err := c.order(&d, ProtocolMQTT)
			if err != nil {
				t.Fatal(err)
			}
			if got.action != tt.want.action || got.programme != tt.want.programme || got.seconds != tt.want.seconds || !slices.Equal(got.ends, tt.want.ends) {
				t.Errorf("%s %q %d s ends %v, want %s %q %d s ends %v", got.action, got.programme, got.seconds, got.ends,
					tt.want.action, tt.want.programme, tt.want.seconds, tt.want.ends)
			}
		})
	}
}

// cancelDocument is a CAP Cancel of two earlier messages.
const cancelDocument = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>c-1</identifier><sender>office@example.org</sender>
<sent>2026-03-01T12:05:00+00:00</sent><status>Actual</status><msgType>Cancel</msgType><scope>Public</scope>
<references>office@example.org,a-1,2026-03-01T12:00:00+00:00 office@example.org,a-2,2026-03-01T12:01:00+00:00</references></alert>`

func TestStopEndsWhatTheDocumentRefersTo(t *testing.T) {
	c, err := newCore(Config{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer c.follows.close()
	want := []alerting.AlertID{
		alerting.NewAlertID("office@example.org", "a-1", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		alerting.NewAlertID("office@example.org", "a-2", time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC)),
	}
	tests := []struct {
		name, document string
		want           []alerting.AlertID
	}{
		{"a cancel", cancelDocument, want},
		{"no document", "", nil},
		{"a document that cannot be read", "<alert>", nil},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := testDelivery(addressOf(t, Endpoint{ID: "s1", Protocol: ProtocolMQTT}), halt)
			d.Alert, d.Document = alertID(byte(i)), []byte(tt.document)
			for range 2 { // the second time it is remembered
				o, err := c.order(&d, ProtocolMQTT)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(o.ends, tt.want) {
					t.Errorf("ends %v, want %v", o.ends, tt.want)
				}
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
	}{
		{"a run of more than an hour", Config{MaxSeconds: 3601}},
		{"commands valid for more than a minute", Config{Validity: 61 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewHTTP(tt.cfg, testKey(1), time.Now); !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("error %v, want %v", err, alerting.ErrInvalid)
			}
		})
	}
	if _, err := NewHTTP(Config{}, nil, time.Now); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("without a key: %v, want %v", err, alerting.ErrInvalid)
	}
	for _, broker := range []string{"", "http://h", "mqtt://", "mqtt://user:secret@h"} {
		if _, err := NewMQTT(Config{Broker: broker}, testKey(1), time.Now); !errors.Is(err, alerting.ErrInvalid) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("broker %q: %v, want %v without the password", broker, err, alerting.ErrInvalid)
		}
	}
	bad := map[string]RegisterMap{"bad": {Select: map[string]Select{"": {Cell: Cell{Input, 0}}}}}
	if _, err := NewModbus(Config{Maps: bad}, time.Now); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("a map that writes to inputs: %v, want %v", err, alerting.ErrInvalid)
	}
}
