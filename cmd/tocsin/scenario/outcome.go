package scenario

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cap"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/client"
)

// patience is how long an outcome may take that nothing holds up.
const patience = 40 * time.Second

func call() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

// Document writes an alert as CAP.
func (o *Office) Document(a *cap.Alert) []byte {
	o.tb.Helper()
	document, err := cap.Write(a)
	if err != nil {
		o.tb.Fatalf("write the alert: %v", err)
	}
	return document
}

// Issue issues an alert, which must be accepted.
func (o *Office) Issue(a *cap.Alert, order client.Order) alerting.AlertID {
	o.tb.Helper()
	return o.IssueDocument(o.Document(a), order).Alert
}

// IssueDocument issues a document, which must be accepted.
func (o *Office) IssueDocument(document []byte, order client.Order) client.Accepted {
	o.tb.Helper()
	ctx, cancel := call()
	defer cancel()
	a, err := o.API.Issue(ctx, document, order)
	if err != nil {
		o.tb.Fatalf("issue: %v", err)
	}
	return a
}

// Cancel stops an alert, which must be accepted.
func (o *Office) Cancel(id alerting.AlertID) alerting.AlertID {
	o.tb.Helper()
	ctx, cancel := call()
	defer cancel()
	a, err := o.API.Cancel(ctx, id, "false alarm")
	if err != nil {
		o.tb.Fatalf("cancel: %v", err)
	}
	return a.Alert
}

// Status is how an alert stands now.
func (o *Office) Status(id alerting.AlertID) (report.Status, error) {
	ctx, cancel := call()
	defer cancel()
	return o.API.Status(ctx, id)
}

// Settled waits until nothing of an alert is open any more, and the books agree.
func (o *Office) Settled(id alerting.AlertID) report.Status {
	o.tb.Helper()
	var s report.Status
	Until(o.tb, patience, "alert "+id.String()+" is settled", func() (err error) {
		if s, err = o.Status(id); err != nil {
			return err
		}
		open := int64(0)
		for _, c := range s.Channels {
			open += c.States.Open()
		}
		over := slices.Contains([]string{"done", "cancelled", "expired"}, s.Status)
		if !s.Ready || !s.Consistent || open > 0 || !over {
			return fmt.Errorf("it stands at %+v", s)
		}
		return nil
	})
	return s
}

// Explain is what became of a person or siren.
func (o *Office) Explain(id alerting.AlertID, who string) (report.Explanation, error) {
	ctx, cancel := call()
	defer cancel()
	return o.API.Explain(ctx, id, who)
}

// Became waits until the deliveries to somebody stand at what is wanted, e.g. "sms delivered", and gives the explanation.
func (o *Office) Became(id alerting.AlertID, who string, want ...string) report.Explanation {
	o.tb.Helper()
	var x report.Explanation
	slices.Sort(want)
	Until(o.tb, patience, who+" became "+strings.Join(want, ", "), func() (err error) {
		if x, err = o.Explain(id, who); err != nil {
			return err
		}
		var have []string
		for _, s := range x.Spots {
			for _, d := range s.Deliveries {
				have = append(have, string(d.Channel)+" "+d.State)
			}
		}
		slices.Sort(have)
		if !slices.Equal(have, want) {
			return fmt.Errorf("it is %v", have)
		}
		return nil
	})
	return x
}

// NotFor checks that a settled alert was not for somebody, and that the explanation says why.
func (o *Office) NotFor(id alerting.AlertID, who, why string) report.Explanation {
	o.tb.Helper()
	x, err := o.Explain(id, who)
	if err != nil {
		o.tb.Fatalf("explain %s: %v", who, err)
	}
	if x.Targeted || len(x.Spots) > 0 {
		o.tb.Errorf("the alert was for %s: %+v", who, x.Spots)
	}
	if !strings.Contains(x.Why, why) {
		o.tb.Errorf("the alert was not for %s: %q, want %q", who, x.Why, why)
	}
	return x
}

// Arrival is a message that a gateway took.
type Arrival struct {
	At        time.Time
	Channel   string
	Recipient string
	Alert     string
	// Detail is the gateway's own name for an SMS.
	Detail string
}

// Arrivals are all messages that the gateways took so far, in their order.
func (o *Office) Arrivals() []Arrival {
	o.tb.Helper()
	var out []Arrival
	o.events(func(f []string) {
		micros, err := strconv.ParseInt(f[0], 10, 64)
		if err != nil {
			o.tb.Fatalf("raw log: %v", err)
		}
		if f[4] == sim.Arrive {
			out = append(out, Arrival{time.UnixMicro(micros), f[1], f[2], f[3], f[5]})
		}
	})
	return out
}

// Events counts the lines of the raw log of one kind and detail, e.g. "fault", "redirect followed".
func (o *Office) Events(kind, detail string) (n int) {
	o.tb.Helper()
	o.events(func(f []string) {
		if f[4] == kind && f[5] == detail {
			n++
		}
	})
	return n
}

func (o *Office) events(take func(fields []string)) {
	o.tb.Helper()
	if err := o.Gateways.Log().Flush(); err != nil {
		o.tb.Fatal(err)
	}
	f, err := os.Open(o.Gateways.Log().Path())
	if err != nil {
		o.tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Split(lines.Text(), "\t"); len(fields) == 7 {
			take(fields)
		}
	}
	if err := lines.Err(); err != nil {
		o.tb.Fatal(err)
	}
}

// To are the messages that somebody was sent, of one alert or, with a zero id, of any.
func (o *Office) To(id alerting.AlertID, recipient string) []Arrival {
	o.tb.Helper()
	return slices.DeleteFunc(o.Arrivals(), func(a Arrival) bool {
		return a.Recipient != recipient || !id.IsZero() && a.Alert != id.String()
	})
}

// Of are the messages of an alert.
func (o *Office) Of(id alerting.AlertID) []Arrival {
	o.tb.Helper()
	return slices.DeleteFunc(o.Arrivals(), func(a Arrival) bool { return a.Alert != id.String() })
}

// Texts are the words of SMS that somebody was sent, as the gateway kept them.
func (o *Office) Texts(id alerting.AlertID, number string) []string {
	o.tb.Helper()
	var texts []string
	for _, a := range o.To(id, number) {
		texts = append(texts, o.text(a.Detail))
	}
	return texts
}

func (o *Office) text(sid string) string {
	o.tb.Helper()
	ctx, cancel := call()
	defer cancel()
	url := o.Gateways.URL(sim.SMS) + "/2010-04-01/Accounts/" + sim.DefaultAccount + "/Messages/" + sid + ".json"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		o.tb.Fatal(err)
	}
	req.SetBasicAuth(sim.DefaultAccount, sim.DefaultToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.tb.Fatalf("ask the gateway for a message: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var m struct {
		Body string `json:"body"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil || m.Body == "" {
		o.tb.Fatalf("the gateway's message %s: %v, %+v", sid, err, m)
	}
	return m.Body
}

// Fault sets a rule of the gateways; it stays until the test ends.
func (o *Office) Fault(r sim.Rule) {
	o.tb.Helper()
	if err := o.Gateways.Faults().Set(r); err != nil {
		o.tb.Fatal(err)
	}
}

// DryRun asks what issuing a document would do, everybody named.
func (o *Office) DryRun(document []byte, order client.Order) report.DryRun {
	o.tb.Helper()
	ctx, cancel := call()
	defer cancel()
	run, err := o.API.DryRun(ctx, document, order, true)
	if err != nil {
		o.tb.Fatalf("dry run: %v", err)
	}
	return run
}
