package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// office is those who work at the demonstration, each logged in.
type office struct {
	*demo
	author, approver, duty *client.Client
}

// openOffice enrols everybody's key under his password, and logs those in who write, approve and are on duty.
func (d *demo) openOffice(ctx context.Context) (*office, error) {
	for _, a := range d.accounts {
		if err := d.enrol(ctx, a); err != nil {
			return nil, fmt.Errorf("enrol %s: %w", a.Name, err)
		}
	}
	o := &office{demo: d}
	for name, api := range map[string]**client.Client{"demo-author": &o.author, "demo-approver": &o.approver, "demo-duty": &o.duty} {
		a := d.account(name)
		opened, err := d.logIn(ctx, a)
		if err == nil {
			*api, err = client.New(d.cfg.Client.URL, opened.Token, "")
		}
		if err != nil {
			return nil, fmt.Errorf("log in as %s: %w", name, err)
		}
	}
	return o, nil
}

// logIn logs somebody in with the code of half a minute ago, which leaves the present one to whoever reads it. At the end of a half minute
// it may get too old on its way, and the next one is taken.
func (d *demo) logIn(ctx context.Context, a serve.Ready) (login.Opened, error) {
	const half = 30 * time.Second
	for {
		began := time.Now()
		code, err := login.Code(a.Secret, began.Add(-half))
		if err != nil {
			return login.Opened{}, err
		}
		opened, err := d.api.Login(ctx, a.Name, a.Password, code)
		if err == nil || time.Now().Truncate(half).Equal(began.Truncate(half)) {
			return opened, err
		}
	}
}

func (d *demo) account(name string) serve.Ready {
	for _, a := range d.accounts {
		if a.Name == name {
			return a
		}
	}
	return serve.Ready{}
}

// rightsOf is what the key of an account is good for.
func rightsOf(name string) []string {
	switch name {
	case "demo-author":
		return []string{"author"}
	case "demo-approver":
		return []string{"approve"}
	case "demo-duty":
		return []string{"author", "approve", "stop"}
	}
	return []string{"administer"}
}

// enrol has the office keep a key under the password of an account; the two first keys sign that it counts.
func (d *demo) enrol(ctx context.Context, a serve.Ready) error {
	key, err := d.api.MakePasswordKey(ctx, a.Name, a.Password)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	e := alerting.Enrolment{Operator: a.Name, Key: key.Key, Rights: rightsOf(a.Name), At: now}
	for _, founder := range founders() {
		signer, err := serve.OperatorKey(filepath.Join(d.Dir, founder+".pem"))
		if err != nil {
			return err
		}
		by, err := approval.SignEnrolment(signer, e, founder, now)
		if err != nil {
			return err
		}
		e.By = append(e.By, by)
	}
	return d.api.Enrol(ctx, e)
}

// send is the whole way of a warning: its author hands it in and signs, and the approver signs.
func (o *office) send(ctx context.Context, document []byte, order client.Order) (alerting.AlertID, error) {
	draft, err := o.submit(ctx, document, order)
	if err != nil {
		return alerting.AlertID{}, err
	}
	return o.approve(ctx, draft)
}

// submit hands a warning in, signed by its author.
func (o *office) submit(ctx context.Context, document []byte, order client.Order) (draft string, err error) {
	in, err := o.author.Issue(ctx, document, order)
	if err == nil && in.Draft == "" {
		err = errors.New("the office let one person send alone")
	}
	if err == nil {
		err = o.sign(ctx, o.author, in.Draft, "demo-author", approval.Author)
	}
	return in.Draft, err
}

// approve signs as the approver, and waits until the warning is out.
func (o *office) approve(ctx context.Context, draft string) (alerting.AlertID, error) {
	if err := o.sign(ctx, o.approver, draft, "demo-approver", approval.Approve); err != nil {
		return alerting.AlertID{}, err
	}
	for {
		now, err := o.api.DraftAt(ctx, draft)
		if err != nil {
			return alerting.AlertID{}, err
		}
		if now.Alert != (alerting.AlertID{}) {
			if _, err := o.api.Status(ctx, now.Alert); err == nil {
				return now.Alert, nil
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return alerting.AlertID{}, fmt.Errorf("wait for draft %s to go out: %w", draft, err)
		}
	}
}

func (o *office) sign(ctx context.Context, api *client.Client, draft, name string, act approval.Act) error {
	now, err := o.api.DraftAt(ctx, draft)
	if err == nil {
		_, err = api.SignWithPassword(ctx, draft, client.PasswordAct{Version: now.Version, Operator: name, Password: o.account(name).Password, Act: act})
	}
	if err != nil {
		return fmt.Errorf("%s signs draft %s: %w", name, draft, err)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
