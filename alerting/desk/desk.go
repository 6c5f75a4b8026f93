package desk

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/seal"
	"tocsin/cap"
)

// Press writes an issued alert to the stream. Nil is the moment of issue; alerting.ErrUnavailable and
// alerting.ErrInvalid mean that nothing was written; anything else that nobody knows.
type Press interface {
	Publish(ctx context.Context, e alerting.Envelope) error
}

// DB is the database: Write runs one transaction, Read is for queries.
type DB interface {
	Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error
	Read() *bun.DB
}

// Config is what a Desk is made of. DB, Press, Note, Now and Log must be set.
type Config struct {
	DB    DB
	Press Press
	Note  Note
	Now   func() time.Time
	Log   *slog.Logger
	// Lifetime is how long an info without expires lives (CAP 1.2 §3.2.2 leaves it to the recipient); 0 means 24 h.
	Lifetime time.Duration
	// MaxValidity is the longest time from issue to expiry: deliveries are not kept longer. 0 means 7 days.
	MaxValidity time.Duration
	// MaxBytes bounds a document; 0 means 256 KiB. Whoever reads the stream must take as much.
	MaxBytes int
	// Sender is the CAP sender of the cancels that the desk writes, and SenderName what people call it. Empty means
	// those of the cancelled alert.
	Sender, SenderName string
	// Signing signs what is issued; nil means that it goes out as it came in.
	Signing *Signing
	// Profile is whose rules an alert must keep to be issued; the zero value is cap.Core. The cancels that the desk writes
	// keep those of the standard: a stop is never refused for a profile's sake.
	Profile cap.Profile
	// Advise adds what else its author should know of an alert that may be issued; may be nil.
	Advise func(in *alerting.Issued) cap.Findings
	// Office says who must approve an alert; nil means that nobody must. With it, Count and Seal must be set.
	Office *approval.Office
	// Seal signs the Cancels that the desk writes, as one person's stop.
	Seal approval.Signer
	// PasswordCost is what trying an operator's password costs; zero means the usual.
	PasswordCost approval.Cost
	// Count says whom an alert would reach.
	Count func(ctx context.Context, in *alerting.Issued) (alerting.Counted, error)
	// Territory is where a unit may warn; "" is the whole office. Nil from it means anywhere, and ErrNotFound that no such unit is
	// known; nil in its place that nobody is limited. Under reports whether a unit is another one, or lies below it.
	Territory func(ctx context.Context, unit string) (*cap.Territory, error)
	Under     func(ctx context.Context, unit, of string) (bool, error)
	// Anybody says whether the office knows any people or sirens at all; nil: nobody asks whether an alert reaches somebody.
	Anybody func(ctx context.Context) (bool, error)
	// Neighbours names the administrative units that some areas are for (called says which names their descriptions have), and others:
	// with the same parent, and elsewhere. Nil where there are none.
	Neighbours func(ctx context.Context, areas []cap.Area, called func(name string) bool) (own, near, far []string, err error)
	// Kinds are the administrative acts that two people must sign; with them Keys must be set, which seal what they carry.
	Kinds map[string]ChangeKind
	Keys  *seal.Keyring
	// UnknownReferences lets an update or cancel refer to alerts that this desk never issued.
	UnknownReferences bool
}

// Order says who wants an alert out, and for whom.
type Order struct {
	Actor alerting.Actor
	// Channels limits the channels; empty means all.
	Channels []alerting.Channel
	Audience alerting.AudienceFilter
	// Window is the public test that a message of the world test belongs to (see Window); nil for none.
	Window *alerting.TestWindow
	// Note is the officer's remark on a Cancel that the desk writes.
	Note string
	// Words are what a Cancel or an all-clear that the desk writes says, in languages of the alert, in the place of what its template or
	// the desk had prepared; nil for that.
	Words []alerting.Words
	// Request is what the caller calls the request for a new draft: the same again is the same draft. Empty: each is a new one.
	Request string
	// Autosave: nobody asked for this new version of a draft; a form saves what is in it (see Amend).
	Autosave bool
	// Form is what a form calls itself by chance, a name that no other has: what it has saved last is no conflict (see Amend). Empty: none.
	Form string
	// Nobody: the alert may be for an area in which the office knows nobody (see Submission).
	Nobody bool
	// Origin is the template that the document came from; nil for none. It is remembered for follow-ups, and changes nothing of what
	// is issued. Whoever fills it in has seen that it is true.
	Origin *alerting.Origin
}

