-- What happened, counted by the minute, the hour and the day (span_ms says which) of the messages' birth; account 0 is
-- everybody. delay is the class of a delivery's time, 0 where nothing was delivered.

CREATE TABLE counts (
    span_ms BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    country TEXT NOT NULL,
    carrier TEXT NOT NULL,
    dialect TEXT NOT NULL,
    state TEXT NOT NULL,
    delay BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    microcredits BIGINT NOT NULL,
    PRIMARY KEY (span_ms, start_ms, account_id, country, carrier, dialect, state, delay)
) {clustered};
CREATE INDEX counts_open ON counts (span_ms, start_ms)
    WHERE account_id = 0 AND state IN ('scheduled', 'queued', 'submitting', 'sent', 'held');
CREATE INDEX counts_empty ON counts (messages) WHERE messages = 0;

-- How far the counting is. The version rises with every change of counts; what was born before reached_ms has been
-- counted; from the other two on there are counts by the minute and by the hour.
CREATE TABLE tally (
    id {identity} PRIMARY KEY,
    version BIGINT NOT NULL,
    reached_ms BIGINT NOT NULL,
    minutes_ms BIGINT NOT NULL,
    hours_ms BIGINT NOT NULL
);
INSERT INTO tally (id, version, reached_ms, minutes_ms, hours_ms) VALUES (1, 0, 0, 0, 0);

CREATE INDEX orphans_by_carrier ON orphans (carrier, received_ms);
