package scenario

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// lettersWhere waits until there are so many open dead letters that fit.
func lettersWhere(t *testing.T, o *Office, n int, what string, fits func(report.Letter) bool) []report.Letter {
	t.Helper()
	var found []report.Letter
	Until(t, patience, what, func() error {
		ctx, cancel := call()
		defer cancel()
		all, err := o.API.Letters(ctx, "", false)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(all, func(l report.Letter) bool { return !fits(l) })
		if len(found) != n {
			return fmt.Errorf("%d letters of %+v", len(found), all)
		}
		return nil
	})
	return found
}

// spoil writes a record that nobody can use.
func (o *Office) spoil(topic string, value []byte) {
	o.tb.Helper()
	w := &kafka.Writer{Addr: kafka.TCP(o.cfg.Kafka.Brokers...), Topic: o.cfg.Kafka.Prefix + topic, RequiredAcks: kafka.RequireAll,
		BatchTimeout: time.Millisecond}
	defer func() { _ = w.Close() }()
	ctx, cancel := call()
	defer cancel()
	if err := w.WriteMessages(ctx, kafka.Message{Value: value}); err != nil {
		o.tb.Fatalf("write to %s: %v", topic, err)
	}
}

// poisonIsListed: a record that nobody can use is set aside, listed as unreadable, and refused to be put back.
func poisonIsListed(t *testing.T, o *Office) {
	o.spoil("exercise.dispatch.mail.routine", []byte("+12015550199 is not a batch"))
	l := lettersWhere(t, o, 1, "the poison is listed", func(l report.Letter) bool {
		return strings.HasSuffix(l.Topic, "exercise.dispatch.mail.routine")
	})[0]
	if l.Readable || l.State != "unreadable" || l.World != alerting.Exercise || l.Channel != alerting.Mail || l.Contents != nil ||
		l.Reason == "" || l.Bytes == 0 {
		t.Errorf("the letter is %+v", l)
	}
	ctx, cancel := call()
	defer cancel()
	_, err := o.API.Redrive(ctx, l.Name)
	if p := refusal(t, err); p.Status != 409 || !strings.Contains(p.Detail, "cannot be read") {
		t.Errorf("poison was put back: %+v", p)
	}
	_, err = o.API.Redrive(ctx, "actual.receipts/0/123456")
	if p := refusal(t, err); p.Status != 404 {
		t.Errorf("a letter that there is not: %+v", p)
	}
	if _, body := o.Get("http://" + o.Addresses.Metrics.String() + "/metrics"); !strings.Contains(body, `tocsin_stream_poison_records_total{kind="dispatch"}`) {
		t.Error("poison is not counted")
	}
}

// process plays roles on the stores of an office until its end is called.
func process(t *testing.T, cfg config.Config, o *Office, roles ...string) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	opened, ended := make(chan serve.Addresses, 1), make(chan error, 1)
	log := slog.New(slog.NewTextHandler(o.log, nil))
	go func() {
		ended <- serve.Run(ctx, &cfg, roles, log, func(a serve.Addresses) { opened <- a })
	}()
	select {
	case a := <-opened:
		if a.API != nil {
			o.Addresses = a
		}
	case err := <-ended:
		t.Fatalf("%v did not start: %v", roles, err)
	}
	stopped := false
	end = func() {
		if stopped {
			return
		}
		stopped = true
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%v ended: %v", roles, err)
		}
	}
	t.Cleanup(end)
	return end
}

// headquarters is an office without workers whose fan-out knows the SMS gateway under a new name. It gives the
// configurations of before and after.
func headquarters(t *testing.T) (o *Office, before, after config.Config) {
	t.Helper()
	o = prepare(t, Options{})
	text, err := os.ReadFile(o.File)
	if err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(o.Dir, "renamed.yaml")
	if err := os.WriteFile(renamed, []byte(strings.Replace(string(text), "{name: sms, channel", "{name: sms-new, channel", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	now, err := config.Load(renamed, nil)
	if err != nil {
		t.Fatal(err)
	}
	before, after = *o.cfg, *now
	process(t, after, o, "api", "fanout", "ledger")
	o.API = o.Caller("everything")
	return o, before, after
}

// TestADeadLetterIsPutBack: fan-out knows a gateway that the worker does not, so the batch is set aside. With the worker's
// configuration mended, it is put back and delivered, once, however often it is put back.
func TestADeadLetterIsPutBack(t *testing.T) {
	t.Parallel()
	o, before, after := headquarters(t)
	old := process(t, before, o, "sms")
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "waiting", SMS: number, Places: []string{p.Inside(1)}})
	issue := func() alerting.AlertID { return o.Issue(o.Alert(Info(p.Area())), client.Order{}) }
	id, gone := issue(), issue()
	of := func(id alerting.AlertID) func(report.Letter) bool {
		return func(l report.Letter) bool { return l.Contents != nil && l.Contents.Alert == id }
	}
	l := lettersWhere(t, o, 1, "the batch is set aside", of(id))[0]
	lost := lettersWhere(t, o, 1, "the other batch is set aside", of(gone))[0]
	c := l.Contents
	if !l.Readable || l.State != "open" || l.Channel != alerting.SMS || l.Lane != alerting.Flash || c.Gateway != "sms-new" || c.Places != 1 ||
		!strings.Contains(l.Reason, "gateway sms-new is not configured here") {
		t.Errorf("the letter is %+v %+v", l, c)
	}
	ctx, cancel := call()
	defer cancel()
	if one, err := o.API.Letter(ctx, l.Name); err != nil || len(one.Contents.Texts) != 1 || strings.Contains(fmt.Sprintf("%+v", one), number[2:]) {
		t.Errorf("shown as %+v %v, want its text and no number", one, err)
	}
	o.Became(id, "waiting", "sms queued")
	old()
	process(t, after, o, "sms")
	end := o.Cancel(gone)
	lettersWhere(t, o, 1, "the other alert is stopped", func(x report.Letter) bool { return x.Name == lost.Name && x.State == "stopped" })
	_, err := o.API.Redrive(ctx, lost.Name)
	if p := refusal(t, err); p.Status != 409 || !strings.Contains(p.Detail, "was stopped") {
		t.Errorf("a stopped alert was put back: %+v", p)
	}
	for range 3 {
		if back, err := o.API.Redrive(ctx, l.Name); err != nil || back.State != "redriven" {
			t.Fatalf("put back: %+v %v", back, err)
		}
	}
	o.Became(id, "waiting", "sms delivered")
	if s := o.Settled(id); s.People.Delivered != 1 {
		t.Errorf("people %+v", s.People)
	}
	o.Settled(end)
	lettersWhere(t, o, 0, "it is open no more", of(id))
	if n := len(o.To(id, number)); n != 1 {
		t.Errorf("put back three times, sent %d times", n)
	}
	if n := len(o.To(gone, number)); n != 0 {
		t.Errorf("the stopped alert was sent %d times", n)
	}
}
