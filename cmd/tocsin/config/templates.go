package config

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones, where the machine has none

	"tocsin/alerting/template"
)

// Location is the zone of the times of day in templates.
func (t Templates) Location() (*time.Location, error) {
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		return nil, fmt.Errorf("%q: want the name of a zone such as Asia/Shanghai: %w", t.Zone, err)
	}
	return zone, nil
}

func (k *checker) templates(c *Config) {
	if err := template.CheckIdentifier(c.Templates.Identifier); err != nil {
		k.bad("$.templates.identifier", "%v", err)
	}
	if _, err := c.Templates.Location(); err != nil {
		k.bad("$.templates.zone", "%v", err)
	}
}
