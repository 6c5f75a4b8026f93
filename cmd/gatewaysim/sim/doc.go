// Package sim plays the gateways that Tocsin sends through, with every failure mode, for development, drills, tests and
// load: the SMS gateway (Twilio's REST API and status callbacks), a web push service that really decrypts, a mail server,
// and whatever further Gateway it is given. It stands apart from the product and shares no code with it, so that a mistake
// made there is not made here too (HTTP and MQTT sirens are the exception: they run the reference device that device makers
// are told to copy); nothing of the product imports it.
//
// What always holds: every message that is taken is one line "arrive" in the raw log before its answer goes out; all counts
// can be counted again from that file; a listener is on the loopback interface unless Config.Public says otherwise; which
// requests a random fault falls on follows from the seed; memory is bounded whatever the load (what waits goes to disk).
//
// # Which alert a message belongs to
//
// SMS: the parameter alert of its StatusCallback URL or of the request, else the first 16 hexadecimal digits of the SHA-256
// of the body. Push: tag or url of the decrypted JSON payload, else the same hash of the payload. Mail: the header
// X-Tocsin-Alert, else the hash of the subject. Other gateways say it themselves.
//
// # Raw log
//
// Tab separated, append-only, one event a line, flushed every 100 ms, by GET /flush and on Close:
//
//	unix-microseconds  channel  recipient  alert  kind  detail  gateway
//
// Kinds: arrive (taken), land (left the queue of a queue fault), refused, fault, callback (answered 2xx),
// callback-refused (3xx or 4xx), callback-retry, callback-failed (given up), mark. The unique recipients of an alert:
//
//	awk -F'\t' '$5=="arrive" && $4==alert {print $3}' alert=... log.tsv | sort | uniq -c
//
// # Control API
//
// ControlHelp lists it; GET / on the control listener prints it, as does gatewaysim --help.
//
// Why not net/http for the gateways: a kept-alive request costs its server 20 µs of CPU where this was measured, and the
// loop in wire.go 8 µs; the simulator shares the machine with the system under test, and most faults need the naked
// connection.
package sim

// ControlHelp describes the control API and the faults.
const ControlHelp = `Control API (HTTP, JSON unless stated):
  GET    /stats?channel=&alert=     counts per listener and per channel and alert: arrivals, unique, duplicates, landed,
                                    refused, first, last (unix microseconds), latency_us, callbacks_*; faults served
  GET    /recipients?channel=&alert=  unique recipients, "recipient TAB count" a line (text)
  GET    /rates?gateway=sms         arrivals and units (SMS segments) per second; max_window: most in any second that
                                    begins on a tenth
  GET    /log, /flush               flush the raw log; its path, size, and offset of the last reset
  GET    /faults                    rules in force, with how many requests each saw and hit
  POST   /faults                    add a rule, or a list of them
  DELETE /faults?on=&kind=          remove rules (no parameters: all)
  POST   /reset                     forget counts, pending callbacks and queues; faults and listeners stay
  POST   /mark?at=                  latency of alerts first seen later counts from now, or from at (unix microseconds);
                                    without a mark from the first arrival; a header X-Sim-Sent (unix microseconds) wins
  GET    /listeners                 addresses by name
  POST   /listeners/{name}/down     refuse connections and end those that are open; .../up listens again
  GET    /subscriptions?n=&from=&seed=&gateway=push  n push subscriptions (JSON lines), always the same for a seed

A rule: {"on":"sms", "kind":"status", ...}; "on" is a channel (sms, push, mail, siren), a listener (sms-2) or "*".
  Conditions, all of which must hold:
    match  recipient's suffix, or pattern with "*"     every  every n-th request        share  part of requests, 0..1
    times  so many faults, then over                   for    "30s", then over          once   first request of each recipient
  Kinds that take nothing:
    status         HTTP status (503) or SMTP code, with code and retry_after
    limit          at most rate units a second, burst at once; beyond: status (429), retry_after (1s)
    refuse         recipients that match: status (400; mail 550), code (21211, 21610 ...)
    stall          never answer                        reset_before   RST
    error_200      200 with an error body              redirect       307 to /elsewhere, which logs who follows
  Kinds that take the message first:
    hang           never answer                        reset_after    RST
    drip           one byte per delay (1s)             bad_json       success with a broken body
    big_body       success in 10 MB
  Kinds that go along with others:
    latency        wait delay ± jitter                 queue          take all, land rate units a second ("land" lines)
  Status callbacks:
    callback_fail  undelivered (status given: failed), code        callback_delay  final one later by delay ± jitter
    callback_early before the request is answered      callback_twice, callback_swap (final before sent), callback_drop
  Durations are "1.5s" or milliseconds. Rules are tried in order; latency and queue add to the first other that hits.
  Mail judges each RCPT, reads HTTP statuses as their SMTP kin (429 is 421, 500..529 are 451, other 4xx but 45x are 550)
  and serves error_200 and redirect as 451.
  Magic recipients (--magic): SMS ending 0000 (21211), 1610 (21610), 1614 (21614), 3003 (undelivered, 30003); push ids
  ending -410, -404; mail with +550@, +450@ (once), +552@.
`
