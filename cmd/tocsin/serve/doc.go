// Package serve puts the parts together: it opens the stores, builds the roles that a process plays, and runs them.
//
// It stands apart from the command line so that a test can run the whole program inside itself. It is the only place
// that knows all parts, and the only one that knows whether a store runs inside the process. What always holds:
// listeners are opened before anything runs; the parts of a process are closed in the reverse order of their opening;
// and a role that ends with an error ends the process.
package serve
