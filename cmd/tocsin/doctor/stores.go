package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting/store"
	"tocsin/cmd/tocsin/serve"
)

// redis looks at what would make the ledger forget or lie. It asks INFO, not CONFIG: tocsin's user may not do more.
func (d *Doctor) redis(ctx context.Context) []Finding {
	if _, in := d.Config.InProcess(); in {
		return []Finding{{"redis", Skipped, "it runs inside the process", ""}}
	}
	options, err := serve.RedisOptions(d.Config)
	if err != nil {
		return []Finding{{"redis", Skipped, err.Error(), "see the check files"}}
	}
	client := redis.NewUniversalClient(options)
	defer func() { _ = client.Close() }()
	cluster, ok := client.(*redis.ClusterClient)
	if !ok {
		return d.oneRedis(ctx, client)
	}
	var mu sync.Mutex
	var out []Finding
	err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		found := d.oneRedis(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		for _, f := range found {
			f.Says = node.Options().Addr + ": " + f.Says
			out = append(out, f)
		}
		return nil
	})
	if err != nil {
		out = append(out, away("redis", err, "check redis.addresses and that every node runs"))
	}
	return out
}

func away(check string, err error, do string) Finding {
	return Finding{check, Wrong, "it does not answer: " + err.Error(), do}
}

func (d *Doctor) oneRedis(ctx context.Context, client redis.Cmdable) []Finding {
	asked := d.Now()
	there, err := client.Time(ctx).Result()
	if err != nil {
		return []Finding{away("redis", err, "check redis.addresses, redis.user and its password, and that the server runs")}
	}
	out := []Finding{clockFinding("redis: clock", there.Sub(asked.Add(d.Now().Sub(asked)/2)))}
	text, err := client.Info(ctx).Result()
	if err != nil {
		return append(out, Finding{"redis: settings", Skipped, "it does not tell its settings: " + err.Error(), ""})
	}
	info := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return append(out, eviction(info), appendOnly(info))
}

func eviction(info map[string]string) Finding {
	const check = "redis: noeviction"
	switch policy := info["maxmemory_policy"]; {
	case policy == "":
		return Finding{check, Skipped, "the server does not say", ""}
	case policy != "noeviction":
		return Finding{check, Wrong, "maxmemory-policy is " + policy + ": a full server would forget receipts without a word",
			"redis-cli CONFIG SET maxmemory-policy noeviction && redis-cli CONFIG REWRITE"}
	case info["maxmemory"] == "0":
		return Finding{check, Note, "maxmemory is not set: the server may take the memory of the whole machine", "redis-cli CONFIG SET maxmemory 768mb && redis-cli CONFIG REWRITE"}
	}
	return Finding{check, OK, "a full server refuses instead of forgetting", ""}
}

func appendOnly(info map[string]string) Finding {
	const check = "redis: appendonly"
	switch info["aof_enabled"] {
	case "":
		return Finding{check, Skipped, "the server does not say", ""}
	case "0":
		return Finding{check, Wrong, "the server forgets everything when it restarts: receipts are rebuilt then, and deliveries in flight may come twice",
			"redis-cli CONFIG SET appendonly yes && redis-cli CONFIG REWRITE"}
	}
	if status := info["aof_last_write_status"]; status != "ok" && status != "" {
		return Finding{check, Wrong, "the last write of the append-only file: " + status, "look for a full disk on the Redis server"}
	}
	return Finding{check, OK, "the server keeps what it holds", ""}
}

// clockFinding judges how far a server's clock is ahead of ours.
func clockFinding(check string, ahead time.Duration) Finding {
	if ahead.Abs() <= drift {
		return Finding{check, OK, fmt.Sprintf("within %v of this machine", drift), ""}
	}
	than := "fast"
	if ahead < 0 {
		than = "slow"
	}
	return Finding{check, Wrong, fmt.Sprintf("its clock is %v too %s against this machine", ahead.Abs().Round(100*time.Millisecond), than),
		"on both: timedatectl status; systemctl enable --now chrony"}
}

// sql looks whether the database answers, is migrated, and has our time.
func (d *Doctor) sql(ctx context.Context) []Finding {
	address, err := serve.DatabaseURL(d.Config)
	if err != nil {
		return []Finding{{"sql", Skipped, err.Error(), "see the check files"}}
	}
	if file, lite := strings.CutPrefix(address, "sqlite:"); lite {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return []Finding{{"sql", Note, "the database file is not there yet; the first start makes it", ""}}
		}
	}
	db, err := store.Open(ctx, store.Config{URL: address, MaxConns: 1})
	if err != nil {
		return []Finding{away("sql", err, "check sql.url and sql.password_file, and that the server runs")}
	}
	defer func() { _ = db.Close() }()
	seen, err := db.Inspect(ctx, d.Now)
	if err != nil {
		return []Finding{away("sql", err, "check that the role owns its database (deploy/postgres/role.sh)")}
	}
	return []Finding{migrated(seen), clockFinding("sql: clock", seen.Drift)}
}

func migrated(seen store.Inspection) Finding {
	const check = "sql: migrations"
	switch {
	case seen.Migration < seen.Wanted:
		return Finding{check, Wrong, fmt.Sprintf("the tables are of version %d, and this program wants %d", seen.Migration, seen.Wanted),
			"start any role of this version: it brings them up to date"}
	case seen.Migration > seen.Wanted:
		return Finding{check, Wrong, fmt.Sprintf("the tables are of version %d, newer than this program (%d)", seen.Migration, seen.Wanted),
			"install the version of tocsin that the others run"}
	}
	return Finding{check, OK, fmt.Sprintf("the tables are of version %d", seen.Migration), ""}
}
