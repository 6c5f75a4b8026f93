package demo

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"text/template"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/report"
)

func floodWarning(now time.Time, seed uint64) ([]byte, error) {
	var out bytes.Buffer
	t, err := template.New("flood").Parse(floodXML)
	if err != nil {
		return nil, err
	}
	const form = "2006-01-02T15:04:05-07:00"
	zone := time.FixedZone("", 8*3600)
	err = t.Execute(&out, map[string]string{"Identifier": fmt.Sprintf("demo-flood-%d", seed), "Sent": now.In(zone).Format(form),
		"Expires": now.Add(6 * time.Hour).In(zone).Format(form), "Ring": ringText()})
	return out.Bytes(), err
}

// judgeFor is how long the last status callbacks may take.
const judgeFor = 25 * time.Second

// judge compares books and gateways with what the town asks for, until they agree or time is up.
func (d *demo) judge(ctx context.Context, id alerting.AlertID) error {
	want := expect(d.people, d.sirens)
	deadline := time.Now().Add(judgeFor)
	for {
		status, faults, err := d.compare(ctx, id, want)
		if err != nil {
			return err
		}
		if len(faults) > 0 && time.Now().Before(deadline) {
			select {
			case <-time.After(250 * time.Millisecond):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		d.say("")
		if err := d.Show(status); err != nil {
			return err
		}
		if len(faults) > 0 {
			for _, f := range faults {
				d.say("DISAGREE: %s", f)
			}
			return ErrDisagree
		}
		d.say("agreed: the gateways took exactly one message for each of the addresses inside, none for anybody outside, and the ledger says the same")
		return nil
	}
}

func (d *demo) compare(ctx context.Context, id alerting.AlertID, want []expectation) (report.Status, []string, error) {
	status, err := d.api.Status(ctx, id)
	if err != nil {
		return status, nil, fmt.Errorf("status: %w", err)
	}
	var faults []string
	if !status.Consistent {
		faults = append(faults, "books: targeted is not the sum of the states")
	}
	for i := range want {
		arrived, err := d.sim.recipients(ctx, string(want[i].channel))
		if err != nil {
			return status, nil, err
		}
		faults = append(faults, want[i].compare(arrived, status)...)
	}
	return status, faults, nil
}

// anyPort is a free one.
const anyPort = "127.0.0.1:0"

// freePort gives the port if nobody listens on it, else a free one.
func freePort(preferred string) (string, error) {
	if preferred != anyPort {
		if ln, err := net.Listen("tcp", preferred); err == nil {
			return ln.Addr().String(), ln.Close()
		}
	}
	return embedded.FreePort()
}
