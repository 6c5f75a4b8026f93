package sim

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"tocsin/channels/siren"
)

// The kinds of events that only sirens have.
const (
	// SirenState: a siren changed its state by itself or by a command; detail has the state and the programme.
	SirenState = "state"
	// SirenRepeat: a command that was taken before and changed nothing; it is not counted as an arrival.
	SirenRepeat = "repeat"
)

// SirenConfig says which sirens to play. Unlike the other gateways, HTTP and MQTT sirens run the product's own reference
// device, because it is what device makers are told to copy; Modbus sirens share nothing but the register maps.
type SirenConfig struct {
	// HTTP are listen addresses of siren hosts: siren x has the base URL http://address/sirens/x.
	HTTP []string
	// MQTT are listen addresses of embedded brokers with sirens behind them; Broker is the URL of a broker elsewhere.
	MQTT   []string
	Broker string
	// BrokerUser and BrokerPassword are for Broker.
	BrokerUser, BrokerPassword string
	// Prefix is the topic above all sirens; default "sirens".
	Prefix string
	// Modbus are listen addresses of Modbus hosts; unit n is the siren "{listener}-n".
	Modbus []string
	// Map names the shipped register map that Modbus units follow; default "tocsin".
	Map string
	// Keys are the controllers' public keys by name; more can be added by PUT /sirens/keys/{name}.
	Keys map[string]ed25519.PublicKey
	// DeviceKey signs the replies under the name "gatewaysim"; nil sends them bare.
	DeviceKey ed25519.PrivateKey
	// SpinUp is the time from accepted to sounding.
	SpinUp time.Duration
}

// SirenControlHelp describes what sirens add to the control API.
const SirenControlHelp = `  GET    /sirens?gateway=&state=    every siren that was spoken to: state, alert, programme, times sounded
  POST   /sirens/{gateway}/{id}     {"jammed":true} accepts and never sounds, {"broken":true} fails, {"restart":"keep"} or
                                    "forget" cuts the power and keeps or loses the memory of counters
  PUT    /sirens/keys/{name}        trust a controller's public key (base64)
`

// maxSirens bounds the sirens of one simulator; ids come from requests.
const maxSirens = 100_000

// sirenTick is how often sirens are asked whether their state changed by itself.
const sirenTick = 50 * time.Millisecond

// SirenView is a siren as GET /sirens shows it.
type SirenView struct {
	Gateway   string `json:"gateway"`
	ID        string `json:"id"`
	State     string `json:"state"`
	Alert     string `json:"alert,omitempty"`
	Programme string `json:"programme,omitempty"`
	Sounded   int    `json:"sounded"`
	Armed     bool   `json:"armed,omitempty"`
	Jammed    bool   `json:"jammed,omitempty"`
	Broken    bool   `json:"broken,omitempty"`
}

// SirenSwitch is the body of POST /sirens/{gateway}/{id}; what is missing stays.
type SirenSwitch struct {
	Jammed  *bool  `json:"jammed"`
	Broken  *bool  `json:"broken"`
	Restart string `json:"restart"`
}

// sirenMachine is one siren of whatever protocol.
type sirenMachine interface {
	view() SirenView
	turn(SirenSwitch) error
	trust(name string, key ed25519.PublicKey)
}

// sirenPark is all sirens of one simulator.
type sirenPark struct {
	cfg    SirenConfig
	routes sync.Once

	mu     sync.Mutex
	sirens map[string]sirenMachine
	shown  map[string]string // last state that was logged
	active map[string]bool   // may change by itself
	keys   map[string]ed25519.PublicKey
}

// Gateways are the listeners that play the sirens; put them into Config.Gateways. Names: siren-http, siren-mqtt,
// siren-broker, siren-modbus, the second of a kind siren-http-2 and so on.
func (c SirenConfig) Gateways() ([]Gateway, error) {
	c.Prefix, c.Map = cmp.Or(c.Prefix, "sirens"), cmp.Or(c.Map, "tocsin")
	shipped, err := siren.ShippedMaps()
	if err != nil {
		return nil, fmt.Errorf("sirens: %w", err)
	}
	registers, ok := shipped[c.Map]
	if !ok {
		return nil, fmt.Errorf("sirens: no register map %q", c.Map)
	}
	p := &sirenPark{cfg: c, sirens: map[string]sirenMachine{}, shown: map[string]string{}, active: map[string]bool{},
		keys: maps.Clone(c.Keys)}
	if p.keys == nil {
		p.keys = map[string]ed25519.PublicKey{}
	}
	var list []Gateway
	add := func(kind string, addrs []string, serve func(ctx context.Context, s *Sim, ln net.Listener, name string) error) {
		for i, addr := range addrs {
			name := "siren-" + kind
			if i > 0 {
				name += "-" + strconv.Itoa(i+1)
			}
			list = append(list, Gateway{Name: name, Channel: Siren, Addr: addr,
				Serve: func(ctx context.Context, s *Sim, ln net.Listener) error {
					p.open(s)
					return serve(ctx, s, ln, name)
				}})
		}
	}
	add("http", c.HTTP, p.serveHTTP)
	add("mqtt", c.MQTT, p.serveBroker)
	add("modbus", c.Modbus, func(ctx context.Context, s *Sim, ln net.Listener, name string) error {
		return p.serveModbus(ctx, s, ln, name, &registers)
	})
	if c.Broker != "" {
		add("broker", []string{""}, p.serveClient)
	}
	return list, nil
}

