package serve

import (
	"context"
	"fmt"
	"os"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/seal"
	"tocsin/channels"
	"tocsin/channels/mail"
	"tocsin/channels/push"
	"tocsin/channels/siren"
	"tocsin/channels/sms"
	"tocsin/cmd/tocsin/config"
)

// makers is the table of gateway kinds: a new channel is one package and one line here.
func (h *house) makers() map[alerting.Channel]func(config.Gateway) (channels.Adapter, error) {
	return map[alerting.Channel]func(config.Gateway) (channels.Adapter, error){
		alerting.SMS:   h.newSMS,
		alerting.Push:  h.newPush,
		alerting.Mail:  h.newMail,
		alerting.Siren: h.newSiren,
	}
}

// gateways builds the configured gateways of a channel.
func (h *house) gateways(ch alerting.Channel, share func() float64) (map[string]*channels.Gateway, error) {
	out := make(map[string]*channels.Gateway)
	var all []*channels.Gateway
	for _, g := range h.cfg.Gateways {
		if alerting.Channel(g.Channel) != ch {
			continue
		}
		adapter, err := h.makers()[ch](g)
		if err != nil {
			return nil, fmt.Errorf("gateway %s: %w", g.Name, err)
		}
		if c, ok := adapter.(interface{ Close() error }); ok {
			h.onClose(func() { _ = c.Close() })
		}
		limits := gatewayLimits{g.Name, g.Slots, g.Rate}
		out[g.Name] = &channels.Gateway{Name: g.Name, Live: *g.Live, Adapter: channels.Guard(adapter, *g.Live, h.leaves, h.now),
			Pacer: h.pacer(limits, share, h.channelMetrics().Breaker(ch, g.Name))}
		all = append(all, out[g.Name])
	}
	if ch != alerting.Siren {
		standIn(all)
	}
	return out, nil
}

// standIn lets the gateways of a channel that are equally live stand in for each other, in their order. Pages are shared out
// among them anyway, so any of them reaches everybody. A siren hangs on one gateway.
func standIn(all []*channels.Gateway) {
	for _, g := range all {
		for _, other := range all {
			if other != g && other.Live == g.Live {
				g.StandIns = append(g.StandIns, other)
			}
		}
	}
}

// table says which gateways carry which world: actual alerts go through the live ones, or, where a channel has none,
// through the others (a simulator, a drill); exercises and tests only through those that are not live. What stands by is
// given nothing of its own.
func (h *house) table() fanout.Gateways {
	table := make(fanout.Gateways)
	for _, w := range alerting.Worlds() {
		table[w] = make(map[alerting.Channel][]string)
		for _, ch := range alerting.Channels() {
			table[w][ch] = h.named(ch, w == alerting.Actual)
			if w == alerting.Actual && len(table[w][ch]) == 0 {
				table[w][ch] = h.named(ch, false)
			}
		}
	}
	return table
}

func (h *house) named(ch alerting.Channel, live bool) []string {
	var names []string
	for _, g := range h.cfg.Gateways {
		if alerting.Channel(g.Channel) == ch && *g.Live == live && !g.Standby {
			names = append(names, g.Name)
		}
	}
	return names
}

func (h *house) newSMS(g config.Gateway) (channels.Adapter, error) {
	t := g.Twilio
	token, err := config.Secret(t.AuthTokenFile)
	if err != nil {
		return nil, err
	}
	c := sms.Config{Live: *g.Live, AccountSID: t.AccountSID, MessagingService: t.MessagingService, From: t.From,
		BaseURL: t.BaseURL, Concurrency: g.Slots}
	if t.APIKey == "" {
		c.AuthToken = token
	} else {
		c.KeySID = t.APIKey
		if c.KeySecret, err = config.Secret(t.APIKeySecretFile); err != nil {
			return nil, err
		}
	}
	return sms.New(c, sms.Deps{Now: h.now, Leaves: h.leaves, Callback: h.callbackURL})
}

// callbackURL is where Twilio reports on a delivery; the signed ticket in it names the delivery.
func (h *house) callbackURL(d channels.Delivery) string {
	ticket := h.keys.SignTicket(seal.Callback, seal.Ticket{World: d.World, Alert: d.Alert, Epoch: d.Epoch, Channel: d.Channel,
		Page: d.Page, Place: d.Place, Attempt: d.Attempt})
	return sms.CallbackURL(h.cfg.Callbacks.PublicURL+smsCallbackPath, ticket) + "&alert=" + d.Alert.String()
}

