package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/cmd/tocsin/client"
)

// campaignRate is how many mails a second the small campaign takes, so that one sees it go.
const campaignRate = 40

// day is what has happened at the office before somebody looks, each thing as its people would do it.
func (o *office) day(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"a warning that has ended", o.past}, {"an exercise", o.exercise}, {"a test", o.test}, {"a warning that waits for approval", o.waiting},
		{"a draft with a finding", o.writing}, {"a partner's letter", o.letter}, {"a siren out of order", o.outOfOrder},
		{"a change that waits for a second signature", o.change}, {"a campaign under way", o.campaign},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		o.say("  %s", step.what)
	}
	return nil
}

func (o *office) write(m message) ([]byte, error) {
	m.id = fmt.Sprintf("%s-%d", m.id, o.Seed)
	return m.document("warnings@flood.example", time.Now())
}

func (o *office) sendMessage(ctx context.Context, m message, channels ...string) (alerting.AlertID, error) {
	document, err := o.write(m)
	if err != nil {
		return alerting.AlertID{}, err
	}
	return o.send(ctx, document, client.Order{Channels: channels})
}

// past warns of fog, and the duty officer cancels it.
func (o *office) past(ctx context.Context) error {
	id, err := o.sendMessage(ctx, message{"fog", "Actual", "Moderate", "Expected", 1, []words{
		english("Dense fog", "Dense fog in Hillside Township", "You can see less than 200 metres on the hill road.", "Drive slowly, with your lights on.", "Hillside Township"),
		chinese("大雾", "山坡镇大雾黄色预警", "山坡公路能见度不足200米。", "请减速慢行，开启雾灯。", "山坡镇")}}, "push")
	if err == nil {
		_, err = o.duty.Cancel(ctx, id, "The fog has lifted; the hill road is clear.")
	}
	return err
}

func (o *office) exercise(ctx context.Context) error {
	_, err := o.sendMessage(ctx, message{"dyke-exercise", "Exercise", "Severe", "Expected", 0, []words{
		english("Flood", "Exercise: the dyke at the old mill gives way", "This is an exercise. Nobody is in danger.", "You need not do anything.", "Old Mill District"),
		chinese("洪水", "演练：老磨坊堤防溃口", "这是一次演练，没有实际危险。", "您无需采取任何行动。", "老磨坊区")}}, "push")
	return err
}

func (o *office) test(ctx context.Context) error {
	_, err := o.sendMessage(ctx, message{"weekly-test", "Test", "Minor", "Future", 3, []words{
		english("Test", "Test of the warning system", "This is a test. Nobody is in danger.", "You need not do anything.", "Ferry District"),
		chinese("测试", "预警系统测试", "这是一次系统测试，没有实际危险。", "您无需采取任何行动。", "渡口区")}}, "push")
	return err
}

// waiting hands in an extreme warning, of which the approver must pick the place.
func (o *office) waiting(ctx context.Context) error {
	document, err := o.write(message{"dam", "Actual", "Extreme", "Immediate", 2, []words{
		english("Flash flood", "Flash flood in Lower Meadow Township: go to high ground now", "Water comes down the valley and arrives within 15 minutes.",
			"Go uphill on foot now. Leave the car.", "Lower Meadow Township"),
		chinese("山洪", "下草镇山洪红色预警：立即前往高处", "山洪正沿河谷下泄，15分钟内到达。", "请立即步行前往高处，不要驾车。", "下草镇")}})
	if err == nil {
		_, err = o.submit(ctx, document, client.Order{})
	}
	return err
}

// writing keeps a draft that has no Chinese yet, and an urgency that CAP does not know.
func (o *office) writing(ctx context.Context) error {
	document, err := o.write(message{"heat", "Actual", "Moderate", "Soon", 3, []words{
		english("Heat", "Hot days ahead in the Ferry District", "From tomorrow it will be hotter than 37 degrees.", "Drink water, and look after old neighbours.", "Ferry District")}})
	if err == nil {
		_, err = o.author.Draft(ctx, document, client.Order{})
	}
	return err
}

// letter comes from the river board, unsigned: so it waits in quarantine.
func (o *office) letter(ctx context.Context) error {
	m := message{fmt.Sprintf("gauge-%d", o.Seed), "Actual", "Moderate", "Future", 2, []words{
		english("High water", "The river rises at the lower gauge", "The gauge stands at 4.2 metres and rises by 10 centimetres an hour.", "Watch the river.", "Lower Meadow Township")}}
	m.texts[0].Name = "River Board"
	document, err := m.document("gauges@river.example", time.Now())
	if err == nil {
		_, err = o.api.PutInbox(ctx, "river-board", document)
	}
	return err
}

// outOfOrder switches a siren off that does not sound; it takes two.
func (o *office) outOfOrder(ctx context.Context) error {
	return o.sirenOff(ctx, "S12", "the horn is broken; the repair is ordered", "demo-chief", "demo-administrator")
}

// change leaves a second signature to whoever tries it.
func (o *office) change(ctx context.Context) error {
	return o.sirenOff(ctx, "S08", "the mast is being painted", "demo-chief")
}

func (o *office) sirenOff(ctx context.Context, ref, reason string, by ...string) error {
	body, err := json.Marshal(audience.SirenOrder{State: "off", Refs: []string{ref}})
	if err != nil {
		return err
	}
	p, err := o.api.Propose(ctx, "sirens.state", body, reason)
	if err != nil {
		return err
	}
	return o.signChange(ctx, p.ID, p.Digest, by...)
}

func (d *demo) signChange(ctx context.Context, id, digest string, by ...string) error {
	for _, name := range by {
		if _, err := d.api.SignChangeWithPassword(ctx, id, digest, name, d.account(name).Password); err != nil {
			return fmt.Errorf("%s signs change %s: %w", name, id, err)
		}
	}
	return nil
}

// campaign sends mail slowly to a district: one person may lower a rate.
func (o *office) campaign(ctx context.Context) error {
	if _, err := o.api.SetRate(ctx, "mail", campaignRate, "the mail server is busy"); err != nil {
		return err
	}
	_, err := o.sendMessage(ctx, message{"wind", "Actual", "Moderate", "Expected", 2, []words{
		english("Gale", "Gale in Lower Meadow Township this evening", "Gusts of 80 km/h are expected from six o'clock.", "Tie down what is loose, and stay away from trees.", "Lower Meadow Township"),
		chinese("大风", "下草镇大风蓝色预警", "今晚6时起阵风可达80公里/小时。", "请固定易被吹动的物品，远离树木。", "下草镇")}}, "mail")
	return err
}

// importOffice brings the districts and the sirens in; two administrators sign for the sirens.
func (d *demo) importOffice(ctx context.Context, sirens *bytes.Buffer) error {
	r, err := d.api.ImportOutlines(ctx, strings.NewReader(outlines()), nil)
	if err == nil && r.ProblemCount > 0 {
		err = fmt.Errorf("%d problems, the first: %+v", r.ProblemCount, r.Problems[0])
	}
	if err != nil {
		return fmt.Errorf("import units: %w", err)
	}
	r, change, err := d.api.ImportOrPropose(ctx, "sirens", sirens, nil)
	if err == nil && (r.ProblemCount > 0 || change == nil) {
		err = fmt.Errorf("%d problems; the change is %v", r.ProblemCount, change)
	}
	if err == nil {
		err = d.signChange(ctx, change.ID, change.Digest, "demo-chief", "demo-administrator")
	}
	if err != nil {
		return fmt.Errorf("import sirens: %w", err)
	}
	return nil
}
