package store

import (
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"tocsin/alerting"
)

// connectTimeout bounds the opening of one connection when the address does not.
const connectTimeout = 5 * time.Second

// dialPostgres reads the address, TLS settings included, with pgx. Settings that the address names itself stay.
func dialPostgres(c Config) (dial, error) {
	cfg, err := pgx.ParseConfig(c.URL)
	if err != nil {
		// pgx leaves the password out of its parse errors.
		return dial{}, fmt.Errorf("%w: database address: %w", alerting.ErrInvalid, err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	// bun writes arguments into the text, so every text is new: preparing it first would cost a second round trip and
	// fill the server's memory. What is worth preparing is prepared by its caller, and then pgx uses the binary form.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	ms := strconv.FormatInt(c.StatementTimeout.Milliseconds(), 10)
	for name, value := range map[string]string{
		"application_name":                    "tocsin",
		"timezone":                            "UTC",
		"statement_timeout":                   ms,
		"lock_timeout":                        ms,
		"idle_in_transaction_session_timeout": ms,
	} {
		if _, set := cfg.RuntimeParams[name]; !set {
			cfg.RuntimeParams[name] = value
		}
	}
	reading := cfg.Copy()
	reading.RuntimeParams = maps.Clone(cfg.RuntimeParams)
	reading.RuntimeParams["default_transaction_read_only"] = "on"
	return dial{
		write: stdlib.GetConnector(*cfg), read: stdlib.GetConnector(*reading),
		writers: c.MaxConns, readers: c.MaxConns,
		dialect: func() schema.Dialect { return pgdialect.New() },
	}, nil
}
