-- Callbacks wait by target: whose they are, and which server they go to. What waits is found a target at a time, so that
-- however much waits for one, it stands in nobody's way. 0 is a target that nobody has looked at since the upgrade.

ALTER TABLE webhooks ADD COLUMN target BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN step BIGINT NOT NULL DEFAULT 0;
DROP INDEX webhooks_unclaimed;
CREATE INDEX webhooks_unclaimed ON webhooks (account_id, target, due_ms, id) WHERE node_id IS NULL AND failed = 0;
CREATE INDEX webhooks_unclaimed_of_message ON webhooks (message_id, id) WHERE node_id IS NULL AND failed = 0;
CREATE INDEX webhooks_failed_of_target ON webhooks (target, id) WHERE failed = 1;
CREATE INDEX webhooks_troubled ON webhooks (id) WHERE failed = 1 OR attempts > 0;

-- Targets whose last attempt failed: since when, how often, and since when nothing is tried any more.
CREATE TABLE callback_targets (
    id {identity} PRIMARY KEY,
    account_id BIGINT NOT NULL,
    origin TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    off_ms BIGINT
);
CREATE INDEX callback_targets_off ON callback_targets (account_id, id) WHERE off_ms IS NOT NULL;
