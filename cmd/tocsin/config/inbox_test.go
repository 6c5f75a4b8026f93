package config

import (
	"strings"
	"testing"
	"time"
)

func TestSourcesOfTheInbox(t *testing.T) {
	for _, row := range []struct{ name, source, want string }{
		{"no name", "{name: '', url: 'https://a.example/f'}", "inbox.sources[0].name"},
		{"a name for no metric", "{name: 'Weather Service'}", "lower-case letters"},
		{"the desk's own name", "{name: desk}", "name of an operator"},
		{"no web address", "{name: a, url: 'file:///etc/passwd'}", "inbox.sources[0].url"},
		{"a password", "{name: a, url: 'https://me:secret@a.example/f'}", "without one"},
		{"too often", "{name: a, url: 'https://a.example/f', every: 9s}", "10s to 24h"},
		{"nothing to be private", "{name: a, allow_private: true}", "url is missing"},
		{"a host that is an address", "{name: a, url: 'https://a.example/f', allow_hosts: ['https://b.example']}", "allow_hosts[0]"},
		{"two of a name", "{name: a}, {name: a}", "a name of its own"},
	} {
		_, err := Parse([]byte("inbox:\n  sources: ["+row.source+"]\n"), nil)
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v, want %q with its place", row.name, err, row.want)
		}
	}
	c, err := Parse([]byte("inbox: {sources: [{name: a, url: 'https://a.example/f'}, {name: b}]}\n"), nil)
	if err != nil || c.Inbox.Sources[0].Every != time.Minute || c.Inbox.Sources[1].Every != 0 {
		t.Errorf("%+v %v", c, err)
	}
}
