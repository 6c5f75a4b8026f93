// Package process runs the true binaries as separate processes against a real Kafka, Redis and PostgreSQL and the gateway
// simulator, and kills them. It holds tests only, and stands apart because nothing in it may reach into the engine: it
// imports and issues through the admin API, asks `tocsin status`, and counts what the gateways wrote down.
//
// Run it with the variables TOCSIN_TEST_KAFKA, TOCSIN_TEST_REDIS and TOCSIN_TEST_POSTGRES (see `make test-real`); without
// them it says what is missing and skips. The servers may be shared: a run has topics, keys and a schema of its own, and
// takes them away again. With -v it prints its evidence: process ids, signals, counts at the kill, and where the raw log is.
// TOCSIN_TEST_KEEP names a folder that keeps raw log, process logs and configurations.
//
// # The office of the tests
//
//	api  fanout  ledger  sms ×2  push  mail  siren   one process each, with a configuration file of its own
//	        │                                        people and sirens, inside and outside one square;
//	   Kafka, Redis, PostgreSQL                      each person has a phone, some have push, some mail
//	        │
//	   gatewaysim ── raw log ── counted here with the semantics of sort | uniq -c
//
// What always holds: lost and doubled are worked out from who lives inside and from the raw log, never from the engine's
// own books; a process is ended by its own process id only; a test leaves all processes running for the next one.
//
// # What counts as in flight
//
// A worker has at most its slots under way. A delivery is under way from its claim until its outcome is recorded, so a
// killed worker may double that many deliveries, and no more. So that a kill finds any at all, the SMS gateway stands at the
// end of a wire on which answers take a while (distance), and in the tests that kill it posts no status callbacks (silence):
// a callback in time would tell the engine that the dead worker's deliveries arrived, and nothing would be doubled.
package process
