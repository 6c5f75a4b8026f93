package process

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/report"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// slots is how many deliveries a process has under way at once, unless a test says otherwise: few, so that a run lasts
// long enough to be killed in its middle, and so that the bound on doubled deliveries is tight.
const slots = 16

// partitions of each dispatch topic.
const partitions = 6

// office is the whole engine as processes, with the servers and gateways it uses.
type office struct {
	servers
	dir        string
	tocsin     string
	prefix     string
	apiAt      string
	callbackAt string
	vapid      string
	sim        *simulator
	// wire is what lies between the SMS workers and their gateway.
	wire *distance
	api  *client.Client
	db   *store.DB
	plan plan
	// verdict adds up what judge finds, for the line of `make chaos`.
	verdict verdict
	people  []resident
	crew    map[string]*worker
	serial  int
}

// servers is where the stores are.
type servers struct {
	brokers    []string
	redis, sql string
}

// post is one process of the crew: its name and its role.
type post struct{ name, role string }

// posts is the usual crew.
func posts() []post {
	return []post{{"api", "api"}, {"fanout", "fanout"}, {"ledger", "ledger"}, {"sms1", "sms"}, {"sms2", "sms"},
		{"push", "push"}, {"mail", "mail"}, {"siren", "siren"}}
}

// plan is what an office is made of.
type plan struct {
	town town
	// roles is the crew, in the order in which it starts.
	roles []post
	// slots of each gateway in each process.
	slots int
	// embedded: the stores run inside the one process of the crew.
	embedded bool
	// simulator are further flags of the gateway simulator.
	simulator []string
}

func smallOffice() plan { return plan{town: smallTown(), roles: posts(), slots: slots} }

// missing names the first server that no variable names; empty when all are there.
func missing() string {
	for _, variable := range []string{servertest.KafkaVariable, servertest.RedisVariable, storetest.Variable} {
		if os.Getenv(variable) == "" {
			return fmt.Sprintf("%s is not set: this needs a real Kafka, Redis and PostgreSQL (%s, %s, %s)", variable,
				servertest.KafkaVariable, servertest.RedisVariable, storetest.Variable)
		}
	}
	return ""
}

// open builds the binaries, starts gateways and processes, and imports the town.
func open(t *testing.T, p plan) *office {
	t.Helper()
	if what := missing(); what != "" {
		t.Skip(what)
	}
	o := &office{dir: folder(t), prefix: servertest.Prefix(t), crew: make(map[string]*worker), plan: p}
	if !p.embedded {
		o.brokers, o.redis, o.sql = servertest.Kafka(t), servertest.Redis(t), storetest.PostgresURL(t)
		servertest.RemoveTopics(t, o.brokers, o.prefix)
		t.Cleanup(func() { o.forget(t) })
	}
	o.build(t)
	o.makeKeys(t)
	o.sim = startSimulator(t, filepath.Join(o.dir, "gatewaysim"), o.dir, p.simulator...)
	t.Logf("raw log: %s; topics %s*, keys %s*; gatewaysim pid %d", o.sim.info.Log, o.prefix, o.prefix, o.sim.info.PID)
	o.wire = newDistance(t, o.sim.info.Listeners["sms"])
	o.apiAt, o.callbackAt = servertest.FreePort(t), servertest.FreePort(t)
	o.hire(t)
	o.importTown(t)
	return o
}

