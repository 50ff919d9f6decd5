-- Up to when a node's transactions have been counted, by the database's clock; 0 is a node that has not said so.

ALTER TABLE nodes ADD COLUMN counted_ms BIGINT NOT NULL DEFAULT 0;
