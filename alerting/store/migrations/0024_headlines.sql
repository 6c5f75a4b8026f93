-- +goose Up

-- What an issued alert is called, for lists and the search in the archive: it is written with the issue, and says nothing that the
-- document does not. stopped_by is that of the issue. said is everything that a search looks through, in lower case. titles are by language, as JSON.
CREATE TABLE headlines (
    alert      TEXT   NOT NULL PRIMARY KEY,
    world      TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    lane       TEXT   NOT NULL,
    sender     TEXT   NOT NULL,
    severity   TEXT   NOT NULL,
    categories TEXT   NOT NULL,
    titles     TEXT   NOT NULL,
    said       TEXT   NOT NULL,
    entered_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    stopped_by TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX headlines_latest ON headlines (world, entered_ms, alert);
CREATE INDEX headlines_expires ON headlines (world, expires_ms);
CREATE INDEX headlines_stopped ON headlines (stopped_by);

-- +goose Down
DROP TABLE headlines;
