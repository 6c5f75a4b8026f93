-- +goose Up

-- Proof that a process has the keys of this office: for every key that ever was current, a row sealed with it, which
-- every process must be able to open when it starts. name is that of the key's file.
CREATE TABLE canaries (
    fingerprint TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    sealed      BYTEA  NOT NULL,
    made_ms     BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
-- Whoever adds a row counts here first: so two processes with different keys take turns, and the second sees the first.
INSERT INTO counters (name, value) VALUES ('canaries', 0);

-- +goose Down
DELETE FROM counters WHERE name = 'canaries';
DROP TABLE canaries;
