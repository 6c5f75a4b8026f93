package serve

import (
	"context"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"tocsin/alerting/desk"
	"tocsin/alerting/public"
)

// openFeeds opens the listener of the feeds, if the configuration names one, and starts to answer on it.
func (h *house) openFeeds(ctx context.Context, group *errgroup.Group, d *desk.Desk) (net.Addr, error) {
	c := h.cfg.Feeds
	if c.Listen == "" {
		return nil, nil
	}
	feeds, err := public.New(public.Config{Title: c.Title, Author: h.cfg.Office.Name, Language: c.Language, PublicURL: c.PublicURL,
		HideTests: c.HideTests, PageBytes: c.PageBytes, Edition: d.Edition, Live: d.Live, Issued: d.Issued, Now: h.now, Log: h.log,
		Failed: h.counter("tocsin_feeds_failed_total", "Times when the alerts for the feeds could not be read, and callers were told to come again.").Inc})
	if err != nil {
		return nil, fmt.Errorf("feeds: %w", err)
	}
	opened, err := openDoor(c.Listener, feeds.Handler())
	if err != nil {
		return nil, fmt.Errorf("feeds.listen: %w", err)
	}
	group.Go(func() error { return opened.serve(ctx) })
	return opened.Addr(), nil
}
