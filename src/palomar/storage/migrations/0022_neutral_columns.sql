-- What a request and its callbacks are called no longer bears one vendor's names. The index messages_by_subid covers
-- the renamed column and keeps its name: SQLite could only build it anew.
ALTER TABLE messages RENAME COLUMN subid TO request_ref;
ALTER TABLE messages RENAME COLUMN ackurl TO status_url;
ALTER TABLE messages RENAME COLUMN clickurl TO click_url;
