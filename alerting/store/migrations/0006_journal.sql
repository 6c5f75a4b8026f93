-- +goose Up

-- Who did what: package journal. Entries are added only; hash covers the whole entry and previous, the hash before it.
CREATE TABLE journal (
    number   BIGINT NOT NULL PRIMARY KEY,
    at_ms    BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    verb     TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    previous BYTEA  NOT NULL,
    hash     BYTEA  NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX journal_subject ON journal (subject, number);
CREATE INDEX journal_actor ON journal (actor, number);

-- Where the chain ends: one row, whose lock makes those who append take turns. hash is NULL while there is no entry.
CREATE TABLE journal_head (
    id     BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    hash   BYTEA
) /* sqlite: WITHOUT ROWID */;
INSERT INTO journal_head (id, number) VALUES (1, 0);

-- +goose Down
DROP TABLE journal_head;
DROP TABLE journal;
