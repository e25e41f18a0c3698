-- Accounts, and what proves who somebody is. Times are UTC text of one width, so that they sort.

-- A row stays for ever, also of a disabled account: whoever took its name again would own its objects.
CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,       -- folded
    affiliation TEXT NOT NULL,
    password TEXT NOT NULL,               -- argon2id, with its parameters
    is_admin INTEGER NOT NULL,
    is_curator INTEGER NOT NULL,
    is_member INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL,
    updated TEXT NOT NULL
);
CREATE TRIGGER user_stays BEFORE DELETE ON user BEGIN
    SELECT RAISE(ABORT, 'accounts are disabled, never deleted: their names must not be used again');
END;
CREATE TRIGGER user_keeps_name BEFORE UPDATE OF id, username ON user BEGIN
    SELECT RAISE(ABORT, 'a user name is part of IRIs and cannot change');
END;

CREATE TABLE token (
    id TEXT PRIMARY KEY,                  -- public: names the token in listings
    hash BLOB NOT NULL UNIQUE,            -- SHA-256 of the token's text
    user INTEGER NOT NULL REFERENCES user (id),
    label TEXT NOT NULL,
    agent TEXT NOT NULL,
    created TEXT NOT NULL,
    last_used TEXT NOT NULL               -- exact to the hour
) WITHOUT ROWID;
CREATE INDEX token_user ON token (user);
CREATE INDEX token_last_used ON token (last_used);

CREATE TABLE session (
    hash BLOB PRIMARY KEY,                -- SHA-256 of the cookie's value
    user INTEGER NOT NULL REFERENCES user (id),
    created TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_user ON session (user);
CREATE INDEX session_created ON session (created);

-- What the instance decided once, for instance its URI prefix.
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
