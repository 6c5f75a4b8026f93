package process

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// kafka is a client of the tests' own.
func (o *office) kafka(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(o.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// poisoned floods every topic with records that make no sense, in front of a good alert, which must arrive as if they were
// not there. Each is dead-lettered within five seconds.
func poisoned(t *testing.T, o *office) {
	k := o.kafka(t)
	letters := o.prefix + "actual.deadletters"
	before := o.ends(t, k, letters)
	var bad []*kgo.Record
	for topic, partitions := range o.topics(t, k, "actual.") {
		if topic == letters {
			continue
		}
		for p := range partitions {
			for _, value := range [][]byte{{}, []byte("not a record"), {1}} {
				bad = append(bad, &kgo.Record{Topic: topic, Partition: p, Value: value})
			}
		}
		bad = append(bad, &kgo.Record{Topic: topic, Value: bytes.Repeat([]byte{0xff}, 600<<10)})
	}
	if err := k.ProduceSync(t.Context(), bad...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	written := time.Now()
	r := o.begin(t)
	put := int64(0)
	eventually(t, 15*time.Second, fmt.Sprintf("%d records are dead-lettered", len(bad)), func() bool {
		put = o.ends(t, k, letters) - before
		return put >= int64(len(bad))
	})
	took := time.Since(written)
	t.Logf("%d records that make no sense, on all topics: %d dead letters %.1f s later", len(bad), put, took.Seconds())
	// Letters are kept at least once: a partition that changes hands just then gives its records to both.
	const twice = 16
	if took > 5*time.Second || put > int64(len(bad)+twice) {
		t.Errorf("%d dead letters after %v, want %d to %d within 5 s", put, took, len(bad), len(bad)+twice)
	}
	o.conclude(t, r, written, 0)
	if o.verdict.Resumed > 5 {
		t.Errorf("the good alert was held up for %.1f s", o.verdict.Resumed)
	}
}

// topics are the office's topics whose names begin so, with their partitions.
func (o *office) topics(t *testing.T, k *kgo.Client, name string) map[string]int32 {
	t.Helper()
	answer, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int32)
	for _, topic := range answer.Topics {
		if strings.HasPrefix(*topic.Topic, o.prefix+name) {
			found[*topic.Topic] = int32(len(topic.Partitions))
		}
	}
	if len(found) == 0 {
		t.Fatalf("there is no topic %s%s…", o.prefix, name)
	}
	return found
}

// ends adds up the end offsets of a topic.
func (o *office) ends(t *testing.T, k *kgo.Client, topic string) int64 {
	t.Helper()
	sum := int64(0)
	for p := range int32(partitions) {
		ask := kmsg.NewPtrListOffsetsRequest()
		ask.ReplicaID = -1
		one := kmsg.NewListOffsetsRequestTopic()
		one.Topic = topic
		part := kmsg.NewListOffsetsRequestTopicPartition()
		part.Partition, part.Timestamp = p, -1
		one.Partitions = append(one.Partitions, part)
		ask.Topics = append(ask.Topics, one)
		for _, shard := range k.RequestSharded(t.Context(), ask) {
			answer, ok := shard.Resp.(*kmsg.ListOffsetsResponse)
			if shard.Err != nil || !ok {
				continue // there is no such partition
			}
			for _, topic := range answer.Topics {
				for _, part := range topic.Partitions {
					if part.ErrorCode == 0 {
						sum += part.Offset
					}
				}
			}
		}
	}
	return sum
}

// publishedTwice posts one document fifty times at once, and writes its Kafka record again: one alert, one delivery each.
func publishedTwice(t *testing.T, o *office) {
	document := warning(o.identifier(t))
	r := run{from: o.sim.place(t), began: time.Now()}
	ids := make([]alerting.AlertID, 50)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			a, err := o.api.Issue(t.Context(), document, onlySMS())
			if err != nil {
				t.Errorf("post %d: %v", i, err)
			}
			ids[i] = a.Alert
		})
	}
	all.Wait()
	r.id = ids[0]
	for _, id := range ids {
		if id != r.id {
			t.Fatalf("one document became the alerts %s and %s", r.id, id)
		}
	}
	record := o.issuedRecord(t, r.id)
	k := o.kafka(t)
	if err := k.ProduceSync(t.Context(), &kgo.Record{Topic: record.Topic, Key: record.Key, Value: record.Value, Headers: record.Headers}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	t.Logf("posted 50 times at once, its record written once more")
	o.conclude(t, r, r.began, 0)
}

// issuedRecord finds the record of an alert on Kafka.
func (o *office) issuedRecord(t *testing.T, id alerting.AlertID) *kgo.Record {
	t.Helper()
	k := o.kafka(t, kgo.ConsumeTopics(o.prefix+"actual.alerts.issued"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var found *kgo.Record
	for found == nil && ctx.Err() == nil {
		k.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if bytes.Equal(r.Key, id[:]) {
				found = r
			}
		})
	}
	if found == nil {
		t.Fatalf("alert %s is not on Kafka", id)
	}
	return found
}

