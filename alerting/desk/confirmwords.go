package desk

import (
	"fmt"
	"strings"

	"tocsin/alerting"
)

// phrases are the words of a Confirmation in a language.
type phrases struct {
	// headline takes symbol, kind, reach and title.
	headline, place, channels, until, author string
	// window takes id, begin, end and channels; it follows until.
	window                           string
	noPlace, allChannels, notCounted string
	// within takes the units that the place lies in; it follows the place.
	within string
	// named takes how many people are named, and groups the names of the groups; they follow the audience.
	named, groups string
	// updates, clears and cancels take the id of an alert and its headline; unknown stands for one that nobody knows.
	updates, clears, cancels, unknown string
	// pick and typed ask for the place.
	pick, typed string
	// between stands between places, list in lists.
	between, list string
	channel       map[alerting.Channel]string
	audience      func(c alerting.Counted) string
}

func (p *phrases) channelNames(all []alerting.Channel) string {
	out := make([]string, len(all))
	for i, ch := range all {
		out[i] = p.channel[ch]
	}
	return strings.Join(out, p.list)
}

func phrasesOf(lang string) *phrases {
	if lang == "zh" {
		return &phrases{
			headline: "%s %s（%s）：%s", place: "地点：%s", channels: "渠道：%s", until: "有效至：%s", author: "撰写人：%s",
			window:  "；仅在公开测试 %s 的时段内（%s 至 %s）经%s送达公众",
			within:  "（属于 %s）",
			noPlace: "地点：未写明", allChannels: "全部渠道", notCounted: "对象：尚未统计，提交后给出人数",
			named: "；仅限点名的 %d 人", groups: "；警报器分组：%s",
			updates: "取代预警 %s（%s）：原预警不再有效，已收到的人会收到本条",
			clears:  "解除预警 %s（%s）：告知所有已收到的人险情已过，不发给其他人",
			cancels: "撤销预警 %s（%s）：停止发送，并告知所有已收到的人该预警作废",
			unknown: "本单位没有记录", pick: "请选出本条预警的地点", typed: "请输入本条预警的地点", between: "、", list: "、",
			channel: map[alerting.Channel]string{alerting.SMS: "短信", alerting.Push: "网页推送", alerting.Mail: "电子邮件", alerting.Siren: "警报器"},
			audience: func(c alerting.Counted) string {
				return fmt.Sprintf("对象：%d 人、%d 台警报器", c.People, c.Sirens)
			},
		}
	}
	return &phrases{
		headline: "%s %s, %s: %s", place: "where: %s", channels: "by: %s", until: "until: %s", author: "written by %s",
		window:  "; the public gets it in window %s only, %s to %s, by %s",
		within:  " (in %s)",
		noPlace: "where: it names no place", allChannels: "all channels", notCounted: "to: not counted yet; it is when the draft is submitted",
		named: "; only the people who are named (%d)", groups: "; groups of sirens: %s",
		updates: "it takes the place of alert %s (%s), which then holds no more",
		clears:  "it ends alert %s (%s): everybody who was told hears that the danger is over, and nobody else",
		cancels: "it cancels alert %s (%s): nothing more is sent of it, and everybody who was told hears that it does not hold",
		unknown: "not known here", pick: "Which of these places is it for?", typed: "Type the place that it is for", between: "; ", list: ", ",
		channel: map[alerting.Channel]string{alerting.SMS: "SMS", alerting.Push: "push", alerting.Mail: "e-mail", alerting.Siren: "sirens"},
		audience: func(c alerting.Counted) string {
			return "to: " + several(c.People, "person", "people") + " and " + several(c.Sirens, "siren", "sirens")
		},
	}
}

// several is a number with its noun.
func several(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
