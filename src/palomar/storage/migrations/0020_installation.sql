-- What is known of the installation as a whole and decided once. An installation that has accounts already may rely on
-- the vendors' names as senders: it is warned of them, not refused.

CREATE TABLE installation (
    name TEXT PRIMARY KEY,
    noted_ms BIGINT NOT NULL
) {clustered};

INSERT INTO installation (name, noted_ms) SELECT 'borrows_vendor_senders', 0 WHERE EXISTS (SELECT 1 FROM accounts);
