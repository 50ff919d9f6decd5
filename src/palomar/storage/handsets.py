"""What simulated phones were sent and wrote, newest first, in the few columns that a screen has. Conditions, an order
and a limit follow."""

from palomar.storage.statements import Lookup

SELECT_SENT = "SELECT id, account_id, sender, msisdn, text, alphabet, parts, state, carrier FROM messages"
SELECT_WRITTEN = "SELECT id, account_id, carrier, source, destination, text, parts, received_ms FROM inbound"
LOOKUP_PARTS = Lookup(
    "SELECT m.id, p.carrier, p.carrier_reference, p.attempt FROM messages m"
    " JOIN parts p ON p.id > m.id AND p.id <= m.id + m.parts WHERE m.id IN {keys}",
    "bigint",
)
LOOKUP_OWNERS = Lookup("SELECT id, account_id FROM messages WHERE id IN {keys}", "bigint")
