-- +goose Up

-- sealed: the final states stand in the manifest, and the ledger has forgotten the alert.
ALTER TABLE expansions ADD COLUMN sealed SMALLINT NOT NULL DEFAULT 0;
-- Who was told again of a stopped alert is looked up by it.
CREATE INDEX manifest_origin ON manifest (origin);

-- +goose Down
DROP INDEX manifest_origin;
ALTER TABLE expansions DROP COLUMN sealed;
