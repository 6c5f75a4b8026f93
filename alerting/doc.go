// Package alerting holds the nouns that every part of the engine shares: world, channel, lane, alert id, envelope,
// batch, state of a delivery, receipt, and the kinds of errors.
//
// It stands apart so that the packages below it need not know each other: they meet in these words, and cmd/tocsin
// joins them. What always holds: nothing here does I/O or reads a clock, and the numbers of states and error kinds
// never change, because they are stored and sent.
package alerting
