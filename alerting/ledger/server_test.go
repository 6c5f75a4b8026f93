package ledger

import (
	"errors"
	"testing"

	"tocsin/alerting"
)

func TestWhoseRunIDCounts(t *testing.T) {
	s := new(Server)
	for _, step := range []struct {
		name, info, want string
		fails            bool
	}{
		{"before the first connection", "-", "", false},
		{"a server", "# Server\r\nredis_version:7.4.1\r\nredis_mode:standalone\r\nrun_id:aaa\r\n", "aaa", false},
		{"a Sentinel says where the server is, and is none", "redis_mode:sentinel\r\nrun_id:bbb\r\n", "aaa", false},
		{"a node of a Cluster", "redis_mode:cluster\r\nrun_id:ccc\r\n", "aaa", true},
		{"the server after a failover", "redis_mode:standalone\r\nrun_id:ddd\r\n", "ddd", false},
		{"the in-process server has none", "", inProcess, false},
	} {
		if step.info != "-" {
			if err := s.note(step.info); (err != nil) != step.fails || step.fails && !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("%s: %v", step.name, err)
			}
		}
		if got := s.RunID(); got != step.want {
			t.Errorf("%s: run id %q, want %q", step.name, got, step.want)
		}
	}
}
