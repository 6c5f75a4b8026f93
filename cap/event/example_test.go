package event_test

import (
	"fmt"

	"tocsin/cap"
	"tocsin/cap/event"
)

func ExampleTables_Find() {
	tables, err := event.Read()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, info := range []cap.Info{
		{Event: "Inondation", Language: "fr", EventCodes: []cap.Value{{Name: "OET:v1.2", Value: "OET-079"}}},
		{Event: "暴雨红色预警", Language: "zh-CN"},
		{Event: "Zorbel", Categories: []cap.Category{"Fire"}},
	} {
		found := tables.Find(&info)
		fmt.Println(found.How, found.Hazards, found.Name(info.Language), found.Concerns(event.Earthquake))
	}
	// Output:
	// code [flood rain] inondation false
	// word [rain flood] 暴雨 false
	// category [wildfire structure-fire] wildfire true
}
