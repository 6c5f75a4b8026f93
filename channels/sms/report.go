package sms

import (
	"context"
	"fmt"

	"tocsin/alerting"
	"tocsin/channels"
)

// Reporter asks a gateway for the fate of single deliveries, for those whose callback never came.
type Reporter interface {
	// Ask returns what is known of the delivery that Send gave the reference for. The attempt is the caller's, and so is
	// the place: it is not set.
	Ask(ctx context.Context, reference string, attempt uint8) (Fate, error)
}

// Fate is what a gateway knows of a delivery.
type Fate struct {
	alerting.PlaceMark
	// OptedOut: it failed because the recipient told the gateway to stop.
	OptedOut bool
}

var _ Reporter = (*Gateway)(nil)

// Ask fetches a message's state. A reference that is none of Twilio's is alerting.ErrInvalid, one that Twilio does not
// know (any more) alerting.ErrNotFound; all else that goes wrong is a *channels.Failure, and asking again is harmless.
func (g *Gateway) Ask(ctx context.Context, reference string, attempt uint8) (Fate, error) {
	if !sid(reference, "SM") && !sid(reference, "MM") {
		return Fate{}, fmt.Errorf("ask sms gateway: %w: not a message of this gateway", alerting.ErrInvalid)
	}
	ctx, cancel := context.WithTimeout(ctx, channels.SendTimeout)
	defer cancel()
	c := &call{gateway: g, ctx: ctx}
	defer c.release()
	message, err := g.api(c).FetchMessage(reference, nil)
	switch {
	case err != nil && c.code == codeNotFound:
		return Fate{}, fmt.Errorf("ask sms gateway: message: %w", alerting.ErrNotFound)
	case err != nil:
		return Fate{}, fmt.Errorf("ask sms gateway: %w", c.failure(err))
	case message.Status == nil || message.Sid == nil || *message.Sid != reference:
		f := &channels.Failure{Class: channels.Lost, Reason: "twilio: an answer without a message"}
		return Fate{}, fmt.Errorf("ask sms gateway: %w", f)
	}
	code := 0
	if message.ErrorCode != nil {
		code = *message.ErrorCode
	}
	mark, known := markOf(*message.Status, code, attempt)
	if !known {
		return Fate{}, fmt.Errorf("ask sms gateway: %w: message in an unknown state", alerting.ErrState)
	}
	mark.Reference, mark.At = reference, g.now().UnixMilli()
	return Fate{PlaceMark: mark, OptedOut: code == codeOptedOut && mark.Mark.Failure > 0}, nil
}
