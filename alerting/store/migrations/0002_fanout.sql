-- +goose Up

-- The envelope as issued (JSON), so that an expansion can be resumed from SQL alone; chain lists the alerts whose told
-- people are told again, newest first (JSON); nothing is done before due_ms.
ALTER TABLE expansions ADD COLUMN envelope BYTEA;
ALTER TABLE expansions ADD COLUMN refs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE expansions ADD COLUMN chain TEXT NOT NULL DEFAULT '[]';
ALTER TABLE expansions ADD COLUMN due_ms BIGINT NOT NULL DEFAULT 0;

-- An exercise never stops an actual alert: a tombstone holds in its own world only.
ALTER TABLE tombstones ADD COLUMN world TEXT NOT NULL DEFAULT '';

-- epoch is that of the expansion when the page was written. origin is the alert that the people of the page were told of
-- before. later marks, as targets does, who is told only after due_ms.
ALTER TABLE manifest ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE manifest ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE manifest ADD COLUMN later BYTEA;
ALTER TABLE manifest ADD COLUMN due_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE manifest ADD COLUMN later_produced SMALLINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE manifest DROP COLUMN later_produced;
ALTER TABLE manifest DROP COLUMN due_ms;
ALTER TABLE manifest DROP COLUMN later;
ALTER TABLE manifest DROP COLUMN origin;
ALTER TABLE manifest DROP COLUMN epoch;
ALTER TABLE tombstones DROP COLUMN world;
ALTER TABLE expansions DROP COLUMN due_ms;
ALTER TABLE expansions DROP COLUMN chain;
ALTER TABLE expansions DROP COLUMN refs;
ALTER TABLE expansions DROP COLUMN envelope;
