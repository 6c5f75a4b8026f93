package serve

import (
	"context"
	"fmt"
	"math/rand/v2"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/inbox"
	"tocsin/channels/push"
	"tocsin/cmd/tocsin/config"
)

// inboxSources are the partners of a configuration, with their certificates.
func inboxSources(cfg *config.Config) ([]inbox.Source, error) {
	var out []inbox.Source
	for _, s := range cfg.Inbox.Sources {
		source := inbox.Source{Name: s.Name}
		for _, file := range s.AnchorFiles {
			anchors, err := Certificates(file)
			if err != nil {
				return nil, fmt.Errorf("source %s: anchor_files: %w", s.Name, err)
			}
			source.Anchors = append(source.Anchors, anchors...)
		}
		if s.URL != "" {
			source.Feed = &inbox.Feed{URL: s.URL, Every: s.Every, AllowHosts: s.AllowHosts, AllowPrivate: s.AllowPrivate}
		}
		out = append(out, source)
	}
	return out, nil
}

// inbox joins what partners send to the desk, with a poller for each feed.
func (h *house) inbox(d *desk.Desk) (*inbox.Inbox, []*inbox.Poller, error) {
	sources, err := inboxSources(h.cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("inbox.sources: %w", err)
	}
	c := inbox.Config{DB: h.db, Note: inbox.Note(h.note), MaxBytes: h.cfg.Alerts.MaxBytes, Now: h.now, Log: h.log.With("role", "api"),
		Metrics: inbox.NewMetrics(h.reg),
		Submit: func(ctx context.Context, document, original []byte, by alerting.Actor) (inbox.Handed, error) {
			return handIn(ctx, d, document, original, by)
		},
		Draft: func(ctx context.Context, document []byte, by alerting.Actor) (string, error) {
			draft, err := d.Draft(ctx, document, desk.Order{Actor: by})
			return draft.ID, err
		}}
	if d.Signing != nil {
		c.Anchors, c.Signs = d.Signing.Anchors, true
	}
	in, err := inbox.New(c, sources)
	if err != nil {
		return nil, nil, fmt.Errorf("inbox: %w", err)
	}
	var pollers []*inbox.Poller
	for _, s := range sources {
		if s.Feed == nil {
			continue
		}
		p, err := in.NewPoller(s, inbox.PollerConfig{Public: push.Public, Jitter: rand.Float64})
		if err != nil {
			return nil, nil, fmt.Errorf("inbox: %w", err)
		}
		pollers = append(pollers, p)
	}
	return in, pollers, nil
}

// handIn hands a verified document to the desk.
func handIn(ctx context.Context, d *desk.Desk, document, original []byte, by alerting.Actor) (inbox.Handed, error) {
	got, err := d.Receive(ctx, document, original, desk.Order{Actor: by})
	if err != nil {
		return inbox.Handed{}, err
	}
	out := inbox.Handed{Draft: got.Draft.ID, Issued: got.Issued, Standing: got.Standing, Remark: got.Draft.Reason}
	if got.Draft.State == desk.Drafted {
		out.Remark = "nobody would have to approve it here, so it waits as a draft until somebody submits it"
	}
	return out, nil
}
