package config

import (
	"net/url"
	"strings"
)

// pages checks where the maps of the pages get their tiles: what browsers are told to load must be one server's, over TLS or from this
// machine.
func (k *checker) pages(c *Config) {
	text := c.Pages.TilesURL
	if text == "" {
		return
	}
	u, err := url.Parse(strings.NewReplacer("{z}", "0", "{x}", "0", "{y}", "0").Replace(text))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && !Loopback(u.Hostname()) || strings.ContainsAny(text, " ;,'\"") || u.User != nil:
		k.bad("$.pages.tiles_url", "%q: want an address over https, such as https://tiles.example.org/{z}/{x}/{y}.png", text)
	case !strings.Contains(text, "{z}") || !strings.Contains(text, "{x}") || !strings.Contains(text, "{y}"):
		k.bad("$.pages.tiles_url", "%q: want {z}, {x} and {y} in it", text)
	}
}
