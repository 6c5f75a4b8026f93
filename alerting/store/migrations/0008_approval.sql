-- +goose Up

-- What is being written, and what waits for approval. version is the present one; release_ms is 0 for at once.
CREATE TABLE drafts (
    id         TEXT   NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    alert      TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    release_ms BIGINT NOT NULL,
    reason     TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX drafts_state ON drafts (state, updated_ms);
CREATE INDEX drafts_alert ON drafts (alert);

-- Every version that there ever was; people and sirens are those that it would have reached when it was submitted.
CREATE TABLE draft_versions (
    draft    TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    author   TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    at_ms    BIGINT NOT NULL,
    document BYTEA  NOT NULL,
    wanted   TEXT   NOT NULL,
    people   BIGINT NOT NULL,
    sirens   BIGINT NOT NULL,
    PRIMARY KEY (draft, version)
) /* sqlite: WITHOUT ROWID */;

-- Signatures: one of an operator on a version. Package approval says what they are worth.
CREATE TABLE draft_signatures (
    draft    TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    operator TEXT   NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (draft, version, operator)
) /* sqlite: WITHOUT ROWID */;

-- What a caller called the request that made a draft: the same request again is the same draft.
CREATE TABLE draft_requests (
    actor   TEXT  NOT NULL,
    request TEXT  NOT NULL,
    draft   TEXT  NOT NULL,
    digest  BYTEA NOT NULL,
    PRIMARY KEY (actor, request)
) /* sqlite: WITHOUT ROWID */;

-- Whose keys are whose, and which are nobody's any more. Each row carries the signatures that make it true.
CREATE TABLE enrolments (
    key_id TEXT   NOT NULL PRIMARY KEY,
    at_ms  BIGINT NOT NULL,
    body   TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE TABLE revocations (
    key_id TEXT   NOT NULL PRIMARY KEY,
    at_ms  BIGINT NOT NULL,
    body   TEXT   NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
DROP TABLE revocations;
DROP TABLE enrolments;
DROP TABLE draft_requests;
DROP TABLE draft_signatures;
DROP TABLE draft_versions;
DROP TABLE drafts;
