// Package config is the one configuration file of tocsin: its shape, its defaults, and the checks that refuse it.
//
// It stands apart so that a test can load every shipped file through the very decoder that the program uses. What
// always holds: an unknown key, a wrong type or an impossible value is an error that names the place in the file;
// secrets come from files, never from the file itself; and an environment variable overrides what it names.
package config
