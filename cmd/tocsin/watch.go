package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
)

// watchEvery is how often a watched alert is looked at.
const watchEvery = 500 * time.Millisecond

// watchPatience is how long a watch goes on without an answer: a balancer that changes servers, a restart of the API.
const watchPatience = 30 * time.Second

// progress is one line of a watch: what a program reads when no person does.
type progress struct {
	At       time.Time        `json:"at"`
	Status   string           `json:"status"`
	Channels []channelMeasure `json:"channels"`
}

// channelMeasure is how far one channel is.
type channelMeasure struct {
	Channel  alerting.Channel `json:"channel"`
	Targeted int64            `json:"targeted"`
	Settled  int64            `json:"settled"`
	// Rate is in deliveries per second over the last look, ETA in seconds; left out while it is unknown.
	Rate float64 `json:"per_second"`
	ETA  float64 `json:"eta_s,omitempty"`
}

// watch shows that an alert was accepted, its progress until everything is settled, and then the standing. Whatever ends the
// watching, the alert goes on, and the exit code must not say otherwise.
func (t *terminal) watch(ctx context.Context, api *client.Client, a client.Accepted) error {
	if t.lines() {
		if err := t.line(map[string]client.Accepted{"accepted": a}); err != nil {
			return err
		}
	}
	t.tellAccepted(a, t.say)
	var s report.Status
	err := t.watchOnly(ctx, api, a.Alert)
	if err == nil {
		s, err = api.Status(ctx, a.Alert)
	}
	switch {
	case ctx.Err() != nil:
		t.say("no longer watched: alert %s was accepted and goes on; see how it stands with: tocsin status %s\n", a.Alert, a.Alert)
		return nil
	case err != nil:
		return fmt.Errorf("alert %s was accepted and goes on, but cannot be watched: %w", a.Alert, err)
	case t.lines():
		return t.line(s)
	}
	return t.showStatus(s)
}

// watchOnly shows progress: bars for a person, JSON lines for a program. It gives up when no answer comes any more, or
// when the token may not read; that says nothing about the alert.
func (t *terminal) watchOnly(ctx context.Context, api *client.Client, id alerting.AlertID) error {
	var last report.Status
	var lastAt time.Time
	heard, lines := time.Now(), 0
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		s, err := api.Status(ctx, id)
		now := time.Now()
		if err == nil {
			p := measure(last, s, now, now.Sub(lastAt))
			lines = t.draw(p, lines)
			if settled(s) {
				return nil
			}
			last, lastAt, heard = s, now, now
		} else if ctx.Err() == nil && (forbidden(err) || now.Sub(heard) >= watchPatience) {
			return &exit{exitFailed, fmt.Errorf("alert %s goes on, but can no longer be watched (no answer for %v): %w", id,
				now.Sub(heard).Round(time.Second), err)}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// forbidden reports whether asking again is in vain.
func forbidden(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && (p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden)
}

// settled reports whether nothing more will happen by itself.
func settled(s report.Status) bool {
	switch s.Status {
	case "done", "sealed":
		return s.Ready || s.Status == "sealed"
	case "cancelled", "expired":
		for _, c := range s.Channels {
			if c.States.Open() > 0 {
				return false
			}
		}
		return s.Ready
	}
	return false
}

func measure(last, s report.Status, at time.Time, since time.Duration) progress {
	p := progress{At: at.UTC(), Status: s.Status, Channels: []channelMeasure{}}
	before := make(map[alerting.Channel]int64)
	for _, c := range last.Channels {
		before[c.Channel] = c.States.Sum() - c.States.Open()
	}
	for _, c := range s.Channels {
		m := channelMeasure{Channel: c.Channel, Targeted: c.Targeted, Settled: c.States.Sum() - c.States.Open()}
		if old, ok := before[c.Channel]; ok && since > 0 {
			m.Rate = float64(m.Settled-old) / since.Seconds()
		}
		if left := m.Targeted - m.Settled; left > 0 && m.Rate > 0 {
			m.ETA = float64(left) / m.Rate
		}
		p.Channels = append(p.Channels, m)
	}
	return p
}

// draw writes one line per channel over the lines it wrote before, or one JSON line. It answers how many lines it wrote.
func (t *terminal) draw(p progress, over int) int {
	if t.lines() {
		_ = t.line(p)
		return 0
	}
	if over > 0 {
		t.printf("\x1b[%dA", over)
	}
	for _, m := range p.Channels {
		const width = 40
		share := 0.0
		if m.Targeted > 0 {
			share = min(float64(m.Settled)/float64(m.Targeted), 1)
		}
		full := int(share * width)
		eta := ""
		if m.ETA > 0 {
			eta = time.Duration(m.ETA * float64(time.Second)).Round(time.Second).String()
		}
		t.printf("\x1b[2K%-6s [%s%s] %5.1f %%  %d/%d  %.0f/s  %s\n", m.Channel, strings.Repeat("#", full),
			strings.Repeat("-", width-full), share*100, m.Settled, m.Targeted, m.Rate, eta)
	}
	return len(p.Channels)
}
