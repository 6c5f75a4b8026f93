-- +goose Up

-- Windows of public tests. body is the window with its signatures, closing what ended it before its time: a row counts for
-- nothing that two operators have not signed. closed_ms is 0 while nobody has closed it.
CREATE TABLE test_windows (
    id        TEXT   NOT NULL PRIMARY KEY,
    until_ms  BIGINT NOT NULL,
    body      TEXT   NOT NULL,
    opened_ms BIGINT NOT NULL,
    closed_ms BIGINT NOT NULL,
    closing   TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX test_windows_until ON test_windows (until_ms);

-- +goose Down
DROP TABLE test_windows;
