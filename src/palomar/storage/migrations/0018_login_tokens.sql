-- Tokens that a log-in made end with the password; those that were made by name have a life of their own.

ALTER TABLE tokens ADD COLUMN by_login BIGINT NOT NULL DEFAULT 0;
UPDATE tokens SET by_login = 1 WHERE name = 'login';
