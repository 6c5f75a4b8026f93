package cap

import "time"

// Alert is one CAP message (§3.2.1). Which fields must be filled is decided by the rules, not by the type.
type Alert struct {
	// Version is the namespace the document was read from: "1.0", "1.1" or "1.2". Write always writes 1.2.
	Version    string
	Identifier string
	Sender     string
	// Sent carries the document's own zone offset.
	Sent        time.Time
	Status      Status
	MsgType     MsgType
	Source      string
	Scope       Scope
	Restriction string
	// Addresses are the recipients of a Private alert, already split at blanks and freed of quotes.
	Addresses  []string
	Codes      []string
	Note       string
	References []Reference
	// Incidents are already split at blanks and freed of quotes.
	Incidents []string
	Infos     []Info
}

// Reference names an earlier message by its extended identifier (§3.2.1 references).
type Reference struct {
	Sender     string
	Identifier string
	Sent       time.Time
}

// Info is one description of the event, in one language (§3.2.2).
type Info struct {
	// Language is an RFC 3066 tag; empty means en-US.
	Language      string
	Categories    []Category
	Event         string
	ResponseTypes []ResponseType
	Urgency       Urgency
	Severity      Severity
	Certainty     Certainty
	Audience      string
	EventCodes    []Value
	// Effective, Onset and Expires are zero when the document does not state them.
	Effective   time.Time
	Onset       time.Time
	Expires     time.Time
	SenderName  string
	Headline    string
	Description string
	Instruction string
	Web         string
	Contact     string
	Parameters  []Value
	Resources   []Resource
	Areas       []Area
}

// Value is a pair of valueName and value, as eventCode, parameter and geocode use it.
type Value struct {
	Name  string
	Value string
}

// Resource is a file that belongs to an info (§3.2.3).
type Resource struct {
	Description string
	MIMEType    string
	// Size is in bytes; nil when not stated.
	Size     *int64
	URI      string
	DerefURI string
	Digest   string
}

// Area is a place that an info speaks of (§3.2.4): the union of its polygons, circles and geocodes.
type Area struct {
	Description string
	Polygons    []Polygon
	Circles     []Circle
	Geocodes    []Value
	// Altitude and Ceiling are feet above mean sea level; nil when not stated.
	Altitude *float64
	Ceiling  *float64
}

// Point is a WGS 84 position in decimal degrees.
type Point struct {
	Lat, Lon float64
}

// Polygon is a closed ring: the first point equals the last (§3.2.4 polygon).
type Polygon []Point

// Circle is a centre and a radius in kilometres; a radius of 0 is legal (§3.2.4 circle).
type Circle struct {
	Center   Point
	RadiusKM float64
}

// The code values of §3.2. Each type's zero value is empty and means "not stated".
type (
	Status       string
	MsgType      string
	Scope        string
	Category     string
	ResponseType string
	Urgency      string
	Severity     string
	Certainty    string
)

// Values of Status.
const (
	StatusActual   Status = "Actual"
	StatusExercise Status = "Exercise"
	StatusSystem   Status = "System"
	StatusTest     Status = "Test"
	StatusDraft    Status = "Draft"
)

// Values of MsgType.
const (
	MsgAlert  MsgType = "Alert"
	MsgUpdate MsgType = "Update"
	MsgCancel MsgType = "Cancel"
	MsgAck    MsgType = "Ack"
	MsgError  MsgType = "Error"
)

// Values of Scope.
const (
	ScopePublic     Scope = "Public"
	ScopeRestricted Scope = "Restricted"
	ScopePrivate    Scope = "Private"
)

// Values of Severity, in falling order.
const (
	Extreme         Severity = "Extreme"
	Severe          Severity = "Severe"
	Moderate        Severity = "Moderate"
	Minor           Severity = "Minor"
	UnknownSeverity Severity = "Unknown"
)

// Rank orders severities: Minor is 1, Extreme is 4; Unknown counts as Moderate so that an unrated warning still
// reaches all who want moderate ones. The empty value ranks 0.
func (s Severity) Rank() int {
	switch s {
	case Extreme:
		return 4
	case Severe:
		return 3
	case Moderate, UnknownSeverity:
		return 2
	case Minor:
		return 1
	}
	return 0
}

// Values of Urgency.
const (
	Immediate      Urgency = "Immediate"
	Expected       Urgency = "Expected"
	Future         Urgency = "Future"
	Past           Urgency = "Past"
	UnknownUrgency Urgency = "Unknown"
)

// Values of Certainty.
const (
	Observed         Certainty = "Observed"
	Likely           Certainty = "Likely"
	Possible         Certainty = "Possible"
	Unlikely         Certainty = "Unlikely"
	UnknownCertainty Certainty = "Unknown"
)

// Categories lists the values of Category in the order of the schema.
func Categories() []Category {
	return []Category{"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
		"CBRNE", "Other"}
}

// ResponseTypes lists the values of ResponseType in the order of the schema.
func ResponseTypes() []ResponseType {
	return []ResponseType{"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", AllClear, "None"}
}

// AllClear is the response type that ends a danger.
const AllClear ResponseType = "AllClear"
