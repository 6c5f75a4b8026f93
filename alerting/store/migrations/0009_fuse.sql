-- +goose Up

-- 1: an officer saw that the alert reaches far more than those who approved it were shown, and let it go on.
ALTER TABLE expansions ADD COLUMN proceed SMALLINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE expansions DROP COLUMN proceed;
