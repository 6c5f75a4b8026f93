package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
)

// record is one Kafka record, copied out of the fetch it came in.
type record struct {
	offset int64
	time   time.Time
	key    []byte
	value  []byte
	// content is what it was decoded to; bad is why it could not be.
	content any
	bad     error
	// lettered says that it already lies among the dead letters.
	lettered bool
}

// keep stores what a decoder gave.
func (r *record) keep(content any, err error) { r.content, r.bad = content, err }

// cursor is a place in a partition and how to fetch from there.
type cursor struct {
	topic     topic
	partition int
	next      int64
	maxBytes  int64
	maxWait   time.Duration
}

// haul is the answer to one fetch. An empty haul with high equal to the cursor's next proves that nothing else was
// there when the fetch was asked.
type haul struct {
	records []record
	start   int64
	high    int64
	asked   time.Time
}

// fetchSlack is how much longer than its wait a fetch may take before it counts as failed.
const fetchSlack = 3 * time.Second

// fetch asks once for what stands at the cursor, waiting at the broker until there is something. A cursor outside the
// log gives kafka.OffsetOutOfRange.
func (s *Stream) fetch(ctx context.Context, at cursor) (haul, error) {
	ctx, cancel := context.WithTimeout(ctx, at.maxWait+fetchSlack)
	defer cancel()
	h := haul{asked: s.parts.Now()}
	res, err := s.client.Fetch(ctx, &kafka.FetchRequest{Topic: at.topic.name, Partition: at.partition, Offset: at.next,
		MinBytes: 1, MaxBytes: at.maxBytes, MaxWait: at.maxWait})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return h, fmt.Errorf("fetch from %s/%d: %w", at.topic.name, at.partition, err)
	}
	h.start, h.high = res.LogStartOffset, res.HighWatermark
	for {
		r, err := res.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return h, nil
		}
		if err != nil {
			return h, fmt.Errorf("fetch from %s/%d: %w", at.topic.name, at.partition, err)
		}
		rec := record{offset: r.Offset, time: r.Time}
		rec.key, err = kafka.ReadAll(r.Key)
		if err == nil {
			rec.value, err = kafka.ReadAll(r.Value)
		}
		closeBytes(r.Key, r.Value)
		if err != nil {
			return h, fmt.Errorf("read offset %d of %s/%d: %w", r.Offset, at.topic.name, at.partition, err)
		}
		// A broker answers with whole batches, which may begin before the cursor.
		if rec.offset >= at.next {
			h.records = append(h.records, rec)
		}
	}
}

func closeBytes(all ...kafka.Bytes) {
	for _, b := range all {
		if b != nil {
			_ = b.Close()
		}
	}
}

// bounds gives the first offset of a partition and the one that the next record will have.
func (s *Stream) bounds(ctx context.Context, topicName string, partition int) (first, last int64, err error) {
	first, err = s.offsetAt(ctx, topicName, kafka.FirstOffsetOf(partition))
	if err == nil {
		last, err = s.offsetAt(ctx, topicName, kafka.LastOffsetOf(partition))
	}
	return first, last, err
}

// offsetAt asks for one offset; -1 means that no record is as young as the time that was asked for. It outlasts a
// change of leaders, such as the one that follows the making of a topic.
func (s *Stream) offsetAt(ctx context.Context, topicName string, want kafka.OffsetRequest) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchSlack)
	defer cancel()
	for {
		offset, err := s.askOffset(ctx, topicName, want)
		if err == nil {
			return offset, nil
		}
		var code kafka.Error
		if !errors.As(err, &code) || !code.Temporary() || !s.wait(ctx, nil, 50*time.Millisecond) {
			return 0, fmt.Errorf("ask for offsets of %s/%d: %w", topicName, want.Partition, err)
		}
	}
}

func (s *Stream) askOffset(ctx context.Context, topicName string, want kafka.OffsetRequest) (int64, error) {
	res, err := s.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topicName: {want}}})
	if err != nil {
		return 0, err
	}
	for _, p := range res.Topics[topicName] {
		switch {
		case p.Partition != want.Partition:
			continue
		case p.Error != nil:
			return 0, p.Error
		case want.Timestamp == kafka.FirstOffset:
			return p.FirstOffset, nil
		case want.Timestamp == kafka.LastOffset:
			return p.LastOffset, nil
		}
		for offset := range p.Offsets {
			return offset, nil
		}
	}
	return 0, errors.New("no answer for the partition")
}

// rescue finds where to go on when a cursor lies outside the log. Before its start: retention deleted what was not
// read yet. After its end: the log was cut or made anew, so everything in it may be new. Both are an alarm.
func (s *Stream) rescue(ctx context.Context, at cursor) (int64, error) {
	first, last, err := s.bounds(ctx, at.topic.name, at.partition)
	if err != nil {
		return at.next, err
	}
	switch {
	case at.next < first:
		s.metrics.skipped.WithLabelValues(string(at.topic.kind)).Add(float64(first - at.next))
		s.log.Error("retention deleted records before they were read", "topic", at.topic.name, "partition",
			at.partition, "from", at.next, "to", first, "records", first-at.next)
		return first, nil
	case at.next > last:
		s.log.Error("the log ends before what was already read: reading it from its start", "topic", at.topic.name,
			"partition", at.partition, "position", at.next, "end", last)
		return first, nil
	}
	return at.next, nil
}
