package siren

import (
	"slices"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
)

// alarms is a clock for alarms that moves when the test says so.
type alarms struct {
	mu  sync.Mutex
	now time.Duration
	set []*alarm
}

type alarm struct {
	at  time.Duration
	f   func()
	off bool
}

func (a *alarms) after(d time.Duration, f func()) func() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := &alarm{at: a.now + d, f: f}
	a.set = append(a.set, one)
	return func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		was := !one.off
		one.off = true
		return was
	}
}

// advance runs what is due.
func (a *alarms) advance(d time.Duration) {
	a.mu.Lock()
	a.now += d
	var due []func()
	for _, one := range a.set {
		if !one.off && one.at <= a.now {
			one.off = true
			due = append(due, one.f)
		}
	}
	a.mu.Unlock()
	for _, f := range due {
		f()
	}
}

// pending is how many alarms are set.
func (a *alarms) pending() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, one := range a.set {
		if !one.off {
			n++
		}
	}
	return n
}

// watched is a gateway to a siren that nothing bounds but the watchdog.
func watched(t *testing.T, change func(*Config)) (*modbusSiren, *Modbus, *alarms, string) {
	t.Helper()
	s, clock := startModbus(t, nil), &alarms{}
	g := newModbus(t, func(c *Config) {
		c.Maps, c.Alarm = map[string]RegisterMap{"plain": plainMap(t)}, clock.after
		if change != nil {
			change(c)
		}
	})
	e := s.endpoint()
	e.RegisterMap = "plain"
	return s, g, clock, addressOf(t, e)
}

func TestWatchdogEndsTheRun(t *testing.T) {
	s, g, clock, address := watched(t, func(c *Config) { c.MaxSeconds = 90 })
	if h, err := mustSend(t, g, testDelivery(address, `{"programme":"wail","seconds":600,"test":false}`)); err != nil || !h.Delivered {
		t.Fatalf("%+v, %v; want delivered", h, err)
	}
	clock.advance(89 * time.Second)
	if !s.sounds() {
		t.Fatal("silent before its time")
	}
	clock.advance(time.Second)
	if s.sounds() || clock.pending() != 0 {
		t.Errorf("sounds %t after the cap, %d alarms left; want silence and none", s.sounds(), clock.pending())
	}
}

func TestWatchdogIsPersistent(t *testing.T) {
	s, g, clock, address := watched(t, nil)
	if _, err := mustSend(t, g, testDelivery(address, wail)); err != nil {
		t.Fatal(err)
	}
	s.change(func() { s.refuse[Cell{Coil, 101}] = 6 })
	clock.advance(60 * time.Second)
	for range 3 {
		if !s.sounds() || clock.pending() != 1 {
			t.Fatalf("sounds %t, %d alarms; want it to go on trying", s.sounds(), clock.pending())
		}
		clock.advance(watchdogPause)
	}
	s.change(func() { delete(s.refuse, Cell{Coil, 101}) })
	clock.advance(watchdogPause)
	if s.sounds() || clock.pending() != 0 {
		t.Errorf("sounds %t, %d alarms left; want silence and none", s.sounds(), clock.pending())
	}
}

func TestWatchdogCoversALostAnswer(t *testing.T) {
	s, g, clock, address := watched(t, func(c *Config) { c.ReadBack = time.Millisecond })
	lost := plainMap(t)
	lost.Sounding = nil
	g.maps["plain"] = lost
	s.answer = misbehaviour("accept, then reset")
	if _, err := mustSend(t, g, testDelivery(address, wail)); classOf(err) != "lost" {
		t.Fatalf("%v, want lost", err)
	}
	s.set(Cell{Input, 0}, 2)
	clock.advance(60 * time.Second)
	if s.sounds() {
		t.Error("a start whose answer was lost is not ended")
	}
}

