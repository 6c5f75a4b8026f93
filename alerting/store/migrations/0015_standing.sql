-- +goose Up

-- Standing authorisations, each with the signatures that make it true; uses counts, and its row is locked while one is used.
CREATE TABLE standings (
    id    TEXT   NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    uses  BIGINT NOT NULL,
    body  TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- Which of them are good for nothing any more.
CREATE TABLE standing_withdrawals (
    standing TEXT   NOT NULL PRIMARY KEY,
    at_ms    BIGINT NOT NULL,
    body     TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- What went out under them. rated is 0 for what the rate does not count; due_ms is until when somebody must countersign, 0
-- for never; signed_ms is when somebody did, and body his signature.
CREATE TABLE standing_uses (
    alert     TEXT   NOT NULL PRIMARY KEY,
    standing  TEXT   NOT NULL,
    at_ms     BIGINT NOT NULL,
    rated     BIGINT NOT NULL,
    due_ms    BIGINT NOT NULL,
    signed_ms BIGINT NOT NULL,
    signed_by TEXT   NOT NULL,
    body      TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX standing_uses_rate ON standing_uses (standing, at_ms);
CREATE INDEX standing_uses_due ON standing_uses (signed_ms, due_ms);

-- +goose Down
DROP TABLE standing_uses;
DROP TABLE standing_withdrawals;
DROP TABLE standings;
