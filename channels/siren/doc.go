// Package siren hands deliveries to sirens over three protocols: HTTP and MQTT 5 with signed commands, and Modbus TCP
// with a register map. One gateway value serves one protocol; each is a channels.Adapter and a channels.Prober.
//
// It stands apart from the other channels because a siren is a machine that keeps sounding: what was started must be
// bounded, read back, and stopped. What always holds: nothing is started that could not be stopped again, nothing
// sounds longer than the cap, and "delivered" is only said after the device itself said that it sounds.
//
// # Commands (HTTP and MQTT)
//
// A command is a JSON object, see Command. Its bytes are signed with Ed25519 (RFC 8032) and carried, over both
// protocols alike, in an envelope:
//
//	{"payload": base64(command), "key": "name of the controller's key", "sig": base64(signature of the payload bytes)}
//
// The signature covers the exact bytes under the base64 (RFC 4648 §4, padded); a device verifies first and parses only
// what it verified. Times are milliseconds since 1970 UTC. A command is valid for at most 60 s.
//
//	HTTP   POST {base}/v1/command          the envelope; the answer is a Reply
//	       GET  {base}/v1/status?challenge=C   the answer is a Reply that repeats the challenge
//	MQTT   {prefix}/{siren}/command        the envelope, QoS 1, with response topic, correlation data = nonce, expiry
//	       {prefix}/{siren}/status         Replies, QoS 1, each with the nonce of the command that it is about
//
// A reply (see Reply) travels bare or, when the device has a key, in an envelope of the same form under its own key. A
// gateway that knows a device's key takes no unsigned reply from it. Answers run accepted → sounding → finished, or
// failed, or refused with a reason. A device sounds at most once for an alert and a programme: told again, it answers
// with where it stands, so a command whose answer was lost may be sent again.
//
// A gateway asks a siren where it stands when an answer was lost, and watches one that was slow to sound after its send
// returned. It sends a refused command again in two cases only: the counter was too low, or the device does not have the
// programme but may have a wider one ("alarm" for "alarm-water"). Exercises and tests run the silent test, unless the
// gateway is set up for audible exercises.
//
// # What a device must check
//
// Verifier is the reference. In this order: size, envelope, key, signature, version, target, form; then, except for
// a stop, the time (not before, not after, not valid for longer than 60 s), the start of the device, the alert not
// ended before, and the counter, which must exceed the last one taken from that key. The last counters and the ended
// alerts must be on lasting storage before the siren sounds. A device that starts without them takes only commands
// issued after its start: nothing that was captured before can be played back to it.
//
// # Counters
//
// A counter is the microseconds since 1970 with its lowest eight bits replaced by a number that each process draws at
// its start; one process never issues two in the same 256 µs. So counters rise across restarts and across any number
// of processes that share a key, without a store, and stay below 2^53, where every JSON reader counts exactly. Two
// processes whose clocks differ may issue in the wrong order; the device then refuses with its last counter, and the
// gateway issues once more above it. A counter that runs ahead of the device's clock is refused, so a controller with
// a wrong clock cannot lock the others out.
//
// # A stop is always allowed
//
// Silence is the safe state, and the moment when a stop is needed is the moment when clocks, counters and networks may
// be in disorder. So a properly signed stop for this siren that names the alerts it ends is always obeyed: late, out of
// order, repeated, or after the device lost its memory. It ends nothing but those alerts, so whoever replays a captured
// stop cannot silence a later warning. A stop that names no alert ends whatever sounds; it is obeyed unless it is
// provably a replay, which means expired and with a counter that is already used up. An alert that was ended is never
// started again, whatever order its commands arrive in.
//
// # Modbus TCP has no room for a signature
//
// Whoever reaches the device's port can sound it. So Modbus sirens belong on a private network of their own (VLAN or
// VPN) with nothing else in it, and the gateway refuses public addresses unless Config.AllowPublic says otherwise. What
// a device understands is data: see RegisterMap. Where the map has a run-time register, the device ends the sound by
// itself; where it has none, the gateway's watchdog does, and closing the gateway stops what it started. A process that
// is killed cannot: choose programmes that end by themselves on such devices.
package siren
