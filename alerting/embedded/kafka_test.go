package embedded

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// childDir names the variable that makes the test binary a broker and nothing else, to be killed.
const childDir = "TOCSIN_TEST_BROKER_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	k, err := StartKafka(KafkaConfig{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(k.Addrs()[0])
	// Until it is killed, or its parent is gone.
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

func startKafka(t *testing.T, cfg KafkaConfig) *Kafka {
	t.Helper()
	k, err := StartKafka(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func kafkaClient(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("log"),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordDeliveryTimeout(3*time.Second), kgo.ProducerLinger(0),
		// An idempotent producer would wait for a dead broker for ever.
		kgo.DisableIdempotentWrite())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func makeLog(t *testing.T, c *kgo.Client, retention string) {
	t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "log", 1, 1
	config := kmsg.NewCreateTopicsRequestTopicConfig()
	config.Name, config.Value = "retention.ms", &retention
	topic.Configs = append(topic.Configs, config)
	req.Topics = append(req.Topics, topic)
	res, err := req.RequestWith(t.Context(), c)
	if err != nil || res.Topics[0].ErrorCode != 0 {
		t.Fatalf("make a topic: %v %+v", err, res)
	}
}

// readLog reads everything up to a record that it writes itself.
func readLog(t *testing.T, addr string) (values []string) {
	t.Helper()
	c := kafkaClient(t, addr, kgo.ConsumeTopics("log"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.ProduceSync(ctx, kgo.StringRecord("end")).FirstErr(); err != nil {
		t.Fatalf("write the end: %v", err)
	}
	for {
		fetches := c.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("the end was not found after %d records", len(values))
		}
		for r := range fetches.RecordsAll() {
			if string(r.Value) == "end" {
				return values
			}
			values = append(values, string(r.Value))
		}
	}
}

func TestKafkaLosesNothingWhenKilled(t *testing.T) {
	dir := t.TempDir()
	var acknowledged []string
	for round := range 3 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		// An open input keeps the child alive exactly as long as this process.
		if _, err := child.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		addr, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatalf("start the broker: %v", err)
		}
		c := kafkaClient(t, strings.TrimSpace(addr))
		if round == 0 {
			makeLog(t, c, "-1")
		}
		alive, dead := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, func() {
			_ = child.Process.Kill()
			_ = child.Wait()
			dead()
		})
		for i := 0; ; i++ {
			value := fmt.Sprintf("%d/%d", round, i)
			if c.ProduceSync(alive, kgo.StringRecord(value)).FirstErr() != nil {
				break
			}
			acknowledged = append(acknowledged, value)
		}
		<-alive.Done()
		c.Close()
	}
	got := readLog(t, startKafka(t, KafkaConfig{Dir: dir}).Addrs()[0])
	lost := 0
	for _, value := range acknowledged {
		if !slices.Contains(got, value) {
			lost++
		}
	}
	if lost > 0 || len(acknowledged) < 10 {
		t.Errorf("of %d acknowledged records %d are lost", len(acknowledged), lost)
	}
}

func TestKafkaKeepsItsRecordsOverAClose(t *testing.T) {
	dir := t.TempDir()
	k := startKafka(t, KafkaConfig{Dir: dir})
	c := kafkaClient(t, k.Addrs()[0])
	makeLog(t, c, "-1")
	if err := c.ProduceSync(t.Context(), kgo.StringRecord("a"), kgo.StringRecord("b")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	addrs := k.Addrs()
	k.Close()
	k.Close()
	if !slices.Equal(k.Addrs(), addrs) {
		t.Error("a closed broker forgot its address")
	}
	if got := readLog(t, startKafka(t, KafkaConfig{Dir: dir}).Addrs()[0]); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("after a restart the log holds %v", got)
	}
}

func TestKafkaFolderBelongsToOneProcess(t *testing.T) {
	dir := t.TempDir()
	k := startKafka(t, KafkaConfig{Dir: dir})
	if second, err := StartKafka(KafkaConfig{Dir: dir}); err == nil {
		second.Close()
		t.Fatal("two brokers write to one folder")
	} else if !strings.Contains(err.Error(), dir) {
		t.Errorf("%v does not name the folder", err)
	}
	k.Close()
	startKafka(t, KafkaConfig{Dir: dir})
	if _, err := StartKafka(KafkaConfig{Dir: "/dev/null/x"}); err == nil {
		t.Error("a folder that cannot be made was accepted")
	}
}

func TestKafkaAppliesRetention(t *testing.T) {
	k := startKafka(t, KafkaConfig{CleanEvery: 20 * time.Millisecond})
	c := kafkaClient(t, k.Addrs()[0])
	makeLog(t, c, "1")
	if err := c.ProduceSync(t.Context(), kgo.StringRecord("a")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	first := func() int64 {
		req := kmsg.NewPtrListOffsetsRequest()
		topic, part := kmsg.NewListOffsetsRequestTopic(), kmsg.NewListOffsetsRequestTopicPartition()
		topic.Topic, part.Timestamp = "log", -2
		topic.Partitions, req.ReplicaID = append(topic.Partitions, part), -1
		req.Topics = append(req.Topics, topic)
		res, err := req.RequestWith(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return res.Topics[0].Partitions[0].Offset
	}
	for deadline := time.Now().Add(5 * time.Second); first() != 1; {
		if time.Now().After(deadline) {
			t.Fatal("an old record was not removed")
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestKafkaSaysThatItForgets(t *testing.T) {
	var log bytes.Buffer
	k := startKafka(t, KafkaConfig{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "memory only") {
		t.Errorf("the log says %q", log.String())
	}
	if !strings.HasPrefix(k.Addrs()[0], "127.0.0.1:") {
		t.Errorf("listens on %v", k.Addrs())
	}
	before := log.Len()
	startKafka(t, KafkaConfig{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if log.Len() != before {
		t.Errorf("with a folder it says %q", log.String()[before:])
	}
}