// open adds the routes, once.
func (p *sirenPark) open(s *Sim) {
	p.routes.Do(func() {
		s.Handle("GET /sirens", p.list)
		s.Handle("POST /sirens/{gateway}/{id}", p.switchOne)
		s.Handle("PUT /sirens/keys/{name}", p.putKey)
	})
}

// find is the siren of that name, made by make when it is new; nil when there are too many.
func (p *sirenPark) find(gateway, id string, make func() sirenMachine) sirenMachine {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := gateway + "/" + id
	m := p.sirens[name]
	if m == nil && len(p.sirens) < maxSirens {
		m = make()
		p.sirens[name] = m
		for name, key := range p.keys {
			m.trust(name, key)
		}
	}
	return m
}

// notice logs the state of a siren when it is a new one, and reports whether it is.
func (p *sirenPark) notice(s *Sim, v SirenView) bool {
	p.mu.Lock()
	name := v.Gateway + "/" + v.ID
	shown := v.State + " " + v.Alert + " " + v.Programme
	fresh := p.shown[name] != shown
	p.shown[name] = shown
	if v.State == string(siren.Accepted) || v.State == string(siren.Sounding) {
		p.active[name] = true
	} else {
		delete(p.active, name)
	}
	p.mu.Unlock()
	if fresh {
		s.Record(Event{Channel: Siren, Gateway: v.Gateway, Recipient: v.ID, Alert: v.Alert, Kind: SirenState,
			Detail: v.State + " " + v.Programme})
	}
	return fresh
}

// watch looks at the active sirens of a gateway until ctx ends, and calls changed with each that changed by itself.
func (p *sirenPark) watch(ctx context.Context, s *Sim, gateway string, changed func(sirenMachine)) {
	for pause(ctx, sirenTick) {
		p.mu.Lock()
		var list []sirenMachine
		for name := range p.active {
			list = append(list, p.sirens[name])
		}
		p.mu.Unlock()
		for _, m := range list {
			if v := m.view(); v.Gateway == gateway && p.notice(s, v) && changed != nil {
				changed(m)
			}
		}
	}
}

// all is what GET /sirens shows; empty strings stand for all.
func (p *sirenPark) all(gateway, state string) []SirenView {
	p.mu.Lock()
	list := slices.Collect(maps.Values(p.sirens))
	p.mu.Unlock()
	out := []SirenView{}
	for _, m := range list {
		if v := m.view(); (gateway == "" || v.Gateway == gateway) && (state == "" || v.State == state) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b SirenView) int {
		return cmp.Or(cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (p *sirenPark) list(w http.ResponseWriter, r *http.Request) {
	WriteJSON(w, http.StatusOK, p.all(r.FormValue("gateway"), r.FormValue("state")))
}

func (p *sirenPark) switchOne(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	m := p.sirens[r.PathValue("gateway")+"/"+r.PathValue("id")]
	p.mu.Unlock()
	if m == nil {
		http.Error(w, "no such siren; it exists once it was spoken to", http.StatusNotFound)
		return
	}
	var change SirenSwitch
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<12))
	dec.DisallowUnknownFields()
	err := dec.Decode(&change)
	if err == nil {
		err = m.turn(change)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	WriteJSON(w, http.StatusOK, m.view())
}

func (p *sirenPark) putKey(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	key, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(key) != ed25519.PublicKeySize {
		http.Error(w, "want a public key of 32 bytes in base64", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[r.PathValue("name")] = key
	for _, m := range p.sirens {
		m.trust(r.PathValue("name"), key)
	}
	w.WriteHeader(http.StatusNoContent)
}
