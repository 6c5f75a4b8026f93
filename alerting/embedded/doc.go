// Package embedded starts Kafka and Redis inside the process, on loopback, so that one binary on one machine is a
// complete warning engine, and finds free ports for servers like them.
//
// It stands apart because nothing else may know that these servers are not real: they are reached by address, through
// the same clients, as the real ones. It is the only importer of kfake and miniredis.
//
// What always holds: the servers listen on loopback only. Kafka with a folder acknowledges a record only once it is
// synced to disk; without a folder it keeps everything in memory and says so when it starts. Redis keeps everything in
// memory: the ledger is rebuilt from Kafka and the manifest at every start.
package embedded
