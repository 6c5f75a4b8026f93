package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serveControl plays the control API; it needs no speed.
func serveControl(ctx context.Context, s *Sim, ln net.Listener) error {
	server := &http.Server{Handler: s.mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // the door is closed as well
	defer stop()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// routes are listed in the package comment; keep both in step.
func (s *Sim) routes() {
	s.Handle("GET /{$}", s.getHelp)
	s.Handle("GET /stats", s.getStats)
	s.Handle("GET /recipients", s.getRecipients)
	s.Handle("GET /rates", s.getRates)
	s.Handle("GET /log", s.getLog)
	s.Handle("GET /flush", s.getLog)
	s.Handle("GET /faults", s.getFaults)
	s.Handle("POST /faults", s.postFaults)
	s.Handle("DELETE /faults", s.deleteFaults)
	s.Handle("POST /reset", s.postReset)
	s.Handle("POST /mark", s.postMark)
	s.Handle("GET /listeners", s.getListeners)
	s.Handle("POST /listeners/{name}/{state}", s.postListener)
	s.Handle("GET /subscriptions", s.getSubscriptions)
}

// WriteJSON answers a control request.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client may have gone; there is nobody to tell
}

// WriteError answers a control request that failed.
func WriteError(w http.ResponseWriter, status int, err error) {
	WriteJSON(w, status, map[string]string{"error": err.Error()})
}

func (s *Sim) getHelp(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, ControlHelp+SirenControlHelp)
}

func (s *Sim) getStats(w http.ResponseWriter, r *http.Request) {
	WriteJSON(w, http.StatusOK, s.Stats(r.FormValue("channel"), r.FormValue("alert")))
}

// LogState is what GET /log and GET /flush answer.
type LogState struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	// Since is the offset where the lines begin that were written after the last reset.
	Since int64 `json:"since"`
}

// getLog flushes, so that the file holds all that the answer counts.
func (s *Sim) getLog(w http.ResponseWriter, _ *http.Request) {
	if err := s.log.Flush(); err != nil {
		WriteError(w, http.StatusInternalServerError, err)
		return
	}
	WriteJSON(w, http.StatusOK, LogState{Path: s.log.Path(), Size: s.log.Size(), Since: s.log.since()})
}

func (s *Sim) getRecipients(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/tab-separated-values; charset=utf-8")
	out := bufio.NewWriterSize(w, 64<<10)
	if err := s.Recipients(out, r.FormValue("channel"), r.FormValue("alert")); err != nil {
		s.logger.Error("recipients", "err", err)
		panic(http.ErrAbortHandler) // a list that breaks off must not look whole
	}
	_ = out.Flush() // the client may have gone
}

func (s *Sim) getRates(w http.ResponseWriter, r *http.Request) {
	WriteJSON(w, http.StatusOK, s.Rates(r.FormValue("gateway")))
}

func (s *Sim) getFaults(w http.ResponseWriter, _ *http.Request) {
	WriteJSON(w, http.StatusOK, s.faults.List())
}

