package alerting

import "time"

// Addressee is one person or one siren that an alert is for.
type Addressee struct {
	// ID is the row id of the person or siren.
	ID int64
	// Info indexes the infos of the alert: the severest that holds the addressee, in the best matching language.
	Info int
	// Area is the area of that info that holds the addressee, counted from 1, and of several the first in the document; 0 where
	// none does, or none is known.
	Area int
	// Inside is false for someone who is told only because he was told of an earlier message.
	Inside bool
	// Addresses are sealed and stand at the index of their channel in Channels(); nil where there is none.
	Addresses [4][]byte
	// Gateway is the gateway a siren hangs on; empty for people.
	Gateway string
}

// Standing is what a follower of the issued alerts knows of one of them.
type Standing struct {
	Issued *Issued
	// Stopped is true once a later message cancelled or superseded it; By is that message, At when it was issued or, of an
	// update that was issued ahead, when it took effect.
	Stopped bool
	By      AlertID
	At      time.Time
}
