package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/alerting/login"
)

// The kinds of changes.
const (
	sirensImport = "sirens.import"
	sirensState  = "sirens.state"
	accountRoles = "account.roles"
	gatewayRate  = "gateway.rate"
	gatewayPause = "gateway.pause"
)

// changeKinds are the administrative acts that two people must sign: all of them stand here.
func (h *house) changeKinds() map[string]desk.ChangeKind {
	return map[string]desk.ChangeKind{
		sirensImport: {Plan: h.planSirens, Apply: h.putSirens, After: h.afterSirens},
		sirensState:  {Plan: h.planSirenOrder, Apply: h.orderSirens},
		gatewayRate:  {Plan: h.planRate, Apply: h.setRate},
		gatewayPause: {Plan: h.planPause, Apply: h.setPause},
		accountRoles: {Plan: h.planRoles, Apply: h.putRoles},
	}
}

// planRoles: to take away what somebody may do takes one person, and must be quick.
func (h *house) planRoles(ctx context.Context, db bun.IDB, body []byte) (desk.Plan, error) {
	o, err := h.rolesOrder(body)
	if err != nil {
		return desk.Plan{}, err
	}
	p, err := h.login.PlanRoles(ctx, db, o)
	return desk.Plan{Summary: p.Summary(o.Account), Base: p.Base, Alone: len(p.Gains) == 0, Subject: "account/" + o.Account}, err
}

func (h *house) putRoles(ctx context.Context, tx bun.Tx, by alerting.Actor, body []byte) error {
	o, err := h.rolesOrder(body)
	if err != nil {
		return err
	}
	return h.login.PutRoles(ctx, tx, by, o)
}

func (h *house) rolesOrder(body []byte) (o login.RolesOrder, err error) {
	if h.login == nil {
		return o, fmt.Errorf("%w: nobody logs in here (login.enabled), so there are no roles", alerting.ErrState)
	}
	return o, readBody(body, &o)
}

// proposeRoles makes a change of what somebody may do.
func proposeRoles(d *desk.Desk) console.ProposeRoles {
	return func(ctx context.Context, by alerting.Actor, o login.RolesOrder) (desk.Proposed, error) {
		body, err := json.Marshal(o)
		if err != nil {
			return desk.Proposed{}, fmt.Errorf("change roles: %w", err)
		}
		return d.Propose(ctx, by, accountRoles, body, "")
	}
}

func (h *house) planSirens(ctx context.Context, db bun.IDB, file []byte) (desk.Plan, error) {
	p, err := h.sirenPlan(ctx, db, file)
	return desk.Plan{Summary: p.Summary, Base: p.Base, Subject: "sirens"}, err
}

func (h *house) sirenPlan(ctx context.Context, db bun.IDB, file []byte) (audience.SirenPlan, error) {
	check, err := sirenCheck(h.cfg)
	if err != nil {
		return audience.SirenPlan{}, err
	}
	return h.people.PlanSirens(ctx, db, file, check)
}

func (h *house) putSirens(ctx context.Context, tx bun.Tx, _ alerting.Actor, file []byte) error {
	check, err := sirenCheck(h.cfg)
	if err != nil {
		return err
	}
	return h.people.PutSirens(ctx, tx, file, check)
}

func (h *house) afterSirens(ctx context.Context) {
	if err := h.people.AnalyzeSirens(ctx); err != nil {
		h.log.Warn("the sirens could not be counted anew; queries may be slower", "error", err)
	}
}

// proposeSirens makes a change of a file, and says what the import would come to, with what is wrong with its lines.
func (h *house) proposeSirens(d *desk.Desk) console.ProposeImport {
	return func(ctx context.Context, by alerting.Actor, file []byte) (audience.Result, desk.Proposed, error) {
		plan, err := h.sirenPlan(ctx, h.db.Read(), file)
		if err != nil {
			return plan.Result, desk.Proposed{}, err
		}
		p, err := d.Propose(ctx, by, sirensImport, file, "")
		return plan.Result, p, err
	}
}

func (h *house) planSirenOrder(ctx context.Context, db bun.IDB, body []byte) (desk.Plan, error) {
	var o audience.SirenOrder
	if err := readBody(body, &o); err != nil {
		return desk.Plan{}, err
	}
	p, err := h.people.PlanSirenOrder(ctx, db, o)
	return desk.Plan{Summary: p.Summary, Base: p.Base, Subject: "sirens"}, err
}

func (h *house) orderSirens(ctx context.Context, tx bun.Tx, _ alerting.Actor, body []byte) error {
	var o audience.SirenOrder
	if err := readBody(body, &o); err != nil {
		return err
	}
	return h.people.OrderSirens(ctx, tx, o)
}

// readBody reads the body of a change strictly.
func readBody(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: body: %w", alerting.ErrInvalid, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: body: something follows the JSON value", alerting.ErrInvalid)
	}
	return nil
}
