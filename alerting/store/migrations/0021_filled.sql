-- +goose Up

-- Which template and values a document came from, and the words that were prepared for its end, as JSON (alerting.Origin); ''
-- when it came from none.
ALTER TABLE draft_versions ADD COLUMN filled TEXT NOT NULL DEFAULT '';
ALTER TABLE issues ADD COLUMN filled TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE issues DROP COLUMN filled;
ALTER TABLE draft_versions DROP COLUMN filled;
