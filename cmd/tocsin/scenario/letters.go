package scenario

import (
	"bytes"
	netmail "net/mail"
	"sync"

	"tocsin/alerting"
	"tocsin/cmd/gatewaysim/sim"
)

// letters are the header lines of the mails that the gateway took: what a recipient's mail program goes by.
type letters struct {
	mu    sync.Mutex
	taken map[letterKey]netmail.Header
}

type letterKey struct{ mailbox, alert string }

// put keeps the header of a mail.
func (l *letters) put(to string, message []byte) {
	m, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return // what no mail program reads is as good as not there
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken == nil {
		l.taken = make(map[letterKey]netmail.Header)
	}
	l.taken[letterKey{to, m.Header.Get(sim.AlertHeader)}] = m.Header
}

// Letter is the header of the mail that an alert brought to a mailbox.
func (o *Office) Letter(id alerting.AlertID, mailbox string) netmail.Header {
	o.tb.Helper()
	o.letters.mu.Lock()
	defer o.letters.mu.Unlock()
	header, ok := o.letters.taken[letterKey{mailbox, id.String()}]
	if !ok {
		o.tb.Fatalf("the gateway has no mail of alert %s for %s", id, mailbox)
	}
	return header
}
