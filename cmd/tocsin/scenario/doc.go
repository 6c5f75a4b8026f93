// Package scenario runs a whole warning office inside a test: every role of the engine, its stores and the gateways that
// it sends through, spoken to over the admin API as an office would.
//
// It stands apart because it belongs to no single part: what is shown here is what a person in the area, an officer and
// a gateway see. Nothing of the product imports it.
//
// What always holds: an office is alone on its stores, whether they run in the process or the environment names real
// ones (TOCSIN_TEST_KAFKA, TOCSIN_TEST_REDIS, TOCSIN_TEST_POSTGRES), and nothing of it is left when its test ends; no
// scenario waits for a fixed time, but for what it asks for, with a deadline.
package scenario
