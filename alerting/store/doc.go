// Package store opens the SQL database, brings its schema up to date and runs transactions.
//
// It stands apart so that the drivers are imported in one place only and so that every table owner writes the same SQL
// for SQLite (a file, the embedded default) and for PostgreSQL.
//
// What always holds:
//
//   - There are two pools. Write is the only way to change anything: it runs one transaction on the writer. Read hands
//     out a pool whose connections refuse every change (query_only on SQLite, default_transaction_read_only on
//     PostgreSQL), so a write on the wrong pool fails in the first test that runs it, on both dialects alike.
//   - SQLite has one writer connection and several readers. Its transactions begin as writers (BEGIN IMMEDIATE), so two
//     of them queue instead of failing half way.
//   - What Write answered without an error is on disk: SQLite runs with synchronous=FULL, because a warning that was
//     answered "accepted" must survive a power cut, and WAL with NORMAL may lose the last commits to one.
//   - Times are BIGINT columns of milliseconds since 1970, UTC, named *_ms; flags are SMALLINT 0 or 1; JSON is TEXT;
//     bytes are BYTEA. No dialect functions in queries.
//
// # One migration file for both dialects
//
// The files in migrations are plain SQL that PostgreSQL takes as it stands. SQLite takes any type name: BIGINT, SMALLINT
// and INTEGER give integer affinity, TEXT gives text, DOUBLE PRECISION gives real. BYTEA gives numeric affinity, which
// changes text only and leaves blobs as they are, so a BYTEA column must be written from a Go []byte, never a string. The
// one difference is the comment /* sqlite: WITHOUT ROWID */, which is uncommented for SQLite: it keeps a table's rows
// inside its primary key, which PostgreSQL cannot.
package store
