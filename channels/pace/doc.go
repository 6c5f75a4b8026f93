// Package pace decides when a gateway may be handed the next delivery: a shared rate (GCRA in Redis), slots of our own
// with lanes, holds that a gateway asks for, and a breaker.
//
// It stands apart because pace is arithmetic that must hold over all processes at once, while a worker knows one batch.
//
// What always holds: the rates of all processes together never exceed a gateway's limit, with Redis (one clock, its
// own) or without it (each process takes its share of the partitions); stop goes before flash before routine; a
// quarter of the slots is never given to routine; and a request of stop or flash sets a mark that refuses routine
// permits in all processes for half a second.
//
// People may lower and raise the rate, and pause a gateway, while it is in use. Whoever is told of a lower rate writes it into
// the gateway's hash, so that it holds in all processes with their next reservation; a higher one each must be told himself.
// A pause is a time that each process is told.
//
// # GCRA
//
// One number per gateway, the theoretical arrival time (TAT): when the next permit falls due if all granted ones are
// used at their slots. A reservation moves it on by permits × interval and may reach at most Ahead into the future:
//
//	now            tat                 now+Ahead
//	 |··············|▮▮▮▮▮▮ new ▮▮▮▮▮▮|
//	 granted before  granted now        no further
//
// No credit is saved up while idle, so no one-second window ever sees more than rate + one reservation.
package pace
