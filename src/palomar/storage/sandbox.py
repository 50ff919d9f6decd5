"""The sandbox's rows: how far its clock is ahead, and a chaos script a simulated carrier."""

SELECT_AHEAD = "SELECT ahead_ms FROM sandbox_clock WHERE id = 1"
JUMP = "UPDATE sandbox_clock SET ahead_ms = ahead_ms + ? WHERE id = 1"
SELECT_SCRIPTS = "SELECT carrier, script FROM chaos ORDER BY carrier"
UPSERT_SCRIPT = (
    "INSERT INTO chaos (carrier, script, set_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (carrier) DO UPDATE SET script = excluded.script, set_ms = excluded.set_ms"
)
DELETE_SCRIPT = "DELETE FROM chaos WHERE carrier = ?"
