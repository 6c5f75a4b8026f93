package event

import "slices"

// Hazard is a class of dangers, as people think of them. It is what a person asks to be warned of.
type Hazard string

// The hazard classes.
const (
	Flood         Hazard = "flood"
	Surge         Hazard = "surge"
	Dam           Hazard = "dam"
	Tsunami       Hazard = "tsunami"
	Rain          Hazard = "rain"
	Thunderstorm  Hazard = "thunderstorm"
	Tornado       Hazard = "tornado"
	Cyclone       Hazard = "cyclone"
	Storm         Hazard = "storm"
	Wind          Hazard = "wind"
	Snow          Hazard = "snow"
	Ice           Hazard = "ice"
	Cold          Hazard = "cold"
	Heat          Hazard = "heat"
	Drought       Hazard = "drought"
	Fog           Hazard = "fog"
	Dust          Hazard = "dust"
	Air           Hazard = "air"
	Wildfire      Hazard = "wildfire"
	StructureFire Hazard = "structure-fire"
	Earthquake    Hazard = "earthquake"
	Volcano       Hazard = "volcano"
	Landslide     Hazard = "landslide"
	Avalanche     Hazard = "avalanche"
	Sea           Hazard = "sea"
	Space         Hazard = "space"
	Chemical      Hazard = "chemical"
	Radiation     Hazard = "radiation"
	Explosion     Hazard = "explosion"
	Disease       Hazard = "disease"
	Animal        Hazard = "animal"
	Contamination Hazard = "contamination"
	Outage        Hazard = "outage"
	Accident      Hazard = "accident"
	Missing       Hazard = "missing"
	Attack        Hazard = "attack"
	Unrest        Hazard = "unrest"
	Crime         Hazard = "crime"
	// General is a danger of any kind, or one that its code does not name: an evacuation, a civil emergency. It concerns
	// whoever wants to hear of any.
	General Hazard = "general"
	// Notice is no danger by itself: a test, an administrative message.
	Notice Hazard = "notice"
)

// Hazards lists the classes. The order never changes and new ones come last: wishes of people are kept as bits in it.
func Hazards() []Hazard {
	return []Hazard{Flood, Surge, Dam, Tsunami, Rain, Thunderstorm, Tornado, Cyclone, Storm, Wind, Snow, Ice, Cold, Heat,
		Drought, Fog, Dust, Air, Wildfire, StructureFire, Earthquake, Volcano, Landslide, Avalanche, Sea, Space, Chemical,
		Radiation, Explosion, Disease, Animal, Contamination, Outage, Accident, Missing, Attack, Unrest, Crime, General, Notice}
}

// add appends the hazards that a list lacks.
func add(list []Hazard, more ...Hazard) []Hazard {
	for _, h := range more {
		if !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	return list
}
