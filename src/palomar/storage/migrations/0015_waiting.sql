-- What waits for a carrier is counted, and found by its age, without reading anything else.
ALTER TABLE queue ADD COLUMN parts BIGINT NOT NULL DEFAULT 1;
UPDATE queue SET parts = (SELECT m.parts FROM messages m WHERE m.id = queue.message_id)
    WHERE EXISTS (SELECT 1 FROM messages m WHERE m.id = queue.message_id);
CREATE INDEX queue_waiting ON queue (carrier, due_ms, parts);
