package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Inbox is whose CAP documents are taken in. What is signed by a source becomes a submitted draft; everything else waits in quarantine.
type Inbox struct {
	Sources []InboxSource `yaml:"sources"`
}

// InboxSource is a partner.
type InboxSource struct {
	Name string `yaml:"name"` // the author of its drafts; lower-case letters, digits and dashes
	// URL is an Atom or RSS feed that the role api reads. Empty: documents come by POST only.
	URL   string        `yaml:"url"`
	Every time.Duration `yaml:"every"` // how often the feed is read; default 1m, 10s at the least
	// AnchorFiles are certificates (PEM) of the partner's signers, or of the authorities that issue theirs. Besides them the office's
	// own count. Empty: only those do.
	AnchorFiles []string `yaml:"anchor_files"`
	// AllowHosts are hosts besides the feed's own to which its entries may lead.
	AllowHosts []string `yaml:"allow_hosts"`
	// AllowPrivate lets the feed and its entries lie at addresses that are not public: a partner in the same network.
	AllowPrivate bool `yaml:"allow_private"`
}

func (c *Config) inboxDefaults() {
	for i := range c.Inbox.Sources {
		if s := &c.Inbox.Sources[i]; s.URL != "" {
			set(&s.Every, time.Minute)
		}
	}
}

var sourceName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (k *checker) inbox(c *Config) {
	seen := make(map[string]bool)
	for i, s := range c.Inbox.Sources {
		path := fmt.Sprintf("$.inbox.sources[%d]", i)
		if !sourceName.MatchString(s.Name) || seen[s.Name] {
			k.bad(path+".name", "%q: want a name of its own, of lower-case letters, digits and dashes", s.Name)
		}
		seen[s.Name] = true
		if s.Name == "desk" || slices.ContainsFunc(c.Approval.Founders, func(f Founder) bool { return f.Name == s.Name }) {
			k.bad(path+".name", "%q is the name of an operator: a partner must not be mistaken for one", s.Name)
		}
		if s.URL == "" {
			if s.Every != 0 || s.AllowPrivate || len(s.AllowHosts) > 0 {
				k.bad(path, "url is missing: without it, every, allow_hosts and allow_private have no effect")
			}
			continue
		}
		k.absolute(path+".url", s.URL, "https", "http")
		if u, err := url.Parse(s.URL); err == nil && u.User != nil {
			k.bad(path+".url", "it holds a user: feeds are read without one")
		}
		if s.Every < 10*time.Second || s.Every > 24*time.Hour {
			k.bad(path+".every", "%v: want 10s to 24h", s.Every)
		}
		for j, host := range s.AllowHosts {
			if host == "" || strings.ContainsAny(host, "/:*@ ") {
				k.bad(fmt.Sprintf("%s.allow_hosts[%d]", path, j), "%q: want the name of a host", host)
			}
		}
	}
}
