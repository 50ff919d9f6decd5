-- Which carrier takes what, in which order messages wait, and what carriers have taught us.

CREATE TABLE routes (
    id {identity} PRIMARY KEY,
    name TEXT NOT NULL,
    carrier TEXT NOT NULL,
    priority BIGINT NOT NULL,
    weight BIGINT NOT NULL,
    cost_microcredits BIGINT NOT NULL,
    prefix TEXT NOT NULL,
    country TEXT NOT NULL,
    sender TEXT NOT NULL,
    account_id BIGINT,
    label TEXT NOT NULL,
    dialect TEXT NOT NULL,
    hours TEXT NOT NULL,
    enabled BIGINT NOT NULL
);

CREATE TABLE sender_rules (
    id {identity} PRIMARY KEY,
    carrier TEXT NOT NULL,
    country TEXT NOT NULL,
    form TEXT NOT NULL,
    action TEXT NOT NULL,
    replacement TEXT NOT NULL
);

CREATE TABLE lanes (
    id {identity} PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    rank BIGINT NOT NULL,
    account_id BIGINT,
    label TEXT NOT NULL,
    sender TEXT NOT NULL,
    pattern TEXT NOT NULL,
    useless_after_seconds BIGINT NOT NULL,
    flash BIGINT NOT NULL
);

-- What a carrier has taught us, such as how its receipts spell the ids of its answers.
CREATE TABLE lessons (
    carrier TEXT NOT NULL,
    subject TEXT NOT NULL,
    value TEXT NOT NULL,
    learned_ms BIGINT NOT NULL,
    PRIMARY KEY (carrier, subject)
) {clustered};

-- How each node's links stand, for people and for commands beside the servers.
CREATE TABLE carrier_status (
    node_id BIGINT NOT NULL,
    carrier TEXT NOT NULL,
    status TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (node_id, carrier)
) {clustered};

-- A shared number: the first word of a text says whose it is.
CREATE TABLE keywords (
    number TEXT NOT NULL,
    word TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (number, word)
) {clustered};

-- Who goes first, by which lane, and when it is useless.
ALTER TABLE queue ADD COLUMN rank BIGINT NOT NULL DEFAULT 1;
ALTER TABLE queue ADD COLUMN lane_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN stale_ms BIGINT;
DROP INDEX queue_unclaimed;
CREATE INDEX queue_unclaimed ON queue (carrier, rank, due_ms) WHERE node_id IS NULL;
CREATE INDEX queue_stale ON queue (stale_ms) WHERE stale_ms IS NOT NULL;

-- Receipts find their part by the id that the carrier gave it, however either of them spells it.
DROP INDEX parts_by_reference;
CREATE INDEX parts_by_reference ON parts (ltrim(upper(carrier_reference), '0')) WHERE carrier_reference IS NOT NULL;
-- Parts of which nobody knew whether the carrier has them: held, or waiting to be sent again.
CREATE INDEX parts_in_doubt ON parts (carrier) WHERE attempt > 0 AND state IN ('held', 'queued');
ALTER TABLE orphans ADD COLUMN msisdn TEXT NOT NULL DEFAULT '';
ALTER TABLE orphans ADD COLUMN sender TEXT NOT NULL DEFAULT '';
ALTER TABLE orphans ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE orphans ADD COLUMN octets {bytes};
DROP INDEX orphans_by_reference;
CREATE INDEX orphans_by_reference ON orphans (ltrim(upper(carrier_reference), '0'));
