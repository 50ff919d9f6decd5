-- Accounts whose low balance was told; credit that lifts them above takes the row away, so the next fall is told again.
CREATE TABLE notices (
    account_id {identity} PRIMARY KEY,
    told_ms BIGINT NOT NULL
);
