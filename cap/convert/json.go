package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"tocsin/cap"
)

// The JSON form has the names and the order of the elements of CAP 1.2; elements that may be repeated are arrays in the
// singular, as in the schema. What is empty is left out. Times have the form of §3.3.2. A position is [latitude, longitude],
// in this order as in CAP, a circle {"center": position, "radius": kilometres}. addresses, references and incidents are
// arrays of what their text lists. version is the version of CAP that the alert was read from.
type alertJSON struct {
	Version     string          `json:"version,omitempty"`
	Identifier  string          `json:"identifier"`
	Sender      string          `json:"sender"`
	Sent        moment          `json:"sent"`
	Status      cap.Status      `json:"status"`
	MsgType     cap.MsgType     `json:"msgType"`
	Source      string          `json:"source,omitempty"`
	Scope       cap.Scope       `json:"scope"`
	Restriction string          `json:"restriction,omitempty"`
	Addresses   []string        `json:"addresses,omitempty"`
	Codes       []string        `json:"code,omitempty"`
	Note        string          `json:"note,omitempty"`
	References  []referenceJSON `json:"references,omitempty"`
	Incidents   []string        `json:"incidents,omitempty"`
	Infos       []infoJSON      `json:"info,omitempty"`
}

type referenceJSON struct {
	Sender     string `json:"sender"`
	Identifier string `json:"identifier"`
	Sent       moment `json:"sent"`
}

type infoJSON struct {
	Language      string             `json:"language,omitempty"`
	Categories    []cap.Category     `json:"category,omitempty"`
	Event         string             `json:"event"`
	ResponseTypes []cap.ResponseType `json:"responseType,omitempty"`
	Urgency       cap.Urgency        `json:"urgency"`
	Severity      cap.Severity       `json:"severity"`
	Certainty     cap.Certainty      `json:"certainty"`
	Audience      string             `json:"audience,omitempty"`
	EventCodes    []valueJSON        `json:"eventCode,omitempty"`
	Effective     moment             `json:"effective,omitzero"`
	Onset         moment             `json:"onset,omitzero"`
	Expires       moment             `json:"expires,omitzero"`
	SenderName    string             `json:"senderName,omitempty"`
	Headline      string             `json:"headline,omitempty"`
	Description   string             `json:"description,omitempty"`
	Instruction   string             `json:"instruction,omitempty"`
	Web           string             `json:"web,omitempty"`
	Contact       string             `json:"contact,omitempty"`
	Parameters    []valueJSON        `json:"parameter,omitempty"`
	Resources     []resourceJSON     `json:"resource,omitempty"`
	Areas         []areaJSON         `json:"area,omitempty"`
}

type valueJSON struct {
	Name  string `json:"valueName"`
	Value string `json:"value"`
}

type resourceJSON struct {
	Description string `json:"resourceDesc"`
	MIMEType    string `json:"mimeType,omitempty"`
	Size        *int64 `json:"size,omitempty"`
	URI         string `json:"uri,omitempty"`
	DerefURI    string `json:"derefUri,omitempty"`
	Digest      string `json:"digest,omitempty"`
}

type areaJSON struct {
	Description string       `json:"areaDesc"`
	Polygons    [][]position `json:"polygon,omitempty"`
	Circles     []circleJSON `json:"circle,omitempty"`
	Geocodes    []valueJSON  `json:"geocode,omitempty"`
	Altitude    *float64     `json:"altitude,omitempty"`
	Ceiling     *float64     `json:"ceiling,omitempty"`
}

type circleJSON struct {
	Center position `json:"center"`
	Radius float64  `json:"radius"`
}

// position is a latitude and a longitude.
type position cap.Point

// MarshalJSON writes [latitude, longitude].
func (p position) MarshalJSON() ([]byte, error) { return json.Marshal([]float64{p.Lat, p.Lon}) }

// UnmarshalJSON reads what MarshalJSON writes.
func (p *position) UnmarshalJSON(data []byte) error {
	var pair []float64
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a position has %d numbers: write [latitude, longitude]", len(pair))
	}
	*p = position{pair[0], pair[1]}
	return nil
}

// moment is a time in the form of §3.3.2.
type moment struct{ time.Time }

// timeForm is that of §3.3.2.
const timeForm = "2006-01-02T15:04:05-07:00"

// formTime writes a time in the form of §3.3.2, UTC as -00:00.
func formTime(t time.Time) string {
	text := t.Format(timeForm)
	if local, utc := strings.CutSuffix(text, "+00:00"); utc {
		return local + "-00:00"
	}
	return text
}

// MarshalJSON writes a time.
func (m moment) MarshalJSON() ([]byte, error) { return json.Marshal(formTime(m.Time)) }

// UnmarshalJSON reads what MarshalJSON writes, and nothing else.
func (m *moment) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	at, err := time.Parse(timeForm, text)
	if err != nil {
		return fmt.Errorf("%.40q is no time: write it as 2026-05-24T16:49:00-07:00, UTC as -00:00", text)
	}
	// Every time has its own offset and no name of a zone, as package cap reads it.
	if _, offset := at.Zone(); offset == 0 {
		m.Time = at.UTC()
	} else {
		m.Time = at.In(time.FixedZone("", offset))
	}
	return nil
}

// JSON gives an alert as JSON, indented, with a line break at its end. The same alert always gives the same bytes, and
// FromJSON gives the same alert again. Like cap.Write it refuses an alert that breaks a rule of LevelError; the error is then
// a cap.Findings.
func JSON(a *cap.Alert) ([]byte, error) {
	if err := fault(a); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(toJSON(a)); err != nil {
		return nil, fmt.Errorf("alert as JSON: %w", err)
	}
	return out.Bytes(), nil
}

// fault is what forbids to write an alert or to accept it.
func fault(a *cap.Alert) error { return cap.Check(a, cap.Profile{}).Err() }

// MaxJSON is the size in bytes of the JSON that FromJSON reads at most.
const MaxJSON = 16 << 20

// FromJSON reads what JSON writes. It is strict: names that are not known, doubled or in another case are errors, as is
// anything behind the alert. An alert that breaks a rule of LevelError is refused; the error is then a cap.Findings.
func FromJSON(data []byte) (*cap.Alert, error) {
	if len(data) > MaxJSON {
		return nil, fmt.Errorf("the JSON has %d bytes, more than the %d allowed", len(data), MaxJSON)
	}
	if err := checkNames(data); err != nil {
		return nil, err
	}
	var in alertJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("alert as JSON: %w", err)
	}
	a := fromJSON(&in)
	if err := fault(a); err != nil {
		return nil, err
	}
	return a, nil
}

// checkNames refuses what encoding/json would pass over: a name that stands twice in an object, also in another case, and
// anything behind the first value.
func checkNames(data []byte) error {
	type object struct {
		names map[string]bool
		// name: what comes next is a name.
		name bool
	}
	var open []object
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("alert as JSON: %w", err)
		}
		top := len(open) - 1
		isName := top >= 0 && open[top].name
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, object{map[string]bool{}, true})
				continue
			case '[':
				open = append(open, object{})
				continue
			}
			open = open[:top]
			top--
		case string:
			if isName {
				key := strings.ToLower(t)
				if open[top].names[key] {
					return fmt.Errorf("alert as JSON: the name %.40q stands twice in one object", t)
				}
				open[top].names[key], open[top].name = true, false
				continue
			}
		}
		if top < 0 {
			if d.More() {
				return errors.New("alert as JSON: something follows the alert")
			}
			continue
		}
		open[top].name = open[top].names != nil
	}
}
