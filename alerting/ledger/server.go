package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

// Server remembers which Redis process the connections lead to. A ready mark that names another one is void: a
// failover may have forgotten a claim that the old server granted. There is one such process at a time: a single server, or
// the master that Sentinels name. Why not a Cluster: every call would have to know the run id of the node that serves its
// alert, through each resharding and failover, and a wrong one would keep a ready mark that should be void.
type Server struct {
	run atomic.Pointer[string]
}

// inProcess is the run id of a server that has none: the in-process one, which forgets everything when it restarts.
const inProcess = "in-process"

// OnConnect reads the server's run id; hand it to redis.UniversalOptions.OnConnect.
func (s *Server) OnConnect(ctx context.Context, cn *redis.Conn) error {
	info, err := cn.Info(ctx, "server").Result()
	var refused redis.Error
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	return s.note(info)
}

// note takes the run id from a server's own words. A Sentinel, which only says where the server is, has one too, and it
// means nothing here. A node of a Cluster is refused: its alerts lie on several nodes, each with a run id of its own.
func (s *Server) note(info string) error {
	run, mode := inProcess, ""
	for line := range strings.Lines(info) {
		line = strings.TrimSpace(line)
		if id, ok := strings.CutPrefix(line, "run_id:"); ok {
			run = id
		}
		if m, ok := strings.CutPrefix(line, "redis_mode:"); ok {
			mode = m
		}
	}
	switch mode {
	case "sentinel":
		return nil
	case "cluster":
		return errCluster
	}
	s.run.Store(&run)
	return nil
}

// errCluster is what a connection to a node of a Cluster ends with.
var errCluster = fmt.Errorf("%w: the Redis server is a node of a Cluster; name one server, or Sentinels and their master", alerting.ErrInvalid)

// RunID is the run id of the server that was last connected to; empty before the first connection.
func (s *Server) RunID() string {
	if p := s.run.Load(); p != nil {
		return *p
	}
	return ""
}
