package inbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// verdict is what a document is worth by itself.
type verdict struct {
	alert *cap.Alert
	// approvable are the bytes that go to the desk, and that people approve; nil when the document must not go there.
	approvable []byte
	// reason says why not.
	reason string
}

// Take takes in a document of a source: handed to the desk, or put into quarantine with the reason. An error means that nothing
// was kept and that the same again is safe: ErrUnavailable when a store is away, ErrState when the source's quarantine is full,
// ErrInvalid for more bytes than are taken at all.
func (in *Inbox) Take(ctx context.Context, document []byte, from Source) (Letter, error) {
	l, outcome, err := in.take(ctx, document, from)
	if err != nil {
		return l, fmt.Errorf("take in a document of %s: %w", from.Name, err)
	}
	in.Metrics.documents.WithLabelValues(from.Name, outcome).Inc()
	return l, nil
}

func (in *Inbox) take(ctx context.Context, document []byte, from Source) (Letter, string, error) {
	if len(document) > in.MaxBytes {
		return Letter{}, "", alerting.Refuse(alerting.ErrInvalid, "letter.large", "it has more than the %d bytes that are taken", in.MaxBytes)
	}
	in.taking.Lock()
	defer in.taking.Unlock()
	v := in.judge(document, from)
	row := letterRow{ID: idOf(document), Source: from.Name, ReceivedMS: in.Now().UnixMilli(), State: string(Quarantined), Document: document}
	if v.alert != nil {
		row.Title = titleOf(v.alert)
		if v.alert.Sender != "" && v.alert.Identifier != "" && !v.alert.Sent.IsZero() {
			row.Alert = alerting.IDOf(v.alert).String()
		}
	}
	have, err := in.Get(ctx, row.ID)
	switch {
	case err == nil && (have.State != Quarantined || v.approvable == nil):
		have.Repeated, have.Document = true, nil
		return have, outcomeRepeated, nil
	case err != nil && !errors.Is(err, alerting.ErrNotFound):
		return Letter{}, "", err
	}
	known := err == nil
	taken, err := in.handedOver(ctx, row.Alert, document)
	if err != nil {
		return Letter{}, "", err
	}
	outcome := outcomeQuarantined
	switch {
	case taken != "":
		outcome, v.approvable = outcomeConflict, nil
		v.reason = strings.TrimSuffix(alerting.Say("letter.other-content", "its identifier, sender and sent are those of %s, which says something else", taken)+"; "+v.reason, "; ")
	case v.approvable != nil:
		if outcome, err = in.hand(ctx, &row, v.approvable); err != nil {
			return Letter{}, "", err
		}
	}
	if State(row.State) == Quarantined {
		if row.Reason == "" {
			row.Reason = v.reason
		}
		if known {
			// A stranger brought it first; who wrote it brought it now, and the desk would not have it.
			have.Repeated, have.Document = true, nil
			return have, outcomeRepeated, nil
		}
		if err := in.roomFor(ctx, from); err != nil {
			return Letter{}, "", err
		}
	}
	row.Reason = clip(row.Reason)
	l, err := in.keep(ctx, row, known)
	return l, outcome, err
}

// judge reads a document as tolerantly as a receiver should, and says whether it may go to the desk.
func (in *Inbox) judge(document []byte, from Source) verdict {
	limits := cap.Options{MaxBytes: in.MaxBytes}
	alert, found := cap.Read(document, limits)
	if alert == nil {
		return verdict{reason: alerting.Say("letter.unreadable", "it cannot be read as CAP: %v", found)}
	}
	v := verdict{alert: alert}
	trust := dsig.Trust{Anchors: slices.Concat(from.Anchors, in.Anchors), At: in.Now()}
	report, err := dsig.Verify(document, trust)
	switch {
	case err != nil:
		v.reason = alerting.Say("letter.signature", "its signature cannot be looked at: %v", err)
	case len(report.Signatures) == 0:
		v.reason = alerting.Say("letter.unsigned", "it bears no signature")
	case !report.Trusted():
		v.reason = untrusted(report)
	case found.Err() != nil:
		v.reason = alerting.Say("letter.rules", "it is signed, and breaks rules: %v", found.Err())
	default:
		// What is believed is what was signed; that it reads the same is the desk's and our own promise to whoever approves it.
		verified, _ := cap.Read(report.Document, limits)
		if !same(alert, verified) {
			v.reason = alerting.Say("letter.differs", "what was signed does not say what the document says")
			return v
		}
		v.approvable = in.approvable(document, report.Document, verified)
	}
	return v
}

func untrusted(report *dsig.Report) string {
	for _, s := range report.Signatures {
		if s.Verdict != dsig.Trusted {
			return alerting.Say("letter.verdict", "its signature is %s: %s", s.Verdict, s.Reason)
		}
	}
	return alerting.Say("letter.untrusted", "its signature is not trusted")
}

// approvable says which bytes of a verified document people approve, and which go out in the end.
//
// Where the office signs nothing, or its own anchors stand for the partner's signature, they are the document as it came: the desk
// keeps such a signature. Else the desk would refuse it, because whoever pins the office's anchors could not verify what was
// issued. Then the partner's signature has done its work here and is taken away: the rest is byte for byte what the partner
// wrote where the signature is an element of the form that dsig writes, else the canonical form over which the
// partner's digest was made. The office's signature takes its place when it goes out, and the original stays in the inbox.
func (in *Inbox) approvable(document, canonical []byte, verified *cap.Alert) []byte {
	if !in.Signs {
		return document
	}
	if own, err := dsig.Verify(document, dsig.Trust{Anchors: in.Anchors, At: in.Now()}); err == nil && own.Trusted() {
		return document
	}
	bare := dsig.Strip(document)
	left, err := dsig.Verify(bare, dsig.Trust{At: in.Now()})
	if read, _ := cap.Read(bare, cap.Options{MaxBytes: in.MaxBytes}); err == nil && len(left.Signatures) == 0 && same(read, verified) {
		return bare
	}
	return canonical
}

