package config

import (
	"strings"
	"testing"
)

func TestTemplates(t *testing.T) {
	c, err := Parse([]byte("templates: {dir: /etc/tocsin/templates, zone: Asia/Shanghai, identifier: \"33010010101001_{local}_{digit}\"}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if zone, err := c.Templates.Location(); err != nil || zone.String() != "Asia/Shanghai" {
		t.Errorf("the zone is %v, %v", zone, err)
	}
	for _, row := range []struct{ text, want string }{
		{"templates:\n  zone: Mars/Tharsis\n", "line 2 column 9: templates.zone: \"Mars/Tharsis\": want the name of a zone"},
		{"templates:\n  identifier: flood\n", "line 2 column 15: templates.identifier: it must hold {time} or {local}"},
	} {
		if _, err := Parse([]byte(row.text), nil); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v; want %q", err, row.want)
		}
	}
}
