-- +goose Up

-- What a draft is called in each of its languages, as JSON (desk.Title), so that no list reads documents; '' for one that was written before
-- there were any, until its next version.
ALTER TABLE drafts ADD COLUMN titles TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE drafts DROP COLUMN titles;
