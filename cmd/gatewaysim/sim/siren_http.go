package sim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"tocsin/channels/siren"
)

// sirenHost is a host of many HTTP sirens: /sirens/{id}/v1/command and /sirens/{id}/v1/status.
type sirenHost struct {
	*Sim
	park *sirenPark
	name string
}

func (p *sirenPark) serveHTTP(ctx context.Context, s *Sim, ln net.Listener, name string) error {
	h := &sirenHost{Sim: s, park: p, name: name}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.watch(ctx, s, name, nil)
	}()
	err := serveWire(ctx, ln, s.cfg.TLS, h.handle)
	<-done
	return err
}

func (h *sirenHost) handle(ctx context.Context, x *exchange) {
	if string(x.path) == elsewhere {
		h.followed(x, Siren, h.name)
		return
	}
	path, ok := strings.CutPrefix(string(x.path), "/sirens/")
	id, action, _ := strings.Cut(path, "/")
	m := (*signedSiren)(nil)
	if ok && (action == "v1/command" || action == "v1/status") {
		m = h.park.signed(h.Sim, h.name, id)
	}
	switch {
	case m == nil:
		plainRefusal(x, http.StatusNotFound, 0, "no such siren")
	case action == "v1/command" && string(x.method) == http.MethodPost:
		h.command(ctx, x, m)
	case action == "v1/status" && string(x.method) == http.MethodGet:
		h.status(x, m)
	default:
		plainRefusal(x, http.StatusMethodNotAllowed, 0, "method not allowed")
	}
}

// command judges, obeys and answers. The status of a siren is never tampered with, so that a lost answer can be looked up.
func (h *sirenHost) command(ctx context.Context, x *exchange, m *signedSiren) {
	e := Event{Channel: Siren, Gateway: h.name, Recipient: m.id}
	v := h.Faults().Judge(Ask{Channel: Siren, Gateway: h.name, Recipient: m.id})
	refuse := func(x *exchange, status, code int, message string) {
		if v.Kind == Refuse { // the siren itself says no
			h.write(x, m, m.refusalReply(siren.UnknownProgramme))
			x.status = status
			return
		}
		plainRefusal(x, status, code, message)
	}
	if h.before(ctx, x, &v, e, refuse) {
		return
	}
	h.write(x, m, h.park.obey(h.Sim, m, x.body))
	h.after(x, &v, e)
}

func (h *sirenHost) status(x *exchange, m *signedSiren) {
	query, err := url.ParseQuery(string(x.query))
	if err != nil {
		plainRefusal(x, http.StatusBadRequest, 0, "query not understood")
		return
	}
	h.write(x, m, m.device.Status(query.Get("challenge")))
}

func (h *sirenHost) write(x *exchange, m *signedSiren, r siren.Reply) {
	data, err := m.device.Encode(r)
	if err != nil {
		plainRefusal(x, http.StatusInternalServerError, 0, fmt.Sprint("encode: ", err))
		return
	}
	if r.State == siren.Refused {
		x.status = http.StatusConflict
	}
	x.out = append(x.out[:0], data...)
}