// Answer is that of an accepted order.
type Answer struct {
	Alert    alerting.AlertID
	World    alerting.World
	Lane     alerting.Lane
	Document []byte
	Issued   time.Time
	Expires  time.Time
	// Repeated: the same had been accepted before, and nothing was issued again.
	Repeated bool
	// Findings are the warnings and the advice on the document.
	Findings cap.Findings
	// Draft is set when nothing was issued: the document was submitted under this name, and waits for what Missing says.
	Draft   string
	Missing []string
}

// Desk issues alerts. It is safe for concurrent use, and several may work on one database.
type Desk struct {
	Config
	turns turns
	// checked are the issued alerts that were found to be approved; see genuine.
	checked *known
	// opening lets so many passwords be tried at once; see openings.
	opening chan struct{}
}

const (
	defaultLifetime = 24 * time.Hour
	defaultValidity = 7 * 24 * time.Hour
	defaultBytes    = 256 << 10
	// publishTimeout bounds what follows once the row is written; the caller hanging up does not end it.
	publishTimeout = 15 * time.Second
)

// New checks the configuration.
func New(c Config) (*Desk, error) {
	if c.DB == nil || c.Press == nil || c.Note == nil || c.Now == nil || c.Log == nil {
		return nil, fmt.Errorf("%w: the desk lacks a part", alerting.ErrInvalid)
	}
	if c.Office != nil && (c.Count == nil || len(c.Seal.Private) == 0) {
		return nil, fmt.Errorf("%w: with approvals the desk needs a key of its own, and must be able to count whom an alert reaches", alerting.ErrInvalid)
	}
	if len(c.Kinds) > 0 && c.Keys == nil {
		return nil, fmt.Errorf("%w: with kinds of changes the desk needs the keyring that seals them", alerting.ErrInvalid)
	}
	if c.Lifetime <= 0 {
		c.Lifetime = defaultLifetime
	}
	if c.MaxValidity <= 0 {
		c.MaxValidity = defaultValidity
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultBytes
	}
	if c.Signing != nil {
		if err := c.Signing.Check(); err != nil {
			return nil, fmt.Errorf("%w: signing: %w", alerting.ErrInvalid, err)
		}
	}
	return &Desk{Config: c, turns: newTurns(), checked: new(known), opening: make(chan struct{}, openings)}, nil
}

// Issue issues a document of msgType Alert, Update or Cancel. Errors: alerting.ErrInvalid with all that is wrong (a
// cap.Findings in its chain), ErrConflict when the id is taken by other bytes or was issued to another audience,
// ErrState when it refers to an alert that was stopped, ErrUnavailable when nothing was written, ErrUnknown.
func (d *Desk) Issue(ctx context.Context, document []byte, o Order) (Answer, error) {
	in, err := d.Check(document, o)
	if err != nil {
		return Answer{}, fmt.Errorf("issue: %w", err)
	}
	return d.orDraft(ctx, in, o.Nobody)
}

// Update is Issue for a document that must be an Update.
func (d *Desk) Update(ctx context.Context, document []byte, o Order) (Answer, error) {
	in, err := d.Check(document, o)
	if err == nil && in.Alert.MsgType != cap.MsgUpdate {
		err = d.refuse(document, finding("desk.update.msgtype", "CAP 1.2 §3.2.1 msgType", "alert/msgType",
			fmt.Sprintf("this is of type %s; an update must be of type Update and refer to what it supersedes", in.Alert.MsgType)))
	}
	if err != nil {
		return Answer{}, fmt.Errorf("update: %w", err)
	}
	return d.orDraft(ctx, in, o.Nobody)
}
