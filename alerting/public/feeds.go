package public

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cap/feed"
)

// Config is what Feeds are made of. All fields but Failed and those that say otherwise must be set.
type Config struct {
	// Title names the feeds, and Author the office that issues.
	Title, Author string
	// Language of the title; may be empty.
	Language string
	// PublicURL is how the world reaches the handler, without a slash at its end.
	PublicURL string
	// HideTests leaves out alerts of status Test.
	HideTests bool
	// PageBytes bounds a page of a feed; 0 means feed.DefaultLimit.
	PageBytes int
	// Edition and Live are those of the desk, and Issued gives an alert that is perhaps over.
	Edition func(ctx context.Context, now time.Time) (desk.Edition, error)
	Live    func(ctx context.Context, now time.Time) ([]desk.Posted, error)
	Issued  func(ctx context.Context, id alerting.AlertID) (*alerting.Issued, error)
	Now     func() time.Time
	Log     *slog.Logger
	// Failed is told of each time when the alerts could not be read; may be nil.
	Failed func()
}

const (
	// fresh is how long an answer stands before the desk is asked again.
	fresh = time.Second
	// askTimeout bounds one such question.
	askTimeout = 5 * time.Second
	// retryAfter is what a caller is told to wait, in seconds, when it cannot be answered.
	retryAfter = 5
	// archiveReads is how many documents of alerts that are over are read at once.
	archiveReads = 8
	// quiet is how long nothing must have changed before Last-Modified is told: it counts in seconds, and clocks differ.
	quiet = 10 * time.Second
)

// Feeds answers for the feeds. It is safe for concurrent use.
type Feeds struct {
	Config
	archive chan struct{}

	// mu guards what follows. Whoever holds it asks the desk; the others wait for his answer.
	mu      sync.Mutex
	current *snapshot
	asked   time.Time
	failed  error
}

// New checks the configuration.
func New(c Config) (*Feeds, error) {
	if c.Title == "" || c.PublicURL == "" || c.Edition == nil || c.Live == nil || c.Issued == nil || c.Now == nil || c.Log == nil {
		return nil, fmt.Errorf("%w: the feeds lack a part", alerting.ErrInvalid)
	}
	return &Feeds{Config: c, archive: make(chan struct{}, archiveReads)}, nil
}

// Paths of the feeds, below the public URL.
const (
	AtomPath    = "/feeds/atom.xml"
	RSSPath     = "/feeds/rss.xml"
	GeoJSONPath = "/feeds/geojson"
	alertsPath  = "/feeds/alerts/"
)

// Handler routes the feeds.
func (f *Feeds) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+AtomPath, f.pages(feed.Atom))
	mux.HandleFunc("GET "+RSSPath, f.pages(feed.RSS))
	mux.HandleFunc("GET "+GeoJSONPath, f.geojson)
	mux.HandleFunc("GET "+alertsPath+"{file}", f.document)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "%s\n\n", f.Title)
		for _, path := range []string{AtomPath, RSSPath, GeoJSONPath} {
			_, _ = fmt.Fprintln(w, f.PublicURL+path)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		// Anybody may read, so pages of others may, too.
		h.Set("Access-Control-Allow-Origin", "*")
		mux.ServeHTTP(w, r)
	})
}

// now gives the alerts as they stand, at most fresh old.
func (f *Feeds) now(ctx context.Context) (*snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.Now()
	if age := at.Sub(f.asked); !f.asked.IsZero() && age >= 0 && age < fresh {
		return f.current, f.failed
	}
	// One caller who hangs up must not make the answer fail for the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	next, err := f.ask(ctx, at)
	f.asked, f.failed = f.Now(), err
	if err != nil {
		f.current = nil
		f.Log.Error("the feeds cannot be read", "error", err)
		if f.Failed != nil {
			f.Failed()
		}
		return nil, err
	}
	f.current = next
	return next, nil
}

// ask makes a snapshot, or keeps the last when nothing has changed.
func (f *Feeds) ask(ctx context.Context, at time.Time) (*snapshot, error) {
	edition, err := f.Edition(ctx, at)
	if err != nil {
		return nil, err
	}
	if f.current != nil && f.current.edition == edition && at.Before(f.current.until) {
		return f.current, nil
	}
	posted, err := f.Live(ctx, at)
	if err != nil {
		return nil, err
	}
	return f.snapshot(posted, edition, at)
}

// unavailable answers that the alerts cannot be read now.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "The alerts cannot be read just now. Keep what you have, and ask again.", http.StatusServiceUnavailable)
}

// body is an answer with its entity tag.
type body struct {
	bytes []byte
	tag   string
}

func bodyOf(data []byte) body {
	sum := sha256.Sum256(data)
	return body{data, `"` + hex.EncodeToString(sum[:16]) + `"`}
}

// serve answers with a body, or that the caller has it already (RFC 9110 §13).
func (f *Feeds) serve(w http.ResponseWriter, r *http.Request, s *snapshot, mediaType string, b body) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-cache") // keep it, and ask each time whether it still holds
	h.Set("ETag", b.tag)
	modified := time.Time{}
	if f.Now().Sub(s.modified) > quiet {
		modified = s.modified
	}
	http.ServeContent(w, r, "", modified, bytes.NewReader(b.bytes))
}

// pages answers with a page of a feed: the first, or the one that has what comes behind ?before=KEY.
func (f *Feeds) pages(format feed.Format) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := f.now(r.Context())
		if err != nil {
			unavailable(w)
			return
		}
		at := 0
		if key := r.URL.Query().Get("before"); key != "" {
			if at, err = s.after(key); err != nil {
				http.Error(w, "before: follow the link to the next page, and change nothing of it", http.StatusBadRequest)
				return
			}
		}
		f.serve(w, r, s, format.MediaType()+"; charset=utf-8", s.page(format, at))
	}
}

func (f *Feeds) geojson(w http.ResponseWriter, r *http.Request) {
	s, err := f.now(r.Context())
	if err != nil {
		unavailable(w)
		return
	}
	f.serve(w, r, s, "application/geo+json", s.geojson)
}

// document answers with an alert as it was issued. What is not for the public is not there.
func (f *Feeds) document(w http.ResponseWriter, r *http.Request) {
	name, isCAP := strings.CutSuffix(r.PathValue("file"), ".cap")
	id, err := alerting.ParseAlertID(name)
	if err != nil || !isCAP {
		http.NotFound(w, r)
		return
	}
	s, err := f.now(r.Context())
	if err != nil {
		unavailable(w)
		return
	}
	document, live := s.documents[id]
	if !live {
		document, err = f.over(r.Context(), id)
	}
	switch {
	case errors.Is(err, alerting.ErrNotFound), errors.Is(err, alerting.ErrState):
		http.NotFound(w, r)
		return
	case err != nil:
		unavailable(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", feed.MediaType)
	h.Set("Cache-Control", "public, max-age=86400, immutable") // issued bytes never change
	b := bodyOf(document)
	h.Set("ETag", b.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.bytes))
}

// over reads the document of an alert that stands in no feed any more.
func (f *Feeds) over(ctx context.Context, id alerting.AlertID) ([]byte, error) {
	select {
	case f.archive <- struct{}{}:
		defer func() { <-f.archive }()
	default:
		return nil, fmt.Errorf("%w: too many old alerts are asked for at once", alerting.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	in, err := f.Issued(ctx, id)
	if err != nil {
		return nil, err
	}
	if !f.shows(in.Envelope.World, in.Alert) {
		return nil, fmt.Errorf("%w: alert %s is not for the public", alerting.ErrNotFound, id)
	}
	return in.Envelope.Document, nil
}
