-- +goose Up

-- The counters of an alert as they stood when it was sealed, as the ledger writes them (JSON). Empty: it is not sealed, or was before there
-- were any; then its pages are counted.
ALTER TABLE expansions ADD COLUMN totals TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE expansions DROP COLUMN totals;
