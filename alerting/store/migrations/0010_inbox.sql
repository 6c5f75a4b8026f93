-- +goose Up

-- What partners sent, byte for byte. id is made of the bytes; alert is '' for what names none; draft is '' where the desk has none.
CREATE TABLE inbox (
    id          TEXT   NOT NULL PRIMARY KEY,
    source      TEXT   NOT NULL,
    received_ms BIGINT NOT NULL,
    alert       TEXT   NOT NULL,
    title       TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    document    BYTEA  NOT NULL,
    draft       TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX inbox_alert ON inbox (alert);
CREATE INDEX inbox_state ON inbox (state, received_ms);

-- Entries of feeds whose documents are in the inbox: they are not fetched again.
CREATE TABLE inbox_seen (
    source TEXT   NOT NULL,
    entry  TEXT   NOT NULL,
    at_ms  BIGINT NOT NULL,
    PRIMARY KEY (source, entry)
) /* sqlite: WITHOUT ROWID */;

-- Who reads a feed, and until when nobody else does.
CREATE TABLE inbox_feeds (
    source   TEXT   NOT NULL PRIMARY KEY,
    holder   TEXT   NOT NULL,
    until_ms BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
DROP TABLE inbox_feeds;
DROP TABLE inbox_seen;
DROP TABLE inbox;
