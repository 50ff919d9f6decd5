-- An inbound message has an owner, and waits until all its parts have come (whole is 0 meanwhile, and its text empty).

ALTER TABLE inbound RENAME COLUMN number TO parts_came;
ALTER TABLE inbound ADD COLUMN account_id BIGINT;
ALTER TABLE inbound ADD COLUMN whole BIGINT NOT NULL DEFAULT 1;
CREATE INDEX inbound_by_account ON inbound (account_id, id);
CREATE INDEX inbound_waiting ON inbound (received_ms, id) WHERE whole = 0;

CREATE TABLE inbound_parts (
    same TEXT PRIMARY KEY,
    inbound_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    received_ms BIGINT NOT NULL
);
CREATE INDEX inbound_parts_by_message ON inbound_parts (inbound_id);
CREATE INDEX inbound_parts_by_age ON inbound_parts (received_ms);

-- A number may have words of its own; NULL: its account's.
ALTER TABLE virtual_numbers ADD COLUMN stop_words TEXT;
ALTER TABLE virtual_numbers ADD COLUMN start_words TEXT;
