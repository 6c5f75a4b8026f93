-- +goose Up

-- The outlines of administrative units: their polygons, packed (package audience), and the box around them in degrees.
CREATE TABLE unit_outlines (
    code    TEXT             NOT NULL PRIMARY KEY,
    outline BYTEA            NOT NULL,
    points  BIGINT           NOT NULL,
    west    DOUBLE PRECISION NOT NULL,
    south   DOUBLE PRECISION NOT NULL,
    east    DOUBLE PRECISION NOT NULL,
    north   DOUBLE PRECISION NOT NULL
);

-- One row, which counts the changes of units and outlines: what was prepared from them is good while it stands still.
CREATE TABLE unit_edition (
    id      BIGINT NOT NULL PRIMARY KEY,
    edition BIGINT NOT NULL
);
INSERT INTO unit_edition (id, edition) VALUES (1, 0);

-- For which administrative unit a draft was written, and an alert issued; '' is the whole office.
ALTER TABLE drafts ADD COLUMN unit TEXT NOT NULL DEFAULT '';
ALTER TABLE issues ADD COLUMN unit TEXT NOT NULL DEFAULT '';
CREATE INDEX drafts_unit ON drafts (unit, updated_ms);
CREATE INDEX issues_unit ON issues (unit, created_ms);

-- +goose Down
DROP INDEX issues_unit;
DROP INDEX drafts_unit;
ALTER TABLE issues DROP COLUMN unit;
ALTER TABLE drafts DROP COLUMN unit;
DROP TABLE unit_edition;
DROP TABLE unit_outlines;
