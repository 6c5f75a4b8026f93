package seal

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Ticket says which delivery a callback, receipt or unsubscribe address belongs to, so that no table is needed to
// find it again.
type Ticket struct {
	World   alerting.World
	Alert   alerting.AlertID
	Epoch   uint32
	Channel alerting.Channel
	Page    uint32
	Place   uint8
	Attempt uint8
}

// Domain separates what tickets are for: one signed for callbacks does not unsubscribe anybody.
type Domain string

// The domains.
const (
	Callback    Domain = "callback"
	Unsubscribe Domain = "unsubscribe"
	PushReceipt Domain = "push-receipt"
	Acknowledge Domain = "acknowledge"
)

const (
	ticketVersion = 1
	// ticketMAC is the length of the truncated HMAC: 128 bits (RFC 2104 §5 allows no less than half).
	ticketMAC = 16
	// maxTicket bounds what VerifyTicket looks at.
	maxTicket = 128
)

// SignTicket writes a ticket as a string that may stand in a URL's path or query: version, key tag, fields and a
// truncated HMAC-SHA256, in unpadded URL-safe base64; about 65 characters. A world or channel that is none panics.
func (k *Keyring) SignTicket(domain Domain, t Ticket) string {
	world, channel := slices.Index(alerting.Worlds(), t.World), slices.Index(alerting.Channels(), t.Channel)
	if world < 0 || channel < 0 {
		panic(fmt.Sprintf("seal: ticket of world %q and channel %q", t.World, t.Channel))
	}
	d := k.current[Tickets]
	b := make([]byte, 0, 64)
	b = append(b, ticketVersion)
	b = append(b, d.tag[:]...)
	b = append(b, byte(world), byte(channel))
	b = append(b, t.Alert[:]...)
	b = binary.AppendUvarint(b, uint64(t.Epoch))
	b = binary.AppendUvarint(b, uint64(t.Page))
	b = append(b, t.Place, t.Attempt)
	b = append(b, ticketSum(d, domain, b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// VerifyTicket reads what SignTicket wrote for the same domain. Anything else is alerting.ErrForbidden. The signature
// is compared in constant time and before any field is looked at.
func (k *Keyring) VerifyTicket(domain Domain, s string) (Ticket, error) {
	refuse := func(why string) (Ticket, error) {
		return Ticket{}, fmt.Errorf("%s ticket: %w: %s", domain, alerting.ErrForbidden, why)
	}
	if len(s) > maxTicket {
		return refuse("too long")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder overlooks line breaks, and a ticket has one form only.
	if err != nil || strings.ContainsAny(s, "\r\n") || len(b) < 1+tagSize+ticketMAC {
		return refuse("malformed")
	}
	if b[0] != ticketVersion {
		return refuse("unknown version")
	}
	d, err := k.find(tag(b[1 : 1+tagSize]))
	if err != nil {
		return refuse("unknown key")
	}
	body, sum := b[:len(b)-ticketMAC], b[len(b)-ticketMAC:]
	if !hmac.Equal(sum, ticketSum(d, domain, body)) {
		return refuse("wrong signature")
	}
	t, ok := readTicket(body[1+tagSize:])
	if !ok {
		return refuse("malformed")
	}
	return t, nil
}

func readTicket(b []byte) (Ticket, bool) {
	var t Ticket
	worlds, channels := alerting.Worlds(), alerting.Channels()
	if len(b) < 2+len(t.Alert) || int(b[0]) >= len(worlds) || int(b[1]) >= len(channels) {
		return t, false
	}
	t.World, t.Channel = worlds[b[0]], channels[b[1]]
	b = b[2:]
	b = b[copy(t.Alert[:], b):]
	for _, field := range []*uint32{&t.Epoch, &t.Page} {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > 1<<32-1 {
			return t, false
		}
		*field, b = uint32(v), b[n:]
	}
	if len(b) != 2 {
		return t, false
	}
	t.Place, t.Attempt = b[0], b[1]
	return t, true
}

func ticketSum(d *derived, domain Domain, body []byte) []byte {
	return mac(d.ticket, string(domain), "\x00", string(body))[:ticketMAC]
}
