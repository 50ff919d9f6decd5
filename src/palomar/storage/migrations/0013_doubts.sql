-- Copies of parts of which nobody knows whether their carrier took them: what is repeated is counted here, and a receipt
-- that comes for a copy finds its part here, whichever carrier the next copy went by. ``reference`` is the carrier's id
-- for the copy, once an answer or a receipt has told it.
CREATE TABLE doubts (
    part_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    carrier TEXT NOT NULL,
    phone TEXT NOT NULL,
    sender TEXT NOT NULL,
    cause TEXT NOT NULL,
    reference TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (part_id, attempt)
) {clustered};
CREATE INDEX doubts_by_phone ON doubts (phone) WHERE reference = '';
CREATE INDEX doubts_by_reference ON doubts (reference) WHERE reference <> '';
CREATE INDEX doubts_by_age ON doubts (at_ms);

INSERT INTO doubts (part_id, attempt, carrier, phone, sender, cause, reference, at_ms)
SELECT p.id, p.attempt, p.carrier,
    CASE WHEN length(m.msisdn) > 8 THEN substr(m.msisdn, length(m.msisdn) - 7) ELSE m.msisdn END,
    '', 'unanswered', '', m.due_ms
FROM parts p JOIN messages m ON m.id = (p.id & ~255) WHERE p.state = 'held';
DROP INDEX parts_in_doubt;

-- Receipts that came before the doubt was decided are looked for by the phone that they name.
CREATE INDEX orphans_by_phone ON orphans
    ((CASE WHEN length(msisdn) > 8 THEN substr(msisdn, length(msisdn) - 7) ELSE msisdn END));
CREATE INDEX orphans_by_sender ON orphans
    ((CASE WHEN length(sender) > 8 THEN substr(sender, length(sender) - 7) ELSE sender END));

-- How often a lane's messages are sent again when nobody knows whether the carrier has them; NULL is the account's.
ALTER TABLE lanes ADD COLUMN resend_times BIGINT;
ALTER TABLE lanes ADD COLUMN resend_pause BIGINT;
ALTER TABLE lanes ADD COLUMN resend_factor BIGINT;
