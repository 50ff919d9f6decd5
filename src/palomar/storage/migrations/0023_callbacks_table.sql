-- The outbox is called callbacks, as everywhere else. Its indexes are made anew, because SQLite renames none; they
-- cover only what waits or has failed.
ALTER TABLE webhooks RENAME TO callbacks;
{only_postgres}ALTER INDEX webhooks_pkey RENAME TO callbacks_pkey;
DROP INDEX webhooks_unclaimed;
DROP INDEX webhooks_unclaimed_of_message;
DROP INDEX webhooks_failed;
DROP INDEX webhooks_failed_of_target;
DROP INDEX webhooks_troubled;
CREATE INDEX callbacks_unclaimed ON callbacks (account_id, target, due_ms, id) WHERE node_id IS NULL AND failed = 0;
CREATE INDEX callbacks_unclaimed_of_message ON callbacks (message_id, id) WHERE node_id IS NULL AND failed = 0;
CREATE INDEX callbacks_failed ON callbacks (account_id, id) WHERE failed = 1;
CREATE INDEX callbacks_failed_of_target ON callbacks (target, id) WHERE failed = 1;
CREATE INDEX callbacks_troubled ON callbacks (id) WHERE failed = 1 OR attempts > 0;
