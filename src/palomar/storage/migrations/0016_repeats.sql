-- Of what phones send: when it came, by which link, and when the carrier was told that we have it; so that a repeat is
-- told from the same words once more. The octets of a part and their coding, so that parts are joined before they are read.
ALTER TABLE inbound ADD COLUMN came_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE inbound ADD COLUMN acknowledged_ms BIGINT;
ALTER TABLE inbound ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound_parts ADD COLUMN came_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE inbound_parts ADD COLUMN acknowledged_ms BIGINT;
ALTER TABLE inbound_parts ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound_parts ADD COLUMN octets {bytes};
ALTER TABLE inbound_parts ADD COLUMN coding TEXT NOT NULL DEFAULT '';

-- Links that ended (and nodes: all links that they had), and when.
CREATE TABLE broken_links (
    link TEXT PRIMARY KEY,
    broke_ms BIGINT NOT NULL
) {clustered};
CREATE INDEX broken_links_by_age ON broken_links (broke_ms);
