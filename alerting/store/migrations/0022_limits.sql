-- +goose Up

-- What people have ordered of gateways besides the configuration; no row: nothing. rate is in permits a second, 0 for that of the
-- configuration; paused_until_ms is 0 for no pause. version grows with every change of the rate.
CREATE TABLE gateway_limits (
    gateway         TEXT             NOT NULL PRIMARY KEY,
    rate            DOUBLE PRECISION NOT NULL,
    version         BIGINT           NOT NULL,
    paused_until_ms BIGINT           NOT NULL,
    reason          TEXT             NOT NULL,
    actor           TEXT             NOT NULL,
    changed_ms      BIGINT           NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- +goose Down
DROP TABLE gateway_limits;