// same reports whether two alerts say the same, element for element.
func same(a, b *cap.Alert) bool {
	if a == nil || b == nil {
		return false
	}
	one, err := cap.Write(a)
	if err != nil {
		return false
	}
	other, err := cap.Write(b)
	return err == nil && bytes.Equal(one, other)
}

// hand gives a verified document to the desk, and puts what it said into the row. It comes before the row is written: should this
// process die in between, the same document finds the same draft.
func (in *Inbox) hand(ctx context.Context, row *letterRow, approvable []byte) (outcome string, err error) {
	handed, err := in.Submit(ctx, approvable, row.Document, alerting.Actor{Name: row.Source, Kind: "partner"})
	if err != nil {
		for _, last := range []error{alerting.ErrInvalid, alerting.ErrConflict, alerting.ErrState, alerting.ErrForbidden} {
			if errors.Is(err, last) {
				row.Reason = alerting.Say("letter.refused", "it is signed and trusted, and the desk does not take it: %v", err)
				return outcomeQuarantined, nil
			}
		}
		return "", err
	}
	row.Draft, row.Reason, row.State = handed.Draft, handed.Remark, string(Submitted)
	if handed.Issued {
		row.State, row.Reason = string(Dropped), alerting.Say("letter.own", "this office has issued it itself; there is nothing to do")
		return outcomeOwn, nil
	}
	if handed.Standing != "" {
		row.Reason = alerting.Say("letter.unattended", "it went out unattended, under %s", handed.Standing)
	}
	return outcomeSubmitted, nil
}

// handedOver names the document of an id that went to the desk with other content; empty when there is none. What is
// in quarantine does not count: anybody could keep a partner's warning out by posting nonsense under its name.
func (in *Inbox) handedOver(ctx context.Context, alert string, document []byte) (string, error) {
	if alert == "" {
		return "", nil
	}
	var rows []letterRow
	err := in.DB.Read().NewSelect().Model(&rows).Where("alert = ?", alert).
		Where("state IN (?, ?)", string(Submitted), string(Released)).Order("id").Limit(100).Scan(ctx)
	if err != nil {
		return "", fmt.Errorf("look for alert %s: %w: %w", alert, alerting.ErrUnavailable, err)
	}
	for _, row := range rows {
		if !bytes.Equal(dsig.Strip(row.Document), dsig.Strip(document)) {
			return row.ID, nil
		}
	}
	return "", nil
}

// roomFor refuses what would make the quarantine of a source grow without end.
func (in *Inbox) roomFor(ctx context.Context, from Source) error {
	n, err := in.DB.Read().NewSelect().Model((*letterRow)(nil)).Where("source = ?", from.Name).Where("state = ?", string(Quarantined)).Count(ctx)
	if err != nil {
		return fmt.Errorf("count the quarantine: %w: %w", alerting.ErrUnavailable, err)
	}
	if n >= int64(in.MaxQuarantined) {
		return alerting.Refuse(alerting.ErrState, "letter.full", "%d of its documents are in quarantine already: release or drop some, or correct its anchor_files", n)
	}
	return nil
}

// keep writes the row, in the place of the one in quarantine where these bytes are known.
func (in *Inbox) keep(ctx context.Context, row letterRow, known bool) (Letter, error) {
	err := in.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		one := row
		if known {
			res, err := tx.NewUpdate().Model(&one).WherePK().Where("state = ?", string(Quarantined)).Exec(ctx)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n != 1 {
				return errors.Join(err, alerting.Refuse(alerting.ErrConflict, "letter.left", "letter %s left the quarantine meanwhile", row.ID))
			}
		} else if _, err := tx.NewInsert().Model(&one).Exec(ctx); err != nil {
			return err
		}
		by := alerting.Actor{Name: row.Source, Kind: "partner"}
		return in.Note(ctx, tx, by, "inbox."+row.State, subjectOf(row.ID), map[string]any{"sha256": digestOf(row.Document), "alert": row.Alert, "draft": row.Draft})
	})
	if errors.Is(err, alerting.ErrConflict) {
		// Another process took the same bytes in at the same moment.
		l, err := in.Get(ctx, row.ID)
		l.Repeated, l.Document = true, nil
		return l, err
	}
	if err != nil {
		return Letter{}, fmt.Errorf("keep it: %w", err)
	}
	l, err := row.letter()
	l.Document = nil
	return l, err
}

// idOf names a document by its bytes.
func idOf(document []byte) string { return "i" + digestOf(document)[:20] }

func digestOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}

// subjectOf names a letter in the journal.
func subjectOf(id string) string { return "inbox/" + id }

// longestTitle and longestReason bound what is shown of a document, in bytes.
const (
	longestTitle  = 400
	longestReason = 4000
)

func titleOf(a *cap.Alert) string {
	for i := range a.Infos {
		if title := a.Infos[i].Headline; title != "" {
			return shorten(title, longestTitle)
		}
	}
	if len(a.Infos) > 0 {
		return shorten(a.Infos[0].Event, longestTitle)
	}
	return shorten(string(a.MsgType), longestTitle)
}

// clip makes of a reason, which may quote the document, what every database takes.
func clip(reason string) string { return shorten(reason, longestReason) }

func shorten(text string, most int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
	if len(text) <= most {
		return text
	}
	text = text[:most-len("…")]
	for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	if r, size := utf8.DecodeLastRuneInString(text); r == utf8.RuneError && size <= 1 && text != "" {
		text = text[:len(text)-1]
	}
	return text + "…"
}
