-- Attempts of callbacks by when they were made: a log for people. Other moments are found by their message only.

CREATE INDEX events_of_callbacks ON events (id) WHERE kind IN ('callback', 'callback_failed');
