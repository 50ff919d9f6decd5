-- Who has failed for longest is asked every second.

CREATE INDEX callback_targets_longest ON callback_targets (since_ms, id);
