-- The words of messages, to search them. On SQLite they have a file of their own, which the driver makes: lines that
-- begin with {only_postgres} are not for it. rowid is the message's id; it has SQLite's name, so that both are asked alike.

{only_postgres}CREATE TABLE message_words (rowid {identity} PRIMARY KEY, body TSVECTOR NOT NULL);
{only_postgres}CREATE INDEX message_words_by_word ON message_words USING gin (body) WITH (gin_pending_list_limit = 256);
{only_postgres}CREATE TABLE indexed (id {identity} PRIMARY KEY, to_id BIGINT NOT NULL, checked_id BIGINT NOT NULL);
{only_postgres}INSERT INTO indexed (id, to_id, checked_id) VALUES (1, 0, 0);
