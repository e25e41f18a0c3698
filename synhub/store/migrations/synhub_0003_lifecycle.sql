-- The file behind an attachment. Written by the job that makes the attachment, never derived from what an upload says.
CREATE TABLE attachment (
    iri TEXT PRIMARY KEY,
    digest TEXT NOT NULL,                 -- SHA-256: names the blob
    size INTEGER NOT NULL,
    name TEXT NOT NULL,                   -- as sent
    media_type TEXT NOT NULL,
    username TEXT NOT NULL                -- whose quota it counts against
) WITHOUT ROWID;
CREATE INDEX attachment_digest ON attachment (digest);
CREATE INDEX attachment_username ON attachment (username);

-- Where published objects are now: top levels and persistent identities, old to new.
CREATE TABLE moved (iri TEXT PRIMARY KEY, new_iri TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX moved_new_iri ON moved (new_iri);

-- Who may read one top level of another's graph. The secret is kept as it is, so that the same link can be shown again:
-- it opens nothing that does not lie beside it on the disk.
CREATE TABLE share_link (
    id TEXT PRIMARY KEY,                  -- public: names the link in listings
    secret TEXT NOT NULL UNIQUE,
    graph TEXT NOT NULL,
    top_level TEXT NOT NULL,
    username TEXT NOT NULL,               -- who made it
    created TEXT NOT NULL,
    expires TEXT NOT NULL,
    moved INTEGER NOT NULL DEFAULT 0      -- published: the link leads to the public object and opens nothing more
) WITHOUT ROWID;
CREATE INDEX share_link_top_level ON share_link (top_level);
CREATE INDEX share_link_username ON share_link (username);

-- Co-owners: the object says so too, by sbh:ownedBy.
CREATE TABLE co_owner (
    username TEXT NOT NULL COLLATE NOCASE,
    graph TEXT NOT NULL,
    top_level TEXT NOT NULL,
    created TEXT NOT NULL,
    moved INTEGER NOT NULL DEFAULT 0,
    listed INTEGER NOT NULL DEFAULT 1,    -- 0: it came along with another object
    PRIMARY KEY (username, top_level)
) WITHOUT ROWID;
CREATE INDEX co_owner_top_level ON co_owner (top_level);