func TestWatchdogLetsGo(t *testing.T) {
	tests := []struct {
		name string
		then func(s *modbusSiren, g *Modbus, address string)
		// stops is how many stops the siren has seen when the alarm's time has come.
		stops int
	}{
		{"after a stop", func(_ *modbusSiren, g *Modbus, address string) {
			_, _ = mustSend(t, g, testDelivery(address, halt))
		}, 1},
		{"when another alert took over", func(_ *modbusSiren, g *Modbus, address string) {
			d := testDelivery(address, `{"programme":"wail","seconds":120,"test":false}`)
			d.Alert = alertID(2)
			_, _ = mustSend(t, g, d)
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, g, clock, address := watched(t, nil)
			if _, err := mustSend(t, g, testDelivery(address, wail)); err != nil {
				t.Fatal(err)
			}
			tt.then(s, g, address)
			clock.advance(60 * time.Second)
			_, _, log := s.counts()
			if n := len(slices.DeleteFunc(log, func(what string) bool { return what != "stop" })); n != tt.stops {
				t.Errorf("%d stops, want %d: the first run's alarm is off", n, tt.stops)
			}
		})
	}
}

// TestCloseSilences: what only this process bounds is stopped when it ends; what bounds itself sounds on.
func TestCloseSilences(t *testing.T) {
	s, g, clock, address := watched(t, nil)
	if _, err := mustSend(t, g, testDelivery(address, wail)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil || s.sounds() || clock.pending() != 0 {
		t.Errorf("close: %v, sounds %t, %d alarms; want silence", err, s.sounds(), clock.pending())
	}
	if _, err := mustSend(t, g, testDelivery(address, wail)); classOf(err) != "transient" || s.sounds() {
		t.Errorf("a start after close: %v, sounds %t; want transient and silence", err, s.sounds())
	}
	bounded := startModbus(t, nil)
	g = newModbus(t, nil)
	if _, err := mustSend(t, g, testDelivery(addressOf(t, bounded.endpoint()), wail)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil || !bounded.sounds() {
		t.Errorf("close: %v, sounds %t; want the siren that bounds itself to sound on", err, bounded.sounds())
	}
}

func TestCloseNamesWhatItCouldNotStop(t *testing.T) {
	s, g, _, address := watched(t, nil)
	if _, err := mustSend(t, g, testDelivery(address, wail)); err != nil {
		t.Fatal(err)
	}
	s.change(func() { s.refuse[Cell{Coil, 101}] = 4 })
	if err := g.Close(); err == nil {
		t.Error("close is content although the siren sounds")
	}
}

// TestNothingToReadBack: maps without a status never say delivered, and do not start twice.
func TestNothingToReadBack(t *testing.T) {
	s := startModbus(t, nil)
	m := plainMap(t)
	m.Sounding, m.Fault, m.Tested, m.Stop = nil, nil, nil, nil
	g := newModbus(t, func(c *Config) { c.Maps = map[string]RegisterMap{"blind": m} })
	e := s.endpoint()
	e.RegisterMap, e.Programmes = "blind", map[string]Code{"wail": "7", "stop": "9"}
	for range 2 {
		if h, err := mustSend(t, g, testDelivery(addressOf(t, e), wail)); err != nil || h.Delivered {
			t.Errorf("%+v, %v; want taken, not delivered", h, err)
		}
	}
	if _, starts, _ := s.counts(); starts != 1 {
		t.Errorf("started %d times, want once", starts)
	}
	if h, err := mustSend(t, g, testDelivery(addressOf(t, e), halt)); err != nil || h.Delivered || s.get(Cell{Register, 0}) != 9 {
		t.Errorf("stop: %+v, %v, hotkey %d; want taken with hotkey 9", h, err, s.get(Cell{Register, 0}))
	}
	d := testDelivery(addressOf(t, e), wail)
	d.World = alerting.Exercise
	d.Message = &alerting.Message{Body: `{"programme":"wail"}`}
	if _, err := mustSend(t, g, d); classOf(err) != "none" {
		// The map keeps its test; only reading back is gone.
		t.Errorf("silent test: %v", err)
	}
}