// folder is where a run keeps its files: TOCSIN_TEST_KEEP, or a folder that goes with the test.
func folder(t *testing.T) string {
	t.Helper()
	keep := os.Getenv("TOCSIN_TEST_KEEP")
	if keep == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(keep, "process-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (o *office) build(t *testing.T) {
	t.Helper()
	began := time.Now()
	cmd := exec.Command("go", "build", "-o", o.dir+"/", "tocsin/cmd/tocsin", "tocsin/cmd/gatewaysim")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	o.tocsin = filepath.Join(o.dir, "tocsin")
	t.Logf("built in %v", time.Since(began).Round(time.Millisecond))
}

func (o *office) makeKeys(t *testing.T) {
	t.Helper()
	var err error
	if o.vapid, err = serve.MakeVAPID(filepath.Join(o.dir, "vapid.key")); err != nil {
		t.Fatal(err)
	}
	public, err := serve.MakeSirenKey(filepath.Join(o.dir, "siren.pem"))
	if err == nil {
		err = os.WriteFile(filepath.Join(o.dir, "siren.pub"), []byte(public+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := serve.MakeToken(filepath.Join(o.dir, "api.token")); err != nil {
		t.Fatal(err)
	}
	// Twilio's auth tokens are hexadecimal, and its library takes no others.
	secret := make([]byte, 16)
	_, _ = rand.Read(secret)
	if err := os.WriteFile(filepath.Join(o.dir, "twilio.token"), []byte(hex.EncodeToString(secret)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := serve.MakeKeyring(filepath.Join(o.dir, "keyring")); err != nil {
		t.Fatal(err)
	}
}

// hire starts the crew. The first process makes the topics and tables; the others find them.
func (o *office) hire(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { o.dismiss(t) })
	began := time.Now()
	for i, r := range o.plan.roles {
		w := &worker{name: r.name, role: r.role, binary: o.tocsin, metrics: servertest.FreePort(t),
			config: filepath.Join(o.dir, r.name+".yaml"), log: filepath.Join(o.dir, r.name+".log")}
		o.crew[r.name] = w
		o.configure(t, w, o.usual())
		w.start(t)
		if i == 0 {
			w.ready(t)
			t.Logf("topics and tables made in %v", time.Since(began).Round(time.Millisecond))
		}
	}
	o.complete(t)
	t.Logf("all processes ready after %v", time.Since(began).Round(time.Millisecond))
	for _, r := range o.plan.roles {
		t.Logf("  %-6s pid %d", r.name, o.crew[r.name].pid())
	}
	token, err := config.Secret(filepath.Join(o.dir, "api.token"))
	if err == nil {
		o.api, err = client.New("http://"+o.apiAt, token, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	if o.plan.embedded {
		return // its database belongs to the one process
	}
	if o.db, err = store.Open(t.Context(), store.Config{URL: o.sql, MaxConns: 2}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.db.Close() })
}

// complete starts whatever does not run, and waits until all are ready and the SMS workers share the partitions.
func (o *office) complete(t *testing.T) {
	t.Helper()
	for _, r := range o.plan.roles {
		if w := o.crew[r.name]; !w.runs() {
			w.start(t)
		}
	}
	for _, r := range o.plan.roles {
		o.crew[r.name].ready(t)
	}
	if o.plan.embedded {
		return
	}
	for _, r := range o.plan.roles {
		group, want := shareOf(r.role)
		eventually(t, 40*time.Second, "the partitions of "+group+" are assigned", func() bool { return o.assigned(group, want) })
	}
}

// shareOf is the consumer group of a role and how many partitions it has in all.
func shareOf(role string) (group string, partitionsInAll int) {
	worlds := len(alerting.Worlds())
	switch role {
	case "api":
		return "api", 0
	case "fanout":
		return role, worlds
	case "ledger":
		return role, worlds * partitions
	}
	return "worker." + role, worlds * len(alerting.Lanes()) * (partitions + 3)
}

// assigned says whether the members of a group, all of one generation, have all its partitions.
func (o *office) assigned(group string, want int) bool {
	generation, sum := 0, 0
	for _, w := range o.crew {
		if g, n := w.assignment(group); n > 0 && w.runs() {
			if generation != 0 && g != generation {
				return false
			}
			generation, sum = g, sum+n
		}
	}
	return sum == want
}

// dismiss ends the crew, fan-out first, all by their own ids.
func (o *office) dismiss(t *testing.T) {
	t.Helper()
	for _, w := range o.crew {
		if w.runs() {
			w.drain(t, 30*time.Second)
		}
	}
}

// keys lists the Redis keys of this run, the pace of its gateways included.
func (o *office) keys(ctx context.Context, rdb redis.UniversalClient) ([]string, error) {
	var out []string
	for _, pattern := range []string{o.prefix + "*", "pace:{" + o.prefix + "*"} {
		all := rdb.Scan(ctx, 0, pattern, 1000).Iterator()
		for all.Next(ctx) {
			out = append(out, all.Val())
		}
		if err := all.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// forget unlinks every key of this run: for this engine the same as a FLUSHALL. It gives how many keys there were.
func (o *office) forget(t testing.TB) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	rdb := redis.NewClient(&redis.Options{Addr: o.redis})
	defer func() { _ = rdb.Close() }()
	keys, err := o.keys(ctx, rdb)
	if err == nil && len(keys) > 0 {
		err = rdb.Unlink(ctx, keys...).Err()
	}
	if err != nil {
		t.Fatalf("flush the keys of this run: %v", err)
	}
	return len(keys)
}

func (o *office) importTown(t *testing.T) {
	t.Helper()
	o.people = o.plan.town.settle(o.sim.subscriptions(t, o.plan.town.push))
	began := time.Now()
	for _, file := range []struct {
		what string
		csv  []byte
	}{{"people", register(o.people)}, {"sirens", sirenRegister(sirenTown(), o.sim.info.Listeners)}} {
		r, err := o.api.Import(t.Context(), file.what, bytes.NewReader(file.csv), func(audience.Progress) {})
		if err == nil && r.ProblemCount > 0 {
			err = fmt.Errorf("%d problems, the first: %+v", r.ProblemCount, r.Problems[0])
		}
		if err != nil {
			t.Fatalf("import %s: %v", file.what, err)
		}
	}
	t.Logf("%d people and %d sirens imported in %v", len(o.people), len(sirenTown()), time.Since(began).Round(time.Millisecond))
}

// issue issues a warning through the API, and gives its id and when the answer came.
func (o *office) issue(t *testing.T, order client.Order) (alerting.AlertID, time.Time) {
	t.Helper()
	return o.issueText(t, warning(o.identifier(t)), order)
}

// identifier gives a CAP identifier that no other alert of this run has.
func (o *office) identifier(t *testing.T) string {
	o.serial++
	return fmt.Sprintf("%s-%d-%d", strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()), o.serial, time.Now().Unix())
}

func (o *office) issueText(t *testing.T, document []byte, order client.Order) (alerting.AlertID, time.Time) {
	t.Helper()
	a, err := o.api.Issue(t.Context(), document, order)
	if err != nil {
		t.Fatalf("issue: %v", err)
	}
	return a.Alert, time.Now()
}

// status is what `tocsin status --output json` prints: the true program, as an officer would run it.
func (o *office) status(t testing.TB, id alerting.AlertID) (report.Status, error) {
	t.Helper()
	cmd := exec.Command(o.tocsin, "-c", o.crew[o.plan.roles[0].name].config, "status", "--output", "json", id.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var s report.Status
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return s, fmt.Errorf("tocsin status: %w: %s", err, stderr.String())
	}
	return s, nil
}
