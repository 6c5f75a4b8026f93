package wording

import (
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// zoned is the zone of the made-up alerts, two hours east of Greenwich.
func zoned() *time.Location { return time.FixedZone("", 2*60*60) }

func sentAt() time.Time { return time.Date(2026, 6, 1, 9, 0, 0, 0, zoned()) }

// issue wraps infos as the stream would hand them over.
func issue(status cap.Status, kind cap.MsgType, infos ...cap.Info) *alerting.Issued {
	a := &cap.Alert{Version: "1.2", Identifier: "2026-0601-7", Sender: "warnings@rivers.example", Sent: sentAt(),
		Status: status, MsgType: kind, Scope: cap.ScopePublic, Infos: infos}
	world, err := alerting.WorldOf(status)
	if err != nil {
		world = alerting.Test
	}
	issued := &alerting.Issued{ID: alerting.IDOf(a), Envelope: alerting.Envelope{World: world}, Alert: a,
		Expires: sentAt().Add(24 * time.Hour), Lane: alerting.LaneOf(a)}
	if kind != cap.MsgAlert {
		a.Identifier += "-" + string(kind)
		a.References = []cap.Reference{{Sender: a.Sender, Identifier: "2026-0601-7", Sent: sentAt()}}
		a.Sent = sentAt().Add(2 * time.Hour)
		issued.ID = alerting.IDOf(a)
		issued.References = []alerting.AlertID{alerting.IDOfReference(a.References[0])}
	}
	return issued
}

func floodEN() cap.Info {
	return cap.Info{
		Language: "en", Categories: []cap.Category{"Met"}, Event: "Flood warning", ResponseTypes: []cap.ResponseType{"Evacuate"},
		Urgency: cap.Immediate, Severity: cap.Severe, Certainty: cap.Observed,
		Onset: sentAt().Add(time.Hour), Expires: sentAt().Add(9 * time.Hour),
		SenderName: "Rivers Office", Headline: "Severe flood warning for the River Ash",
		Description: "THE RIVER ASH IS RISING FAST AFTER HEAVY RAIN. WATER WILL REACH HOMES\n" +
			"ALONG THE QUAY WITHIN THE HOUR... EXPECT DEEP AND FAST WATER IN THE OLD\nTOWN.\n\nROADS NEAR THE RIVER ARE CLOSED.",
		Instruction: "Move to higher ground now. Do not walk or drive through flood water.\n" +
			"• Take medicine and papers with you\n• Help your neighbours",
		Web: "https://rivers.example/ash", Contact: "Flood line 0800 555 0100",
		Areas: []cap.Area{{Description: "Riverside"}, {Description: "Old Town"}},
	}
}

func floodZH() cap.Info {
	info := floodEN()
	info.Language, info.Event, info.SenderName = "zh-CN", "洪水红色预警", "市水务局"
	info.Headline = "阿什河洪水红色预警"
	info.Description = "受强降雨影响，阿什河水位迅速上涨，预计一小时内漫上沿岸道路。老城区积水较深，水流湍急。沿河道路已封闭。"
	info.Instruction = "请立即转移到高处。不要步行或驾车穿越积水。随身携带药品和证件，并帮助邻居。"
	info.Contact = "防汛热线 0800 555 0100"
	info.Areas = []cap.Area{{Description: "滨河区"}, {Description: "老城区"}}
	return info
}

func floodES() cap.Info {
	info := floodEN()
	info.Language, info.Event, info.SenderName = "es-MX", "Aviso de inundación", "Oficina de Ríos"
	info.Headline = "Aviso de inundación grave del río Fresno"
	info.Description = "El río Fresno crece con rapidez tras las fuertes lluvias. El agua llegará a las casas del muelle en menos de una hora."
	info.Instruction = "Suba ahora a un lugar alto. No cruce zonas inundadas a pie ni en coche."
	info.Contact = "Línea de inundaciones 0800 555 0100"
	info.Areas = []cap.Area{{Description: "La Ribera"}, {Description: "Casco Antiguo"}}
	return info
}
