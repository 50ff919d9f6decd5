-- Messages of a day that cost nothing: tests, bad numbers, duplicates, what a black list stops.

CREATE TABLE daily_unpaid (
    account_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
) {clustered};
