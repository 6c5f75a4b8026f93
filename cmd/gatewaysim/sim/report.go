package sim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"
)

// Stats is what GET /stats answers.
type Stats struct {
	Now time.Time `json:"now"`
	// Log is the raw log with all counted events in it; LogError why it stopped growing.
	Log      string         `json:"log"`
	LogSize  int64          `json:"log_size"`
	LogError string         `json:"log_error,omitempty"`
	Gateways []GatewayStats `json:"gateways"`
	Alerts   []AlertStats   `json:"alerts"`
	// Faults counts the faults served, by "listener/kind".
	Faults map[string]uint64 `json:"faults"`
	// CallbacksPending wait for their time or for a free connection; CallbacksOnDisk is the size of those that wait on disk.
	CallbacksPending int   `json:"callbacks_pending"`
	CallbacksOnDisk  int64 `json:"callbacks_on_disk"`
	// Queued are the messages that a Queue rule has not let land yet.
	Queued int `json:"queued"`
}

// GatewayStats is what one listener did.
type GatewayStats struct {
	Name     string `json:"name"`
	Channel  string `json:"channel"`
	Arrivals uint64 `json:"arrivals"`
	// Units are SMS segments; for other channels the arrivals.
	Units   uint64 `json:"units"`
	Refused uint64 `json:"refused"`
	Faults  uint64 `json:"faults"`
	// Open is the number of connections now, Connections that of all.
	Open        int   `json:"open"`
	Connections int64 `json:"connections"`
}

// AlertStats is what a channel did for an alert.
type AlertStats struct {
	Channel    string `json:"channel"`
	Alert      string `json:"alert"`
	Arrivals   uint64 `json:"arrivals"`
	Unique     int    `json:"unique"`
	Duplicates uint64 `json:"duplicates"`
	// Landed counts what left the queue of a Queue rule.
	Landed  uint64 `json:"landed"`
	Refused uint64 `json:"refused"`
	// First and Last are arrival times in unix microseconds, 0 before the first.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// Latency is counted from the mark before the alert's first arrival, or from that arrival; in microseconds.
	Latency           LatencyStats `json:"latency_us"`
	CallbacksSent     uint64       `json:"callbacks_sent"`
	CallbacksRefused  uint64       `json:"callbacks_refused"`
	CallbacksRetried  uint64       `json:"callbacks_retried"`
	CallbacksFailed   uint64       `json:"callbacks_failed"`
	ArrivalsPerSecond float64      `json:"arrivals_per_second"`
}

