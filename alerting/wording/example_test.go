package wording_test

import (
	"fmt"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/wording"
	"tocsin/cap"
)

func ExampleSegments() {
	fmt.Println(wording.Segments("Move to higher ground now."))
	fmt.Println(wording.Segments("请立即转移到高处。"))
	// Output:
	// 1 GSM-7
	// 1 UCS-2
}

func ExampleWriter_Render() {
	sent := time.Date(2026, 6, 1, 9, 0, 0, 0, time.FixedZone("", 8*60*60))
	alert := &cap.Alert{
		Identifier: "17", Sender: "warnings@rivers.example", Sent: sent, Status: cap.StatusExercise, MsgType: cap.MsgAlert,
		Infos: []cap.Info{{
			Language: "zh-CN", Event: "洪水红色预警", Severity: cap.Severe, Urgency: cap.Immediate, Expires: sent.Add(9 * time.Hour),
			Instruction: "请立即转移到高处。不要驾车穿越积水。", Areas: []cap.Area{{Description: "滨河区"}},
		}},
	}
	issued := &alerting.Issued{ID: alerting.IDOf(alert), Envelope: alerting.Envelope{World: alerting.Exercise}, Alert: alert}
	m, err := wording.New(wording.Options{}).Render(issued, 0, alerting.SMS)
	fmt.Println(m.Body, m.Cost, err)
	// Output:
	// 演习：洪水红色预警 - 滨河区：请立即转移到高处。有效至18:00。不要驾车穿越积水。 演习 1 <nil>
}
