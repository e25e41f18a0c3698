-- Jobs: every change to the triple store on its way. `last_number` is the number of its newest step.
CREATE TABLE job (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('submit', 'edit', 'purge')),
    state TEXT NOT NULL CHECK (state IN ('received', 'prepared', 'planned', 'done', 'failed')),
    username TEXT NOT NULL,
    namespaces TEXT NOT NULL,             -- JSON list of IRI prefixes it touches
    fingerprint TEXT NOT NULL DEFAULT '', -- of user, fields and bytes: tells a repeat
    options TEXT NOT NULL DEFAULT '{}',
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    steps INTEGER,                        -- how many change sets; NULL while not known
    next_step INTEGER NOT NULL DEFAULT 0,
    last_number INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    pruned INTEGER NOT NULL DEFAULT 0,    -- change sets deleted from disk
    report TEXT NOT NULL DEFAULT '{}',
    error_class TEXT,
    error TEXT
);
CREATE INDEX job_username ON job (username, last_number);
CREATE INDEX job_fingerprint ON job (fingerprint, created);
CREATE INDEX job_state ON job (state) WHERE state NOT IN ('done', 'failed');
CREATE INDEX job_unpruned ON job (last_number) WHERE pruned = 0;

-- Steps in the order in which they were applied, over all jobs. The number exists before the store is touched.
CREATE TABLE step (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES job (id),
    step INTEGER NOT NULL,
    top_levels TEXT NOT NULL              -- JSON list of [graph, top level]
);
CREATE INDEX step_job ON step (job, step);

-- The newest step that touched each graph: validators of downloads.
CREATE TABLE graph_mark (graph TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE mark (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO mark VALUES ('flushed', 0);

-- What a committed removal hides until the purge has deleted its quads.
CREATE TABLE removal (
    graph TEXT NOT NULL,
    top_level TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES job (id),
    PRIMARY KEY (graph, top_level)
) WITHOUT ROWID;
CREATE INDEX removal_job ON removal (job);

-- Uploads kept as blobs from the moment their job was planned.
CREATE TABLE upload (
    job TEXT NOT NULL REFERENCES job (id),
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE INDEX upload_digest ON upload (digest);
