package serve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
)

// certificateSoon is what is soon: certificates are renewed by people.
const certificateSoon = 30 * 24 * time.Hour

// readiness is what this process knows of whether the office can warn. What it learns from its own metrics (breakers) it knows only of the
// roles that it plays.
func (h *house) readiness(ctx context.Context) []console.Check {
	out := h.storeChecks(ctx)
	out = append(out, h.gatewayChecks(ctx)...)
	out = append(out, h.metricChecks()...)
	if c, ok := h.sirensCheck(ctx); ok {
		out = append(out, c)
	}
	return out
}

// said is a text in both languages.
func said(en, zh string) map[string]string { return map[string]string{"en": en, "zh": zh} }

func (h *house) storeChecks(ctx context.Context) []console.Check {
	var out []console.Check
	answers := h.pingStores(ctx)
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		c := console.Check{Name: "store." + name, State: console.CheckOK, Title: said("Store "+name, "存储 "+name), Detail: said("It answers.", "响应正常。")}
		if answers[name] != nil {
			c.State, c.Detail = console.CheckBad, said("It does not answer: nothing can be issued or delivered safely.", "无响应：无法可靠发布或投递。")
			c.Do = said("Call the technician on duty. `tocsin doctor` says what is wrong.", "通知值班技术人员；运行 `tocsin doctor` 查明原因。")
		}
		out = append(out, c)
	}
	c := console.Check{Name: "stream", State: console.CheckOK, Title: said("Issued alerts", "已发布预警"), Detail: said("All are known up to now.", "已同步到当前。")}
	switch {
	case !h.follower.IsReady() || !h.follower.Fresh(h.now()):
		c.State, c.Detail = console.CheckBad, said("They are not known up to now, so that nothing is sent.", "未能同步到当前，暂停发送。")
		c.Do = said("Wait a minute. If it stays so, call the technician on duty.", "请等待一分钟；仍未恢复则通知值班技术人员。")
	case h.stream.MissingKeys() != nil:
		c.State, c.Detail = console.CheckBad, said("A key of the keyring is missing here.", "本机缺少密钥环中的一把密钥。")
		c.Do = said("Copy the missing key from a process that has it (keyring.dir).", "从拥有该密钥的主机复制（keyring.dir）。")
	}
	return append(out, c)
}

// gatewayChecks say which gateways are paused, and which channels have none that reaches anybody.
func (h *house) gatewayChecks(ctx context.Context) []console.Check {
	all, err := h.pacedGateways(ctx)
	if err != nil {
		return []console.Check{{Name: "gateways", State: console.CheckBad, Title: said("Gateways", "网关"), Detail: said("They cannot be looked up now.", "暂时无法查询。")}}
	}
	open := h.openBreakers()
	var out []console.Check
	going := map[alerting.Channel]bool{}
	known := map[alerting.Channel]bool{}
	for i := range all {
		c := gatewayCheck(&all[i], open[all[i].Name], h.now())
		known[all[i].Channel] = true
		going[all[i].Channel] = going[all[i].Channel] || c.State == console.CheckOK
		out = append(out, c)
	}
	for i := range out {
		// Another gateway of the channel carries what this one does not.
		if ch := all[i].Channel; out[i].State == console.CheckBad && going[ch] {
			out[i].State = console.CheckWarn
		}
	}
	for _, ch := range alerting.Channels() {
		if !known[ch] {
			out = append(out, console.Check{Name: "channel." + string(ch), State: console.CheckWarn, Title: said("Channel "+string(ch), "渠道 "+string(ch)),
				Detail: said("There is no gateway: nobody is told by it.", "未配置网关：该渠道不会通知任何人。"), Do: said("Name one in the configuration (gateways) if it is wanted.", "如需使用，请在配置（gateways）中添加。")})
		}
	}
	return out
}

func gatewayCheck(g *desk.Gateway, broken bool, now time.Time) console.Check {
	c := console.Check{Name: "gateway." + g.Name, State: console.CheckOK, Title: said("Gateway "+g.Name, "网关 "+g.Name),
		Detail: said("No limit of its own.", "未限速。")}
	if g.InForce > 0 {
		c.Detail = said(fmt.Sprintf("At most %g a second.", g.InForce), fmt.Sprintf("每秒最多 %g 条。", g.InForce))
	}
	switch {
	case g.PausedUntil.After(now):
		until := g.PausedUntil.UTC().Format("2006-01-02 15:04Z")
		c.State, c.Detail = console.CheckBad, said("Paused until "+until+": "+g.Reason, "已暂停至 "+until+":"+g.Reason)
		c.Do = said("Resume it on the page of the gateways; takes one person.", "在网关页面恢复；一人即可。")
	case broken:
		c.State, c.Detail = console.CheckBad, said("It fails, and is left alone for a moment.", "持续出错，暂时停用。")
		c.Do = said("Ask the provider. Deliveries wait, or go through another gateway.", "联系服务商；待发消息等候或改由其他网关发送。")
	case g.InForce > 0 && g.Configured > 0 && g.InForce < g.Configured:
		c.State, c.Detail = console.CheckWarn, said(fmt.Sprintf("Slowed to %g a second instead of %g.", g.InForce, g.Configured), fmt.Sprintf("已降速：每秒 %g 条（原为 %g 条）。", g.InForce, g.Configured))
		c.Do = said("Raise it on the page of the gateways; two people sign.", "在网关页面提高；需两人签署。")
	}
	return c
}

// openBreakers names the gateways that this process leaves alone.
func (h *house) openBreakers() map[string]bool {
	out := map[string]bool{}
	h.measured("tocsin_gateway_breaker_open", func(labels map[string]string, v float64) {
		if v > 0 {
			out[labels["gateway"]] = true
		}
	})
	return out
}

// metricChecks are those that this process measures.
func (h *house) metricChecks() []console.Check {
	var out []console.Check
	h.measured("tocsin_signing_certificate_expiry_timestamp_seconds", func(_ map[string]string, v float64) {
		ends := time.Unix(int64(v), 0).UTC()
		day := ends.Format(time.DateOnly)
		c := console.Check{Name: "certificate", State: console.CheckOK, Title: said("Certificate that signs alerts", "预警签名证书"), Detail: said("Valid until "+day+".", "有效期至 "+day+"。")}
		switch left := ends.Sub(h.now()); {
		case left <= 0:
			c.State, c.Do = console.CheckBad, said("Put a new one in place (alerts.signing): no alert can be signed.", "立即更换（alerts.signing）：目前无法签名发布。")
		case left < certificateSoon:
			c.State, c.Do = console.CheckWarn, said("Order a new one.", "请尽快申请新证书。")
		}
		out = append(out, c)
	})
	return out
}

// measured calls take with each value of a gauge of this process.
func (h *house) measured(name string, take func(labels map[string]string, v float64)) {
	families, err := h.reg.Gather()
	if err != nil && len(families) == 0 {
		h.log.Warn("the metrics of this process cannot be read", "error", err)
		return
	}
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == name })
	if i < 0 {
		return
	}
	for _, m := range families[i].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		take(labels, m.GetGauge().GetValue())
	}
}
