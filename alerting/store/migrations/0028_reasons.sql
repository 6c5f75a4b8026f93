-- +goose Up

-- Why something became of a letter of a partner, in Chinese; empty where a person said it.
ALTER TABLE inbox ADD COLUMN reason_zh TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE inbox DROP COLUMN reason_zh;
