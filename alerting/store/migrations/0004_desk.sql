-- +goose Up

-- kind is the CAP msgType, refs the alerts that it references (JSON), expires_ms its end. stopped_by is the message that
-- cancelled or superseded it, set when that message was accepted by the desk.
ALTER TABLE issues ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE issues ADD COLUMN refs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE issues ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE issues ADD COLUMN stopped_by TEXT NOT NULL DEFAULT '';
CREATE INDEX issues_stopped_by ON issues (stopped_by);

-- +goose Down
DROP INDEX issues_stopped_by;
ALTER TABLE issues DROP COLUMN stopped_by;
ALTER TABLE issues DROP COLUMN expires_ms;
ALTER TABLE issues DROP COLUMN refs;
ALTER TABLE issues DROP COLUMN kind;