// offsetsLost deletes the group of the SMS workers while they are away: they read everything again, and send nothing again.
func offsetsLost(t *testing.T, o *office) {
	r := o.begin(t)
	s := o.finish(t, r.id, time.Minute)
	for _, name := range []string{"sms1", "sms2"} {
		o.crew[name].drain(t, 30*time.Second)
	}
	k := o.kafka(t)
	remove := kmsg.NewPtrDeleteGroupsRequest()
	remove.Groups = []string{o.prefix + "worker.sms"}
	answer, err := remove.RequestWith(t.Context(), k)
	if err != nil || len(answer.Groups) != 1 || answer.Groups[0].ErrorCode != 0 {
		t.Fatalf("delete the group: %v, %+v", err, answer)
	}
	t.Logf("group %s deleted: %d offsets are gone", remove.Groups[0], partitions)
	o.complete(t)
	dispatch := o.prefix + "actual.dispatch.sms.flash"
	all, began := o.ends(t, k, dispatch), time.Now()
	eventually(t, 2*time.Minute, "everything has been read again", func() bool { return o.committed(t, k, remove.Groups[0], dispatch) == all })
	t.Logf("%d batches read again in %.1f s", all, time.Since(began).Seconds())
	o.judge(t, o.count(t, r.from, "sms", r.id.String()), alerting.SMS, s, 0)
}

// committed adds up a group's offsets of a topic.
func (o *office) committed(t *testing.T, k *kgo.Client, group, topic string) int64 {
	t.Helper()
	ask := kmsg.NewPtrOffsetFetchRequest()
	one := kmsg.NewOffsetFetchRequestGroup()
	one.Group = group
	part := kmsg.NewOffsetFetchRequestGroupTopic()
	part.Topic = topic
	for p := range int32(partitions) {
		part.Partitions = append(part.Partitions, p)
	}
	one.Topics = append(one.Topics, part)
	ask.Groups = append(ask.Groups, one)
	answer, err := ask.RequestWith(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, group := range answer.Groups {
		for _, topic := range group.Topics {
			for _, part := range topic.Partitions {
				// -1: nothing is committed.
				sum += max(0, part.Offset)
			}
		}
	}
	return sum
}

// nothingLeaks looks for phone numbers and mail addresses in the logs, the metrics, Kafka and Redis.
func nothingLeaks(t *testing.T, o *office) {
	from := o.sim.place(t)
	id, _ := o.issue(t, client.Order{Channels: []string{"sms", "mail"}})
	s := o.finish(t, id, time.Minute)
	o.judge(t, o.count(t, from, "sms", id.String()), alerting.SMS, s, 0)
	places := map[string][]byte{}
	for name, w := range o.crew {
		text, err := os.ReadFile(w.log)
		if err != nil {
			t.Fatal(err)
		}
		places["log of "+name] = text
		err = w.get("/metrics", func(r io.Reader) (err error) {
			places["metrics of "+name], err = io.ReadAll(r)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	places["Kafka"] = o.everyRecord(t)
	places["Redis"] = o.everyValue(t)
	size := 0
	for place, text := range places {
		size += len(text)
		if found := address.Find(text); found != nil {
			t.Errorf("%s holds an address in the clear: %q", place, found)
		}
	}
	if !address.MatchString(o.people[0].phone) || !address.MatchString(o.people[withPush].mail) {
		t.Fatal("the pattern does not know the addresses of this town")
	}
	t.Logf("addresses looked for in %d places, %d bytes", len(places), size)
}

// address is what every phone number and mail address of the small town looks like.
var address = regexp.MustCompile(`(^|\D)12[01]\d555\d{4}(\D|$)|resident\d+@`)

// everyRecord is all that stands in this run's topics of the world actual now: what comes later is not waited for, because a slow gateway
// may report for a long while.
func (o *office) everyRecord(t *testing.T) []byte {
	t.Helper()
	var topics []string
	for _, name := range []string{"alerts.issued", "receipts", "deadletters", "dispatch.sms.flash", "dispatch.mail.flash"} {
		topics = append(topics, o.prefix+"actual."+name)
	}
	k := o.kafka(t, kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	left := int64(0)
	for _, topic := range topics {
		left += o.ends(t, k, topic)
	}
	for left > 0 {
		fetches := k.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			out.Write(r.Key)
			out.Write(r.Value)
		})
		left -= int64(fetches.NumRecords())
	}
	return out.Bytes()
}

// everyValue is all that stands under this run's keys in Redis.
func (o *office) everyValue(t *testing.T) []byte {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: o.redis})
	defer func() { _ = rdb.Close() }()
	keys, err := o.keys(t.Context(), rdb)
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d keys in Redis: %v", len(keys), err)
	}
	var out bytes.Buffer
	for _, key := range keys {
		out.WriteString(key)
		if fields, err := rdb.HGetAll(t.Context(), key).Result(); err == nil {
			for name, value := range fields {
				out.WriteString(name)
				out.WriteString(value)
			}
		} else if value, err := rdb.Get(t.Context(), key).Result(); err == nil {
			out.WriteString(value)
		}
	}
	return out.Bytes()
}

// keyGone takes the keyring away: a worker refuses to start and says what is missing.
func keyGone(t *testing.T, o *office) {
	w := o.crew["sms2"]
	w.drain(t, 30*time.Second)
	ring := o.dir + "/keyring"
	if err := os.Rename(ring, ring+".gone"); err != nil {
		t.Fatal(err)
	}
	w.start(t)
	select {
	case <-w.ended:
	case <-time.After(20 * time.Second):
		t.Error("the worker runs without its keys")
	}
	if err := os.Rename(ring+".gone", ring); err != nil {
		t.Fatal(err)
	}
	code := w.cmd.ProcessState.ExitCode()
	text := tail(w.log)
	t.Logf("without its keyring the worker ended with code %d: %s", code, text[max(0, len(text)-300):])
	if code <= 0 || !strings.Contains(text, ring) {
		t.Errorf("code %d, and the folder is not named", code)
	}
	o.complete(t)
}
