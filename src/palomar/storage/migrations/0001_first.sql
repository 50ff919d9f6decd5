-- The first storey. BIGINT holds ids, microcredits and milliseconds since 1970; flags are 0 or 1.
-- Three words differ between the engines and are filled in: {identity} (SQLite makes the key the row's place in the table,
-- with no second index, only where it is spelt INTEGER), {bytes}, and {clustered} (a table that is its primary key).

CREATE TABLE changes (id {identity} PRIMARY KEY, version BIGINT NOT NULL);
INSERT INTO changes (id, version) VALUES (1, 1);

CREATE TABLE commits (lane TEXT PRIMARY KEY, mark BIGINT NOT NULL);

CREATE TABLE nodes (
    id {identity} PRIMARY KEY,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    lease_until_ms BIGINT NOT NULL
);

CREATE TABLE accounts (
    id {identity} PRIMARY KEY,
    login TEXT NOT NULL,
    login_key TEXT NOT NULL UNIQUE,
    parent_id BIGINT,
    name TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    may_send BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE keys (
    hash {bytes} PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    start TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);

CREATE TABLE rates (
    account_id BIGINT NOT NULL,
    country TEXT NOT NULL,
    microcredits BIGINT NOT NULL,
    PRIMARY KEY (account_id, country)
) {clustered};

CREATE TABLE balances (
    account_id {identity} PRIMARY KEY,
    available_microcredits BIGINT NOT NULL,
    reserved_microcredits BIGINT NOT NULL
);

CREATE TABLE ledger (
    entry_id BIGINT NOT NULL,
    leg BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    book TEXT NOT NULL,
    microcredits BIGINT NOT NULL,
    reason TEXT NOT NULL,
    items BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (entry_id, leg)
) {clustered};
CREATE INDEX ledger_by_account ON ledger (account_id, entry_id);

CREATE TABLE messages (
    id {identity} PRIMARY KEY,
    account_id BIGINT NOT NULL,
    dialect TEXT NOT NULL,
    subid TEXT NOT NULL,
    label TEXT NOT NULL,
    sender TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    country TEXT NOT NULL,
    text TEXT NOT NULL,
    alphabet TEXT NOT NULL,
    reference BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    parts_left BIGINT NOT NULL,
    parts_open BIGINT NOT NULL,
    worst TEXT,
    state TEXT NOT NULL,
    presumed BIGINT NOT NULL,
    rate_microcredits BIGINT NOT NULL,
    price_microcredits BIGINT NOT NULL,
    carrier TEXT NOT NULL,
    ackurl TEXT NOT NULL,
    due_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    final_ms BIGINT
);
CREATE INDEX messages_by_account ON messages (account_id, id);
CREATE INDEX messages_by_subid ON messages (subid, account_id);
CREATE INDEX messages_open ON messages (expires_ms) WHERE final_ms IS NULL;

CREATE TABLE parts (
    id {identity} PRIMARY KEY,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    carrier TEXT NOT NULL,
    carrier_reference TEXT,
    sent_ms BIGINT
);
CREATE INDEX parts_by_reference ON parts (carrier_reference) WHERE carrier_reference IS NOT NULL;

CREATE TABLE queue (
    message_id {identity} PRIMARY KEY,
    account_id BIGINT NOT NULL,
    carrier TEXT NOT NULL,
    due_ms BIGINT NOT NULL,
    node_id BIGINT
);
CREATE INDEX queue_unclaimed ON queue (carrier, due_ms) WHERE node_id IS NULL;

CREATE TABLE events (
    message_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (message_id, id)
) {clustered};

CREATE TABLE webhooks (
    id {identity} PRIMARY KEY,
    message_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    dialect TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    body {bytes},
    due_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    node_id BIGINT
);
CREATE INDEX webhooks_unclaimed ON webhooks (due_ms, id) WHERE node_id IS NULL AND failed = 0;
CREATE INDEX webhooks_failed ON webhooks (account_id, id) WHERE failed = 1;

CREATE TABLE orphans (
    id {identity} PRIMARY KEY,
    carrier TEXT NOT NULL,
    carrier_reference TEXT NOT NULL,
    state TEXT,
    stat TEXT NOT NULL,
    raw TEXT NOT NULL,
    received_ms BIGINT NOT NULL
);
CREATE INDEX orphans_by_reference ON orphans (carrier_reference);
CREATE INDEX orphans_by_time ON orphans (received_ms, id);

CREATE TABLE inbound (
    id {identity} PRIMARY KEY,
    carrier TEXT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    text TEXT NOT NULL,
    reference BIGINT,
    number BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    same TEXT NOT NULL UNIQUE,
    received_ms BIGINT NOT NULL
);
