package stream

import (
	"encoding/binary"
	"fmt"
	"slices"

	"tocsin/alerting"
)

// The form of a receipt record: version, channel, flags, alert id, epoch, page, marks. It names places, never people.
const (
	receiptVersion = 1
	// flagOwnership is Receipt.ByOwnership, the only flag.
	flagOwnership = 1
	// maxMarks bounds one record; a page has 256 places, and each may be in the news more than once.
	maxMarks     = 1024
	maxReason    = 300
	maxReference = 200
)

// checkReceipt says what is wrong with a receipt that is to be written.
func checkReceipt(r *alerting.Receipt) error {
	if !slices.Contains(alerting.Channels(), r.Channel) || r.Alert.IsZero() || len(r.Marks) == 0 {
		return fmt.Errorf("receipt of alert %s %q page %d with %d marks: %w", r.Alert, r.Channel, r.Page,
			len(r.Marks), alerting.ErrInvalid)
	}
	for i := range r.Marks {
		if m := &r.Marks[i]; !journalled(m.Mark.Best) || m.At < 0 || m.At > maxMillis {
			return fmt.Errorf("receipt of alert %s place %d: %w: state %s at %d", r.Alert, m.Place,
				alerting.ErrInvalid, m.Mark.Best, m.At)
		}
	}
	return nil
}

// encodeReceipt writes a receipt that was checked, of at most maxMarks marks; reasons and references that are too
// long are cut.
func encodeReceipt(r *alerting.Receipt) []byte {
	b := make([]byte, 0, 32+16*len(r.Marks))
	var flags byte
	if r.ByOwnership {
		flags = flagOwnership
	}
	b = append(b, receiptVersion, byte(slices.Index(alerting.Channels(), r.Channel)), flags)
	b = append(b, r.Alert[:]...)
	b = binary.AppendUvarint(b, uint64(r.Epoch))
	b = binary.AppendUvarint(b, uint64(r.Page))
	b = binary.AppendUvarint(b, uint64(len(r.Marks)))
	for i := range r.Marks {
		m := &r.Marks[i]
		b = append(b, m.Place, byte(m.Mark.Best), m.Mark.Handed, m.Mark.Failure, m.Mark.Lost)
		b = binary.AppendUvarint(b, uint64(m.At))
		b = appendText(b, clip(m.Reason, maxReason))
		b = appendText(b, clip(m.Reference, maxReference))
	}
	return b
}

// decodeReceipt reads a receipt of a world. Every error is alerting.ErrInvalid: a poison record.
func decodeReceipt(world alerting.World, record []byte) (alerting.Receipt, error) {
	in := &input{b: record}
	if len(record) > maxRecord {
		in.fail("%d bytes", len(record))
	}
	if v := in.byte("version"); in.err == nil && v != receiptVersion {
		in.fail("version %d is not known", v)
	}
	r := alerting.Receipt{World: world, Channel: pick(in, "channel", alerting.Channels())}
	flags := in.byte("flags")
	if flags > flagOwnership {
		in.fail("flags %x", flags)
	}
	r.ByOwnership = flags == flagOwnership
	copy(r.Alert[:], in.raw(16, "alert id"))
	r.Epoch = uint32(in.number("epoch", maxUint32))
	r.Page = uint32(in.number("page", maxUint32))
	r.Marks = make([]alerting.PlaceMark, in.number("marks", maxMarks))
	for i := range r.Marks {
		m := &r.Marks[i]
		m.Place = in.byte("place")
		m.Mark = alerting.Mark{Best: alerting.State(in.byte("state")), Handed: in.byte("handed"),
			Failure: in.byte("failure"), Lost: in.byte("lost")}
		m.At = int64(in.number("time", maxMillis))
		m.Reason = in.text("reason", maxReason)
		m.Reference = in.text("reference", maxReference)
		if !journalled(m.Mark.Best) {
			in.fail("state number %d", m.Mark.Best)
		}
		if in.err != nil {
			break
		}
	}
	if in.err == nil && (r.Alert.IsZero() || len(r.Marks) == 0) {
		in.fail("no alert or no marks")
	}
	if err := in.end(); err != nil {
		return alerting.Receipt{}, fmt.Errorf("receipt: %w", err)
	}
	return r, nil
}

// journalled says whether a mark may hold the state as its best: Failed never is, it shows in Mark.Failure.
func journalled(s alerting.State) bool { return int(s) < alerting.StateCount && s != alerting.Failed }
