-- +goose Up

-- Private keys of operators, each encrypted under its operator's password; none counts that is not enrolled. failures are the wrong
-- passwords in a row, and the one that is being tried.
CREATE TABLE operator_keys (
    key_id          TEXT   NOT NULL PRIMARY KEY,
    operator        TEXT   NOT NULL,
    wrapped         BYTEA  NOT NULL,
    failures        BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL,
    created_ms      BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX operator_keys_operator ON operator_keys (operator, created_ms);

-- +goose Down
DROP TABLE operator_keys;
