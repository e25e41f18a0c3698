-- Backups that another process waits for. Whoever asked deletes the row; `beat` grows as long as the server works on it.
CREATE TABLE backup (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,                 -- absolute path of the folder to make
    state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'running', 'done', 'flawed', 'failed')),
    message TEXT NOT NULL DEFAULT '',     -- how far it is, or what came of it
    beat INTEGER NOT NULL DEFAULT 0
);
