package pages

import (
	"encoding/json"
	"unicode/utf16"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/alerting/wording"
)

// smsPreview is a text message as it arrives.
type smsPreview struct {
	Text  string
	Parts int
	// Encoding is that of the air, and Characters how many letters the text has as a phone counts them: UTF-16 units.
	Encoding   wording.Encoding
	Characters int
	Recipients int64
	Advice     []string
}

// pushPreview is a notification on a lock screen.
type pushPreview struct{ wording.PushPayload }

// mailPreview is a mail's subject and plain text.
type mailPreview struct{ Subject, Text string }

// sirenPreview is what sirens are told to sound.
type sirenPreview struct{ wording.SirenProgramme }

// take puts the words of one channel where they are shown. Words that do not have the form of their channel are a problem to be seen.
func (l *languagePreview) take(p *report.Preview) {
	if p.Problem != "" {
		l.Problems = append(l.Problems, p.Problem)
		return
	}
	var err error
	switch p.Channel {
	case alerting.SMS:
		_, encoding := wording.Segments(p.Body)
		l.SMS = &smsPreview{Text: p.Body, Parts: p.Parts, Encoding: encoding, Characters: len(utf16.Encode([]rune(p.Body))), Advice: p.Advice}
	case alerting.Push:
		l.Push = &pushPreview{}
		err = json.Unmarshal([]byte(p.Body), &l.Push.PushPayload)
	case alerting.Mail:
		l.Mail = &mailPreview{Subject: p.Subject, Text: p.Body}
	case alerting.Siren:
		l.Siren = &sirenPreview{}
		err = json.Unmarshal([]byte(p.Body), &l.Siren.SirenProgramme)
	}
	if err != nil {
		l.Problems = append(l.Problems, err.Error())
	}
}