// ParseRules reads one rule or a list of rules in JSON; unknown fields are an error.
func ParseRules(b []byte) ([]Rule, error) {
	b = bytes.TrimSpace(b)
	if !bytes.HasPrefix(b, []byte("[")) {
		b = slices.Concat([]byte("["), b, []byte("]"))
	}
	var rules []Rule
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&rules); err != nil {
		return nil, fmt.Errorf("fault: %w", err)
	}
	for i := range rules {
		if err := rules[i].check(); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func (s *Sim) postFaults(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	rules, err := ParseRules(b)
	if err == nil {
		err = s.faults.Set(rules...)
	}
	if err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	s.note("faults set: " + string(b))
	WriteJSON(w, http.StatusOK, s.faults.List())
}

func (s *Sim) deleteFaults(w http.ResponseWriter, r *http.Request) {
	n := s.faults.Clear(r.FormValue("on"), FaultKind(r.FormValue("kind")))
	s.note("faults removed: " + strconv.Itoa(n))
	WriteJSON(w, http.StatusOK, map[string]int{"removed": n})
}

// note writes a line for the reader of the raw log.
func (s *Sim) note(detail string) {
	s.Record(Event{Channel: "control", Kind: Mark, Detail: detail})
}

// Reset forgets all counts and pending callbacks, and begins a new part of the raw log. Faults and listeners stay.
func (s *Sim) Reset() {
	s.later.drop()
	s.landings.drop()
	s.tallies.clear()
	s.note("reset")
	s.log.markReset()
}

func (s *Sim) postReset(w http.ResponseWriter, r *http.Request) {
	s.Reset()
	s.getLog(w, r)
}

// Mark sets the moment from which the latency of alerts counts that are first seen after it; a zero time means now.
func (s *Sim) Mark(at time.Time) time.Time {
	if at.IsZero() {
		at = s.now()
	}
	s.tallies.mark.Store(at.UnixMicro())
	s.note("mark " + strconv.FormatInt(at.UnixMicro(), 10))
	return at
}

func (s *Sim) postMark(w http.ResponseWriter, r *http.Request) {
	var at time.Time
	if v := r.FormValue("at"); v != "" {
		micros, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			WriteError(w, http.StatusBadRequest, fmt.Errorf("at: want unix microseconds: %w", err))
			return
		}
		at = time.UnixMicro(micros)
	}
	WriteJSON(w, http.StatusOK, map[string]int64{"mark": s.Mark(at).UnixMicro()})
}

func (s *Sim) getListeners(w http.ResponseWriter, _ *http.Request) {
	WriteJSON(w, http.StatusOK, s.addrs)
}

// Listener shuts ("down": connections are refused, open ones end) or opens ("up") a listener.
func (s *Sim) Listener(name, state string) error {
	d := s.doors[name]
	if d == nil || name == "control" || d.listener() == nil {
		return fmt.Errorf("no listener %q", name)
	}
	var err error
	switch state {
	case "down":
		err = d.Shut()
	case "up":
		err = d.Open()
	default:
		return fmt.Errorf("listener state %q: want up or down", state)
	}
	s.note("listener " + name + " " + state)
	return err
}

func (s *Sim) postListener(w http.ResponseWriter, r *http.Request) {
	name, state := r.PathValue("name"), r.PathValue("state")
	if err := s.Listener(name, state); err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	WriteJSON(w, http.StatusOK, map[string]string{name: state})
}

// maxSubscriptions bounds one request for subscriptions.
const maxSubscriptions = 10_000_000

func (s *Sim) getSubscriptions(w http.ResponseWriter, r *http.Request) {
	seed, from, n := s.cfg.Seed, 0, 1
	gateway := r.FormValue("gateway")
	if gateway == "" {
		gateway = Push
	}
	var errs []error
	number := func(name string, into *int) {
		if v := r.FormValue(name); v != "" {
			var err error
			*into, err = strconv.Atoi(v)
			if err != nil || *into < 0 || *into > maxSubscriptions {
				errs = append(errs, fmt.Errorf("%s: want a number up to %d", name, maxSubscriptions))
			}
		}
	}
	number("n", &n)
	number("from", &from)
	if v := r.FormValue("seed"); v != "" {
		var err error
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			errs = append(errs, errors.New("seed: want a number of 64 bits"))
		}
	}
	if s.URL(gateway) == "" || s.channels[gateway] != Push {
		errs = append(errs, fmt.Errorf("no push listener %q", strings.ToValidUTF8(gateway, "")))
	}
	if len(errs) > 0 {
		WriteError(w, http.StatusBadRequest, errors.Join(errs...))
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	if err := s.Subscriptions(w, gateway, seed, from, n); err != nil {
		s.logger.Error("subscriptions", "err", err)
		panic(http.ErrAbortHandler) // a list that breaks off must not look whole
	}
}