func (h *house) newPush(g config.Gateway) (channels.Adapter, error) {
	private, err := config.Secret(g.Push.VAPIDPrivateFile)
	if err != nil {
		return nil, err
	}
	return push.New(push.Config{Live: *g.Live, VAPIDPublicKey: g.Push.VAPIDPublic, VAPIDPrivateKey: private,
		Subscriber: g.Push.Subscriber, Services: services(g.Push.AllowHosts), InsecureOrigins: g.Push.AllowInsecure,
		Concurrency: g.Slots, Lean: true}, push.Deps{Now: h.now, Leaves: h.leaves})
}

// services are the known push services and those of the configuration.
func services(more []string) []string {
	if len(more) == 0 {
		return nil
	}
	return append(push.DefaultServices(), more...)
}

func (h *house) newMail(g config.Gateway) (channels.Adapter, error) {
	s := g.SMTP
	password, err := config.Secret(s.PasswordFile)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := clientTLS(config.TLS{Enabled: true, CAFile: s.TLS.CAFile, CertFile: s.TLS.CertFile, KeyFile: s.TLS.KeyFile, ServerName: s.TLS.ServerName})
	if err != nil {
		return nil, err
	}
	c := mail.Config{Live: *g.Live, Address: s.Address, Security: mail.Security(s.Security), Username: s.User, Password: password,
		From: s.From, Concurrency: g.Slots}
	if s.DKIM != nil {
		key, err := os.ReadFile(s.DKIM.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("dkim.key_file: %w", err)
		}
		c.DKIM = &mail.DKIM{Domain: s.DKIM.Domain, Selector: s.DKIM.Selector, Key: key}
	}
	return mail.New(c, mail.Deps{Now: h.now, Leaves: h.leaves, TLS: tlsConfig, Unsubscribe: h.unsubscribeURL})
}

// unsubscribeURL is the one-click address of RFC 8058; empty while the office has no public pages.
func (h *house) unsubscribeURL(d channels.Delivery) string {
	if h.cfg.Callbacks.PublicURL == "" {
		return ""
	}
	ticket := h.keys.SignTicket(seal.Unsubscribe, seal.Ticket{World: d.World, Alert: d.Alert, Epoch: d.Epoch, Channel: d.Channel,
		Page: d.Page, Place: d.Place, Attempt: d.Attempt})
	return h.cfg.Callbacks.PublicURL + unsubscribePath + "?t=" + ticket
}

func (h *house) newSiren(g config.Gateway) (channels.Adapter, error) {
	s := g.Siren
	password, err := config.Secret(s.PasswordFile)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := clientTLS(s.TLS)
	if err != nil {
		return nil, err
	}
	maps, err := registerMaps(s.RegisterMapsFile)
	if err != nil {
		return nil, err
	}
	c := siren.Config{Name: g.Name, Live: *g.Live, Leaves: h.leaves, KeyID: s.KeyID, MaxSeconds: int(s.MaxRun / time.Second), TLS: tlsConfig,
		Log: h.log, Broker: s.Broker, User: s.User, Password: password, Prefix: s.TopicPrefix, Maps: maps,
		AllowPublic: s.AllowPublic, Offline: h.checking,
		Receive: func(ctx context.Context, r alerting.Receipt) error {
			return h.stream.JournalPacked(ctx, []alerting.Receipt{r})
		}}
	if s.Protocol == siren.ProtocolModbus {
		return siren.NewModbus(c, h.now)
	}
	key, err := privateKey(s.SigningKeyFile)
	if err != nil {
		return nil, fmt.Errorf("signing_key_file: %w", err)
	}
	if s.Protocol == siren.ProtocolMQTT {
		return siren.NewMQTT(c, key, h.now)
	}
	return siren.NewHTTP(c, key, h.now)
}

func registerMaps(file string) (map[string]siren.RegisterMap, error) {
	if file == "" {
		return nil, nil
	}
	maps := make(map[string]siren.RegisterMap)
	if err := config.ReadYAML(file, &maps); err != nil {
		return nil, fmt.Errorf("register_maps_file: %w", err)
	}
	return maps, nil
}
