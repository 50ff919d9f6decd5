-- What carriers send that is odd, counted: words of receipts that nobody knows, PDUs that are not quite sound.
CREATE TABLE oddities (
    carrier TEXT NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    times BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (carrier, kind, what)
) {clustered};
