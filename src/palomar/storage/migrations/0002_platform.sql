-- What the other dialects rest on: tokens, short ids, idempotency, filters, links, numbers, blocks.

CREATE TABLE secrets (name TEXT PRIMARY KEY, value {bytes} NOT NULL);

CREATE TABLE tokens (
    id {identity} PRIMARY KEY,
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);
CREATE INDEX tokens_by_account ON tokens (account_id, id);

CREATE TABLE counters (account_id {identity} PRIMARY KEY, last_short_id BIGINT NOT NULL);

CREATE TABLE short_ids (
    account_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
) {clustered};

CREATE TABLE idempotency (
    scope {bytes} PRIMARY KEY,
    request {bytes} NOT NULL,
    status BIGINT NOT NULL,
    answer {bytes} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX idempotency_by_age ON idempotency (created_ms);

-- What an account sent lately (digest of number and text), for the duplicates filter.
CREATE TABLE recent (
    digest {bytes} PRIMARY KEY,
    sent_ms BIGINT NOT NULL
);
CREATE INDEX recent_by_age ON recent (sent_ms);

CREATE TABLE daily (
    account_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
) {clustered};

-- Numbers that get nothing: account 0 is everybody's list; word says what the phone wrote, empty if an operator did it.
CREATE TABLE blocked_numbers (
    account_id BIGINT NOT NULL,
    msisdn TEXT NOT NULL,
    word TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (account_id, msisdn)
) {clustered};

CREATE TABLE virtual_numbers (
    number TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE links (
    code TEXT PRIMARY KEY,
    message_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX links_by_message ON links (message_id);

CREATE TABLE clicks (
    id {identity} PRIMARY KEY,
    code TEXT NOT NULL,
    message_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    robot BIGINT NOT NULL
);
CREATE INDEX clicks_by_message ON clicks (message_id, id);

-- Accounts and addresses blocked for abuse; level grows with each block.
CREATE TABLE blocks (
    subject TEXT PRIMARY KEY,
    level BIGINT NOT NULL,
    reason TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);

CREATE TABLE templates (
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (account_id, name)
) {clustered};

CREATE TABLE topups (
    id {identity} PRIMARY KEY,
    account_id BIGINT NOT NULL,
    month BIGINT NOT NULL,
    microcredits BIGINT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX topups_by_account ON topups (account_id, month);

ALTER TABLE messages ADD COLUMN extra TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN clickurl TEXT NOT NULL DEFAULT '';
