-- +goose Up

-- Administrative acts that two people must sign. proposal is the change as JSON, without body and signatures; body is sealed; signed
-- is the signatures as JSON, the proposer's first.
CREATE TABLE changes (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    proposal    TEXT   NOT NULL,
    body        BYTEA  NOT NULL,
    signed      TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    actor_kind  TEXT   NOT NULL,
    note        TEXT   NOT NULL,
    proposed_ms BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL,
    ended_ms    BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX changes_proposed ON changes (proposed_ms, id);
CREATE INDEX changes_state ON changes (state, proposed_ms, id);
-- Whoever makes a change takes this row first, so that one is made after the other.
INSERT INTO counters (name, value) VALUES ('changes', 0);

-- What the lists of the API are read by, page after page.
CREATE INDEX drafts_updated ON drafts (updated_ms, id);
CREATE INDEX inbox_received ON inbox (received_ms, id);
CREATE INDEX expansions_issued ON expansions (issued_ms, alert);

-- +goose Down
DROP INDEX expansions_issued;
DROP INDEX inbox_received;
DROP INDEX drafts_updated;
DELETE FROM counters WHERE name = 'changes';
DROP TABLE changes;
