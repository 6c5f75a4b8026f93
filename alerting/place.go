package alerting

// Place is where a page of a list ends, and the next one goes on behind it: when the entry came to be, in milliseconds since 1970, and
// its id. Zero is before the first entry.
type Place struct {
	MS int64
	ID string
}
