-- +goose Up

-- Of the people of an update: who was told before and is still inside, and who was told before and is inside no longer. The others
-- are new.
ALTER TABLE expansions ADD COLUMN people_still BIGINT NOT NULL DEFAULT 0;
ALTER TABLE expansions ADD COLUMN people_gone BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE expansions DROP COLUMN people_gone;
ALTER TABLE expansions DROP COLUMN people_still;
