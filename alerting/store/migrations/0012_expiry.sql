-- +goose Up

-- That an alert may end as it says: the answer of an officer who was asked before its expiry.
CREATE TABLE lapses (
    alert TEXT   NOT NULL PRIMARY KEY,
    actor TEXT   NOT NULL,
    at_ms BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
DROP TABLE lapses;
