package serve

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alerting/console"
)

// sirensCheck says which sirens that are switched on were not heard from, by any worker; false when there are none.
func (h *house) sirensCheck(ctx context.Context) (console.Check, bool) {
	byGateway, err := h.people.SirensByGateway(ctx)
	var all []string
	for _, refs := range byGateway {
		all = append(all, refs...)
	}
	if err == nil && len(all) == 0 {
		return console.Check{}, false
	}
	heard, since, again := h.sirenMemory().read(ctx, all)
	if err != nil || again != nil || since.IsZero() {
		return console.Check{Name: "sirens", State: console.CheckUnknown, Title: said("Sirens", "警报器"),
			Detail: said("When they were last heard from cannot be told now.", "暂时无法得知最近通信时间。"),
			Do:     said("Wait a minute. If it stays so, no worker of the sirens runs (role siren): call the technician on duty.", "请等待一分钟；仍未恢复说明警报器进程（角色 siren）没有运行，请通知值班技术人员。")}, true
	}
	slices.Sort(all)
	return checkSirens(all, heard, since, h.now()), true
}

// checkSirens judges when each siren was last heard from, which has been noted since a time.
func checkSirens(all []string, heard map[string]time.Time, since, now time.Time) console.Check {
	var silent, unknown []string
	for _, name := range all {
		switch console.LinkOf(heard[name], since, now) {
		case console.LinkNew, console.LinkUnknown:
			unknown = append(unknown, name)
		case console.LinkSilent, console.LinkNever:
			silent = append(silent, name)
		case console.LinkHeard:
		}
	}
	total := len(all)
	c := console.Check{Name: "sirens", State: console.CheckOK, Title: said("Sirens", "警报器"),
		Detail: said(fmt.Sprintf("All %d were heard from within a day.", total), fmt.Sprintf("%d 台一天内均有通信。", total))}
	var en, zh []string
	if len(unknown) > 0 {
		c.State = console.CheckUnknown
		at := since.UTC().Format("2006-01-02 15:04Z")
		en = append(en, fmt.Sprintf("%d of %d are not yet known: nothing was heard from them since %s, when watching began.", len(unknown), total, at))
		zh = append(zh, fmt.Sprintf("%d 台（共 %d 台）尚不清楚：%s 开始记录以来还没有通信。", len(unknown), total, at))
		c.Do = said("Send them a silent test: those that work answer it.", "请发送静默测试：正常的警报器会应答。")
	}
	if len(silent) > 0 {
		c.State = console.CheckWarn
		en = append(en, fmt.Sprintf("%d of %d have not been heard from for more than a day: %s", len(silent), total, fewOf(silent)))
		zh = append(zh, fmt.Sprintf("%d 台（共 %d 台）超过一天没有通信：%s", len(silent), total, fewOf(silent)))
		c.Do = said("Send them a silent test, and have those looked at that do not answer; until then warn by the other channels, too.", "请发送静默测试，并派人检查没有应答的警报器；期间同时使用其他渠道。")
	}
	if len(silent) == total {
		c.State = console.CheckBad
	}
	if len(en) > 0 {
		c.Detail = said(strings.Join(en, " "), strings.Join(zh, ""))
	}
	return c
}

// fewOf names at most five.
func fewOf(names []string) string {
	text := strings.Join(names[:min(len(names), 5)], ", ")
	if len(names) > 5 {
		text += ", …"
	}
	return text
}
