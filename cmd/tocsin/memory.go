package main

import (
	"os"
	"runtime/debug"
)

// The live heap of a role is some ten megabytes, so by default the garbage collector would run many times a second at full
// load and take a tenth of the processor. Let the heap grow to several times that, and collect harder before it becomes a
// burden.
const (
	heapGrowth = 400       // percent of the live heap
	heapLimit  = 208 << 20 // bytes, soft
)

// spareTheCollector sets these unless the environment says otherwise (GOGC, GOMEMLIMIT).
func spareTheCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}
