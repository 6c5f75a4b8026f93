package siren

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// The protocols an endpoint may speak.
const (
	ProtocolHTTP   = "http"
	ProtocolMQTT   = "mqtt"
	ProtocolModbus = "modbus"
)

// The programmes that have a meaning of their own here, as package wording names them.
const (
	programmeStop   = "stop"
	programmeSilent = "test-silent"
)

// AnyProgramme is the entry of Endpoint.Programmes that stands for every programme without an entry of its own.
const AnyProgramme = "*"

// Endpoint is the record of a siren, as JSON in Delivery.Address.
type Endpoint struct {
	// ID is the siren's name; it becomes part of URLs and topics: 1 to 64 of letters, digits, '.', '_', '-'.
	ID string `json:"id"`
	// Protocol is http, mqtt or modbus.
	Protocol string `json:"protocol"`
	// URL is the base of an HTTP siren; /v1/command and /v1/status hang below it.
	URL string `json:"url,omitempty"`
	// Topic is the base topic of an MQTT siren, "{prefix}/{siren}"; empty means the gateway's prefix and the ID.
	Topic string `json:"topic,omitempty"`
	// Host is the host and port of a Modbus siren; without a port, 502.
	Host string `json:"host,omitempty"`
	// Unit is the Modbus unit id.
	Unit uint8 `json:"unit,omitempty"`
	// RegisterMap names the register map of a Modbus siren.
	RegisterMap string `json:"register_map,omitempty"`
	// Programmes translates the names of programmes to what the device calls them: a name, or a hotkey number. The
	// entry "alarm" stands for "alarm-water" too where that has none, and "*" for all others. HTTP and MQTT devices are
	// told the name itself where there is no entry.
	Programmes map[string]Code `json:"programmes,omitempty"`
	// MaxSeconds is the siren's own cap on a run; 0 leaves the gateway's.
	MaxSeconds int `json:"max_seconds,omitempty"`
	// Key is the public key that the device signs its replies with; empty when it has none.
	Key []byte `json:"key,omitempty"`
}

// Code is a device's name for a programme; in JSON a string or a number.
type Code string

// UnmarshalJSON takes a string or a whole number.
func (c *Code) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err == nil {
		*c = Code(s)
		return nil
	}
	n, err := strconv.ParseUint(string(data), 10, 32)
	if err != nil {
		return fmt.Errorf("programme code %.20q: want a string or a whole number", data)
	}
	*c = Code(strconv.FormatUint(n, 10))
	return nil
}

// ParseEndpoint reads and checks a siren's record. Its errors hold no address.
func ParseEndpoint(address string) (Endpoint, error) {
	var e Endpoint
	if err := looseJSON([]byte(address), &e); err != nil {
		return e, fmt.Errorf("siren record: not the JSON that is wanted")
	}
	if !validID(e.ID) {
		return e, fmt.Errorf("siren record: id: want 1 to 64 of letters, digits, '.', '_', '-'")
	}
	if e.MaxSeconds < 0 {
		return e, fmt.Errorf("siren record: max_seconds is negative")
	}
	if len(e.Key) != 0 && len(e.Key) != ed25519.PublicKeySize {
		return e, fmt.Errorf("siren record: key has %d bytes, want %d", len(e.Key), ed25519.PublicKeySize)
	}
	return e, e.checkProtocol()
}

func (e *Endpoint) checkProtocol() error {
	switch e.Protocol {
	case ProtocolHTTP:
		u, err := url.Parse(e.URL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil ||
			u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("siren record: url: want http(s)://host[:port][/path]")
		}
		e.URL = strings.TrimRight(e.URL, "/")
	case ProtocolMQTT:
		if strings.ContainsAny(e.Topic, "+#\x00") || len(e.Topic) > 512 {
			return fmt.Errorf("siren record: topic: no wildcards, at most 512 bytes")
		}
	case ProtocolModbus:
		host, port, err := net.SplitHostPort(e.Host)
		if err != nil {
			host, port = strings.Trim(e.Host, "[]"), "502"
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@ []") {
			return fmt.Errorf("siren record: host: want host or host:port")
		}
		e.Host = net.JoinHostPort(host, port)
	default:
		return fmt.Errorf("siren record: protocol: want http, mqtt or modbus")
	}
	return nil
}

func validID(id string) bool {
	if id == "" || len(id) > 64 || id == "." || id == ".." {
		return false
	}
	for _, r := range id {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
		default:
			return false
		}
	}
	return true
}

// code is the device's name for a programme, else for the wider one that its name begins with ("alarm" for
// "alarm-water"), else for any; false where the siren's record has none of them.
func (e *Endpoint) code(programme string) (string, bool) {
	for name := programme; name != ""; name = stem(name) {
		if c := e.Programmes[name]; c != "" {
			return string(c), true
		}
	}
	c := e.Programmes[AnyProgramme]
	return string(c), c != ""
}

// stem is the wider programme: what stands before the last hyphen; empty where there is none.
func stem(programme string) string { return programme[:max(strings.LastIndexByte(programme, '-'), 0)] }

// body is the programme in Delivery.Message.Body.
type body struct {
	Programme string `json:"programme"`
	Seconds   int    `json:"seconds"`
	// Test is a pointer because its absence decides too; see order.
	Test *bool `json:"test"`
	Stop bool  `json:"stop"`
	// Ends are the alerts that a stop ends; where it is absent, the document's references are taken.
	Ends []string `json:"ends"`
}
