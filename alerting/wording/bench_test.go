package wording

import (
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
)

func BenchmarkRender(b *testing.B) {
	for _, row := range []struct {
		name string
		info cap.Info
	}{{"en", floodEN()}, {"zh", floodZH()}, {"long", longInfo()}} {
		for _, ch := range alerting.Channels() {
			b.Run(row.name+"/"+string(ch), func(b *testing.B) {
				w := New(Options{PublicURL: "https://warn.example/alerts"})
				issued := issue(cap.StatusActual, cap.MsgAlert, row.info)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := w.Render(issued, 0, ch); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSegments(b *testing.B) {
	for _, row := range []struct{ name, text string }{
		{"gsm", strings.Repeat("Move to higher ground now. ", 17)},
		{"ucs", strings.Repeat("请立即转移到高处。", 25)},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.SetBytes(int64(len(row.text)))
			for b.Loop() {
				if n, _ := Segments(row.text); n < 3 {
					b.Fatal(n)
				}
			}
		})
	}
}

// longInfo is what weather services send: capitals, hard line breaks, dozens of counties.
func longInfo() cap.Info {
	info := floodEN()
	info.Description = strings.Repeat("AT 545 PM, LOCAL LAW ENFORCEMENT REPORTED FLASH FLOODING ACROSS\nTHE WARNED AREA. "+
		"BETWEEN 2 AND 4 INCHES OF RAIN HAVE FALLEN.\n\n", 20)
	info.Instruction = "TURN AROUND, DON'T DROWN WHEN ENCOUNTERING FLOODED ROADS. MOST FLOOD\nDEATHS OCCUR IN VEHICLES."
	info.Areas = []cap.Area{{Description: strings.Repeat("Adams; Allen; Fountain Creek; ", 12) + "Old Town"}}
	return info
}
