-- Who has been let in from where, so that a block of the address spares them; and proxies that nobody told us of.

CREATE TABLE known_callers (
    address TEXT NOT NULL,
    login_key TEXT NOT NULL,
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (address, login_key)
);
CREATE INDEX known_callers_by_age ON known_callers (last_ms);

CREATE TABLE unknown_proxies (address TEXT PRIMARY KEY, last_ms BIGINT NOT NULL);
