package serve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/channels"
	"tocsin/channels/siren"
	"tocsin/cmd/tocsin/config"
)

// lastSeen is the ability of a siren gateway to say when it last heard from a siren.
type lastSeen interface {
	LastSeen(siren string) (time.Time, bool)
}

// sirenWatch tells Prometheus when each siren was last heard from by this process.
type sirenWatch struct {
	*house
	gateways map[string]*channels.Gateway
	desc     *prometheus.Desc
}

func (h *house) watchSirens(gateways map[string]*channels.Gateway) {
	h.reg.MustRegister(&sirenWatch{house: h, gateways: gateways,
		desc: prometheus.NewDesc("tocsin_siren_last_seen_timestamp_seconds",
			"When this process last heard from a siren, in seconds since 1970; 0 when never.", []string{"gateway", "siren"}, nil)})
}

// Describe names the metric.
func (s *sirenWatch) Describe(ch chan<- *prometheus.Desc) { ch <- s.desc }

// Collect reads the list of sirens anew, so that imports show at once.
func (s *sirenWatch) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := s.people.SirensByGateway(ctx)
	if err != nil {
		s.log.Warn("the sirens could not be listed for the metrics", "error", err)
		return
	}
	for name, gateway := range s.gateways {
		watch, ok := channels.Ability[lastSeen](gateway.Adapter)
		if !ok {
			continue
		}
		for _, ref := range all[name] {
			seconds := 0.0
			if at, ok := watch.LastSeen(ref); ok {
				seconds = float64(at.UnixMilli()) / 1000
			}
			ch <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, seconds, name, ref)
		}
	}
}

// sirenCheck tells of a siren's record what its configured gateway would say of it.
func sirenCheck(cfg *config.Config) (func(gateway, record string) error, error) {
	configured := make(map[string]*config.Siren)
	site := make(map[string]map[string]siren.RegisterMap)
	for i := range cfg.Gateways {
		g := &cfg.Gateways[i]
		if g.Siren == nil {
			continue
		}
		var err error
		if site[g.Name], err = registerMaps(g.Siren.RegisterMapsFile); err != nil {
			return nil, fmt.Errorf("gateway %s: %w", g.Name, err)
		}
		configured[g.Name] = g.Siren
	}
	return func(gateway, record string) error {
		g := configured[gateway]
		if g == nil {
			return fmt.Errorf("no siren gateway of this name is configured; there are %q", slices.Sorted(maps.Keys(configured)))
		}
		return siren.Fits(record, g.Protocol, site[gateway])
	}, nil
}
