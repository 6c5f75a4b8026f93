-- +goose Up

-- When an operator picked a wrong place the last three times, the latest as third; 0 for never.
CREATE TABLE place_misses (
    operator  TEXT   NOT NULL PRIMARY KEY,
    first_ms  BIGINT NOT NULL,
    second_ms BIGINT NOT NULL,
    third_ms  BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
DROP TABLE place_misses;
