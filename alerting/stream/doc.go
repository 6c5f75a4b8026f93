// Package stream is Kafka: the names of the topics, the form of their records, and the ways to write and read them.
//
// It stands apart because the rules of when a record counts as written, owned, settled or too old must be in one
// place; it is the only importer of kafka-go.
//
// # Topics
//
// Every name begins with the configured prefix and the world; retention is the longest validity of an alert + 3 days.
//
//	<world>.alerts.issued                            one partition: order matters; the acknowledgement of a write is
//	                                                 the moment of issue
//	<world>.dispatch.<channel>.<lane>                one sealed batch a record
//	<world>.retry.<channel>.<lane>.<10s|60s|300s>    batches that were put off
//	<world>.receipts                                 the journal: news of some places of one page
//	<world>.deadletters                              records that could not be used, as they were
//
// # What always holds
//
//   - Publish answers one of three: nil, the record is on Kafka for good; alerting.ErrUnavailable, nothing was
//     written; alerting.ErrUnknown, nobody knows. Writing the same alert again is always safe.
//   - A record is settled when its handler returned nil, and only the contiguous settled head of a partition is
//     committed, so whatever is killed, no record is skipped.
//   - A partition that is lost is never committed by its former owner: a stale generation's commits are refused by
//     the broker, and handlers that still run only finish their work.
//   - Work that runs is not handed out again to the same process, not even after a rebalance.
//   - Batches of a gateway that does not move hold up no other gateway's, until 64 of them wait in one partition.
//   - A record that cannot be decoded goes to the dead letters, is counted, and its partition goes on.
//   - A batch whose key is missing here is not one of them: it is held, uncommitted, until the key comes or its alert is
//     over. It is a dead letter when no issued alert stands behind it.
//   - A position that retention has overtaken is never skipped silently: it is logged as an error, counted, and of batches
//     BatchGroup.Lost hears before the partition goes on.
//   - No record, header or metric label holds an address: batches are sealed whole, receipts name places only.
//
// # Why not kafka.Reader
//
// Its group form goes back to old offsets after losing a partition. Its plain form fetches behind the caller's back:
// it cannot tell how much is there (receipts are folded in bundles of what is there), hides a skip past retention,
// and needs a watchdog. Here every partition has a loop of single fetches (kafka.Client.Fetch), each with a deadline;
// each answer tells the log's start and its high-water mark, also when it is empty.
package stream
