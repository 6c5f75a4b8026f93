-- +goose Up
-- There is no way down: it could only throw people and receipts away. Restore a backup instead.

-- Numbers handed out in blocks: UPDATE counters SET value = value + n WHERE name = … RETURNING value gives the last one.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
INSERT INTO counters (name, value) VALUES ('people', 0);
INSERT INTO counters (name, value) VALUES ('sirens', 0);

-- Who may be warned. wants holds one bit per CAP category, in the order of cap.Categories(); 0 means all.
CREATE TABLE people (
    id         BIGINT   NOT NULL PRIMARY KEY,
    ref        TEXT     NOT NULL UNIQUE,
    language   TEXT     NOT NULL DEFAULT '',
    wants      BIGINT   NOT NULL DEFAULT 0,
    verified   SMALLINT NOT NULL DEFAULT 0,
    opted_out  SMALLINT NOT NULL DEFAULT 0,
    created_ms BIGINT   NOT NULL,
    updated_ms BIGINT   NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- How a person is reached. sealed is the ciphertext, hash the keyed hash that finds an address without opening it.
CREATE TABLE addresses (
    person     BIGINT   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    channel    TEXT     NOT NULL,
    sealed     BYTEA    NOT NULL,
    hash       BYTEA    NOT NULL,
    verified   SMALLINT NOT NULL DEFAULT 0,
    opted_out  SMALLINT NOT NULL DEFAULT 0,
    changed_ms BIGINT   NOT NULL,
    PRIMARY KEY (person, channel)
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX addresses_hash ON addresses (hash, channel);

-- Addresses whose owners no longer want messages: kept apart from the addresses, so that deleting, pruning or importing a
-- person again never forgets it.
CREATE TABLE opt_outs (
    hash    BYTEA  NOT NULL,
    channel TEXT   NOT NULL,
    at_ms   BIGINT NOT NULL,
    PRIMARY KEY (hash, channel)
) /* sqlite: WITHOUT ROWID */;

-- Where people are: one row per place, with all that targeting and addressing need. cell is the S2 cell id with its top
-- bit flipped, so that the order of the signed numbers is that of the unsigned ids. sms, push and mail are the sealed
-- addresses that may be used now: NULL while unverified, opted out or absent.
CREATE TABLE places (
    cell         BIGINT   NOT NULL,
    person       BIGINT   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    min_severity SMALLINT NOT NULL DEFAULT 0,
    language     TEXT     NOT NULL DEFAULT '',
    wants        BIGINT   NOT NULL DEFAULT 0,
    sms          BYTEA,
    push         BYTEA,
    mail         BYTEA,
    PRIMARY KEY (cell, person)
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX places_person ON places (person);

-- The same for places named by an administrative code: code is "valueName=value", as CAP's geocode has it.
CREATE TABLE place_codes (
    code         TEXT     NOT NULL,
    person       BIGINT   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    min_severity SMALLINT NOT NULL DEFAULT 0,
    language     TEXT     NOT NULL DEFAULT '',
    wants        BIGINT   NOT NULL DEFAULT 0,
    sms          BYTEA,
    push         BYTEA,
    mail         BYTEA,
    PRIMARY KEY (code, person)
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX place_codes_person ON place_codes (person);

-- The administrative codes that are known, each with the larger unit that holds it ('' at the top).
CREATE TABLE units (
    code   TEXT NOT NULL PRIMARY KEY,
    name   TEXT NOT NULL DEFAULT '',
    parent TEXT NOT NULL DEFAULT ''
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX units_parent ON units (parent);

-- Sirens. endpoint is the sealed JSON record that the siren's gateway reads; cell as in places; programmes is JSON.
CREATE TABLE sirens (
    id          BIGINT           NOT NULL PRIMARY KEY,
    ref         TEXT             NOT NULL UNIQUE,
    name        TEXT             NOT NULL DEFAULT '',
    cell        BIGINT           NOT NULL,
    lat         DOUBLE PRECISION NOT NULL,
    lon         DOUBLE PRECISION NOT NULL,
    group_name  TEXT             NOT NULL DEFAULT '',
    protocol    TEXT             NOT NULL,
    gateway     TEXT             NOT NULL,
    endpoint    BYTEA            NOT NULL,
    programmes  TEXT             NOT NULL DEFAULT '{}',
    max_seconds BIGINT           NOT NULL DEFAULT 0,
    enabled     SMALLINT         NOT NULL DEFAULT 1,
    created_ms  BIGINT           NOT NULL,
    updated_ms  BIGINT           NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX sirens_cell ON sirens (cell);

-- What the desk issued. state is issuing until the stream acknowledged the record, then issued.
CREATE TABLE issues (
    alert      TEXT   NOT NULL PRIMARY KEY,
    world      TEXT   NOT NULL,
    digest     BYTEA  NOT NULL,
    document   BYTEA  NOT NULL,
    envelope   BYTEA  NOT NULL,
    state      TEXT   NOT NULL,
    actor      TEXT   NOT NULL DEFAULT '',
    created_ms BIGINT NOT NULL,
    issued_ms  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX issues_state ON issues (state);

-- One row per issued alert that fan-out works, or worked, on. cursor and page move together, by compare-and-set.
CREATE TABLE expansions (
    alert           TEXT   NOT NULL PRIMARY KEY,
    world           TEXT   NOT NULL,
    epoch           BIGINT NOT NULL DEFAULT 0,
    lane            TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    state           TEXT   NOT NULL,
    cursor          TEXT   NOT NULL DEFAULT '',
    page            BIGINT NOT NULL DEFAULT 0,
    people          BIGINT NOT NULL DEFAULT 0,
    targeted_sms    BIGINT NOT NULL DEFAULT 0,
    targeted_push   BIGINT NOT NULL DEFAULT 0,
    targeted_mail   BIGINT NOT NULL DEFAULT 0,
    targeted_siren  BIGINT NOT NULL DEFAULT 0,
    issued_ms       BIGINT NOT NULL,
    expires_ms      BIGINT NOT NULL,
    reason          TEXT   NOT NULL DEFAULT '',
    notes           TEXT   NOT NULL DEFAULT '',
    created_ms      BIGINT NOT NULL,
    updated_ms      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX expansions_state ON expansions (state);

-- Alerts that a later message stopped, seen or not yet seen.
CREATE TABLE tombstones (
    alert    TEXT   NOT NULL PRIMARY KEY,
    by_alert TEXT   NOT NULL,
    at_ms    BIGINT NOT NULL
);

-- One row per page of an alert: who is on it in place order, and which channels target whom. sealed holds the final
-- states once the alert is closed for good.
CREATE TABLE manifest (
    alert    TEXT     NOT NULL,
    page     BIGINT   NOT NULL,
    kind     TEXT     NOT NULL,
    persons  BYTEA    NOT NULL,
    infos    BYTEA,
    targets  BYTEA,
    inside   BYTEA,
    produced SMALLINT NOT NULL DEFAULT 0,
    sealed   BYTEA,
    PRIMARY KEY (alert, page)
) /* sqlite: WITHOUT ROWID */;

-- Places that are told again once a send of the stopped alert can no longer land.
CREATE TABLE corrections (
    alert   TEXT     NOT NULL,
    channel TEXT     NOT NULL,
    page    BIGINT   NOT NULL,
    place   SMALLINT NOT NULL,
    due_ms  BIGINT   NOT NULL,
    done    SMALLINT NOT NULL DEFAULT 0,
    PRIMARY KEY (alert, channel, page, place)
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX corrections_due ON corrections (done, due_ms);
