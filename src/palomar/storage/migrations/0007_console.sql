-- Who logs in to the console, their sessions, and who failed to. What a browser holds is a secret of which only a hash
-- is kept here; stamp is a hash of the password that opened the session, so that another password ends it.

CREATE TABLE users (
    id {identity} PRIMARY KEY,
    login TEXT NOT NULL,
    login_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    account_id BIGINT,
    enabled BIGINT NOT NULL,
    totp_secret {bytes},
    totp_step BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE sessions (
    digest {bytes} PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    user_id BIGINT,
    account_id BIGINT,
    stamp {bytes} NOT NULL,
    awaits_code BIGINT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_end ON sessions (expires_ms);

CREATE TABLE login_failures (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_ms BIGINT NOT NULL
);
CREATE INDEX login_failures_by_age ON login_failures (last_ms);
