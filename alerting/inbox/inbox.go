package inbox

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// State is what became of a document.
type State string

// The states. Only what is in quarantine changes: to released or dropped, or to submitted when its author sends it himself.
//
//	            verified ──▶ submitted
//	document ──┤                ▲
//	            else ──▶ quarantined ──▶ released
//	                            └──────▶ dropped
const (
	Submitted   State = "submitted"
	Quarantined State = "quarantined"
	Released    State = "released"
	Dropped     State = "dropped"
)

// States lists all states.
func States() []State { return []State{Submitted, Quarantined, Released, Dropped} }

// Source is a partner.
type Source struct {
	Name string
	// Anchors are the certificates pinned for this partner alone.
	Anchors []*x509.Certificate
	// Feed is how its feed is read; nil when it only posts.
	Feed *Feed
}

// Letter is a document that came, and what became of it.
type Letter struct {
	ID       string           `json:"id"`
	Source   string           `json:"source"`
	Received time.Time        `json:"received"`
	Alert    alerting.AlertID `json:"alert,omitzero"`
	Title    string           `json:"title,omitempty"`
	State    State            `json:"state"`
	// Reason is why it is in quarantine, what a person said when he released or dropped it, or what the desk remarked.
	Reason string `json:"reason,omitempty"`
	Draft  string `json:"draft,omitempty"`
	// Document is the original, byte for byte; absent in lists.
	Document []byte `json:"document,omitempty"`
	// Repeated: these very bytes had come before, and nothing changed.
	Repeated bool `json:"repeated,omitempty"`
}

// Handed is what the desk did with a verified document.
type Handed struct {
	// Draft is where it waits.
	Draft string
	// Issued: the office has issued this very document before, so there is nothing to do.
	Issued bool
	// Standing is the id of the standing authorisation under which it went out at once.
	Standing string
	// Remark is what people should know of the draft.
	Remark string
}

// Note records an act in the office's journal, inside the transaction that makes it true.
type Note func(ctx context.Context, tx bun.IDB, by alerting.Actor, verb, subject string, detail any) error

// DB is the database: Write runs one transaction, Read is for queries.
type DB interface {
	Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error
	Read() *bun.DB
}

// Config is what an Inbox is made of. DB, Note, Submit, Draft, Now, Log and Metrics must be set.
type Config struct {
	DB   DB
	Note Note
	// Submit hands a verified document to the desk, to be approved by people, with the original that the partner signed: a standing
	// authorisation may let that go at once. ErrInvalid, ErrConflict, ErrState
	// and ErrForbidden are the desk's last word; after any other error the same again is safe.
	Submit func(ctx context.Context, document, original []byte, by alerting.Actor) (Handed, error)
	// Draft keeps a document as an ordinary draft, and gives its id.
	Draft func(ctx context.Context, document []byte, by alerting.Actor) (string, error)
	// Anchors are those of the office. Signs: the office signs what it issues, and then refuses signatures for which
	// its own anchors do not stand.
	Anchors []*x509.Certificate
	Signs   bool
	// MaxBytes bounds a document; 0 means 256 KiB. MaxQuarantined bounds the quarantine of one source; 0 means 5000 documents.
	MaxBytes, MaxQuarantined int
	Now                      func() time.Time
	Log                      *slog.Logger
	Metrics                  *Metrics
}

// Inbox takes documents in. It is safe for concurrent use, and several may work on one database.
type Inbox struct {
	Config
	sources map[string]Source
	// taking is one document at a time, so that two deliveries of one document meet the same row.
	taking sync.Mutex
}

const (
	defaultBytes       = 256 << 10
	defaultQuarantined = 5000
)

// New checks the configuration.
func New(c Config, sources []Source) (*Inbox, error) {
	if c.DB == nil || c.Note == nil || c.Submit == nil || c.Draft == nil || c.Now == nil || c.Log == nil || c.Metrics == nil {
		return nil, fmt.Errorf("%w: the inbox lacks a part", alerting.ErrInvalid)
	}
	c.MaxBytes, c.MaxQuarantined = cmp.Or(c.MaxBytes, defaultBytes), cmp.Or(c.MaxQuarantined, defaultQuarantined)
	in := &Inbox{Config: c, sources: make(map[string]Source)}
	for _, s := range sources {
		if _, twice := in.sources[s.Name]; twice || s.Name == "" {
			return nil, fmt.Errorf("%w: every source needs a name of its own, and %q is none", alerting.ErrInvalid, s.Name)
		}
		in.sources[s.Name] = s
		c.Metrics.know(s.Name, s.Feed != nil)
	}
	return in, nil
}

// SourceOf finds a source by its name; ErrNotFound when the configuration names none of that name.
func (in *Inbox) SourceOf(name string) (Source, error) {
	s, ok := in.sources[name]
	if !ok {
		return s, alerting.Refuse(alerting.ErrNotFound, "inbox.source", "the configuration names no source %.40q (inbox.sources)", name)
	}
	return s, nil
}