// LatencyStats are quantiles, exact to 6 %.
type LatencyStats struct {
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// Stats counts what happened since the start or the last reset; empty strings stand for all channels and alerts.
func (s *Sim) Stats(channel, alert string) Stats {
	st := Stats{Now: s.now().UTC(), Log: s.log.Path(), LogSize: s.log.Size(), Alerts: []AlertStats{}, Faults: map[string]uint64{}}
	if err := s.log.Err(); err != nil {
		st.LogError = err.Error()
	}
	st.CallbacksPending, st.CallbacksOnDisk = s.later.length()
	st.CallbacksPending += len(s.posts.work) + int(s.posts.busy.Load())
	st.Queued, _ = s.landings.length()
	for _, name := range s.names {
		if name == "control" {
			continue
		}
		st.Gateways = append(st.Gateways, s.gatewayStats(name))
	}
	for _, k := range s.tallies.keys(channel, alert) {
		if a := s.tallies.get(k); a != nil {
			st.Alerts = append(st.Alerts, a.stats(k))
		}
	}
	st.Faults = s.tallies.faultCounts()
	return st
}

func (s *Sim) gatewayStats(name string) GatewayStats {
	g := GatewayStats{Name: name, Channel: s.channels[name]}
	if t := s.tallies.seen(name); t != nil {
		g.Arrivals, g.Units = t.arrivals.Load(), t.units.Load()
		g.Refused, g.Faults = t.refused.Load(), t.faults.Load()
	}
	g.Open, g.Connections = s.doors[name].traffic()
	return g
}

// Recipients writes "recipient TAB count" for each recipient of an alert on a channel, in order of first arrival. It reads
// the raw log, so no list of recipients is kept in memory.
func (s *Sim) Recipients(w io.Writer, channel, alert string) error {
	if err := s.log.Flush(); err != nil {
		return err
	}
	f, err := os.Open(s.log.Path())
	if err != nil {
		return fmt.Errorf("read raw log: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	from, size := s.log.since(), s.log.Size()
	first := &hashSet{}
	counts := &hashSet{}
	var line []byte
	for pass := range 2 { // first count, then print
		in := bufio.NewReaderSize(io.NewSectionReader(f, from, size-from), 1<<20)
		err := eachArrival(in, channel, alert, func(recipient []byte) error {
			h := hashString(string(recipient))
			if pass == 0 {
				counts.add(h)
				return nil
			}
			if !first.add(h) {
				return nil
			}
			line = append(append(line[:0], recipient...), '\t')
			line = append(strconv.AppendUint(line, uint64(counts.count(h)), 10), '\n')
			_, err := w.Write(line)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachArrival calls f with the recipient of every arrival; empty strings stand for all channels and alerts.
func eachArrival(in *bufio.Reader, channel, alert string, f func(recipient []byte) error) error {
	for {
		line, err := in.ReadSlice('\n')
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // no event is that long
		}
		if err != nil {
			return fmt.Errorf("read raw log: %w", err)
		}
		parts := bytes.SplitN(line, []byte("\t"), 6)
		if len(parts) < 6 || string(parts[4]) != Arrive || channel != "" && string(parts[1]) != channel ||
			alert != "" && string(parts[3]) != alert {
			continue
		}
		if err := f(parts[2]); err != nil {
			return err
		}
	}
}

// Rates is the history of one listener's arrivals.
type Rates struct {
	Gateway string `json:"gateway"`
	// Begin is the unix time of the first whole second.
	Begin int64 `json:"begin"`
	// Arrivals and Units have one number a second.
	Arrivals []uint64 `json:"arrivals"`
	Units    []uint64 `json:"units"`
	// MaxWindow is the most arrivals of any second that begins on a tenth of a second; MaxUnits the most units.
	MaxWindow uint64 `json:"max_window"`
	MaxUnits  uint64 `json:"max_units"`
}

// Rates tells what a listener took per second.
func (s *Sim) Rates(gateway string) Rates {
	out := Rates{Gateway: gateway, Arrivals: []uint64{}, Units: []uint64{}}
	t := s.tallies.seen(gateway)
	if t == nil {
		return out
	}
	const perSecond = int(time.Second / slotWidth)
	begin, slots := t.history()
	out.Begin = begin.Unix()
	lead := int(begin.Sub(time.Unix(out.Begin, 0)) / slotWidth)
	slots = slices.Concat(make([]slot, lead), slots)
	var sum slot
	for i, sl := range slots {
		if i%perSecond == 0 {
			out.Arrivals, out.Units = append(out.Arrivals, 0), append(out.Units, 0)
		}
		out.Arrivals[i/perSecond] += uint64(sl.arrivals)
		out.Units[i/perSecond] += uint64(sl.units)
		sum.arrivals, sum.units = sum.arrivals+sl.arrivals, sum.units+sl.units
		if i >= perSecond {
			sum.arrivals, sum.units = sum.arrivals-slots[i-perSecond].arrivals, sum.units-slots[i-perSecond].units
		}
		out.MaxWindow, out.MaxUnits = max(out.MaxWindow, uint64(sum.arrivals)), max(out.MaxUnits, uint64(sum.units))
	}
	return out
}

// Subscriptions writes n push subscriptions as JSON lines, numbers from, from+1 and so on of a seed, for the listener
// gateway ("push"). The same seed and number always give the same keys.
func (s *Sim) Subscriptions(w io.Writer, gateway string, seed uint64, from, n int) error {
	origin := s.cfg.WebPush.Origin
	if origin == "" {
		origin = s.URL(gateway)
	}
	if origin == "" || s.channels[gateway] != Push {
		return fmt.Errorf("no push listener %q", gateway)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var b []byte
	for i := from; i < from+n; i++ {
		var err error
		b, err = s.keys.appendSubscription(b[:0], origin, SubscriptionID(seed, i))
		if err != nil {
			return err
		}
		if _, err := out.Write(append(b, '\n')); err != nil {
			return fmt.Errorf("write subscriptions: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write subscriptions: %w", err)
	}
	return nil
}

// SubscriptionID is the last part of a subscription's endpoint, and the recipient in log and counts.
func SubscriptionID(seed uint64, n int) string {
	return strconv.FormatUint(seed, 10) + "-" + strconv.Itoa(n)
}
