-- What is played with while nothing real can be sent: how far the clock is ahead, and what simulators do wrong on purpose.

CREATE TABLE sandbox_clock (id {identity} PRIMARY KEY, ahead_ms BIGINT NOT NULL);
INSERT INTO sandbox_clock (id, ahead_ms) VALUES (1, 0);

CREATE TABLE chaos (carrier TEXT PRIMARY KEY, script TEXT NOT NULL, set_ms BIGINT NOT NULL);
