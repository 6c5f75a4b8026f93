-- +goose Up

-- Feeds ask every second what was issued last and what is over: without these, each question would read documents.
CREATE INDEX issues_live ON issues (state, expires_ms);
CREATE INDEX issues_latest ON issues (state, issued_ms);

-- +goose Down
DROP INDEX issues_latest;
DROP INDEX issues_live;
