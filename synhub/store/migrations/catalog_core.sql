-- The search index of top-level objects. Everything here can be built again from the triple store.

CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;  -- last_number

CREATE TABLE graph (id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE);

-- Every IRI that is a top level or that one refers to. uses: references from top levels of the public graph.
CREATE TABLE node (id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE, uses INTEGER NOT NULL DEFAULT 0);

-- id = graph.id * 2^40 + serial: the rows of a graph are one range of ids in every table below, so that no index
-- needs the graph again, and the text index can be cut to a graph without touching a row.
CREATE TABLE top_level (
  id INTEGER PRIMARY KEY,
  graph INTEGER NOT NULL,
  node INTEGER NOT NULL,
  iri TEXT NOT NULL,
  display_id TEXT NOT NULL,
  version TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  class TEXT NOT NULL,
  sbol_type TEXT,
  role TEXT,
  sort_id TEXT NOT NULL,              -- folded displayId
  sort_name TEXT NOT NULL,            -- folded name, or displayId where there is none
  uses INTEGER NOT NULL,              -- copy of node.uses
  digest BLOB NOT NULL,               -- SHA-256 of the triples, sorted; memberships apart
  facets BLOB NOT NULL,               -- keys of this row in facet, 8 bytes each
  identity INTEGER,                   -- node of the persistent identity
  version_order BLOB NOT NULL,        -- sorts the versions of one identity in Maven's order
  created INTEGER NOT NULL,           -- the earliest of those in moment; -2^62 where there is none
  modified INTEGER NOT NULL
);
CREATE UNIQUE INDEX top_level_node ON top_level (node, graph);
CREATE INDEX top_level_identity ON top_level (identity, graph, version_order);
CREATE INDEX top_level_rank ON top_level (graph, uses DESC, iri);
CREATE INDEX top_level_sort_id ON top_level (graph, sort_id);
CREATE INDEX top_level_sort_name ON top_level (graph, sort_name);
-- with the IRI, because many may have been created at one time, or at none
CREATE INDEX top_level_created ON top_level (graph, created, iri);
CREATE INDEX top_level_modified ON top_level (graph, modified, iri);

-- Folded text, all values of a property in one field; and its trigrams, which find any part of a word.
CREATE TABLE folded (
  id INTEGER PRIMARY KEY, display_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5 (
  display_id, name, description, content = "folded", content_rowid = "id", tokenize = "trigram case_sensitive 1"
);

-- key: 64 bits of a hash of (predicate, value), or of (predicate) alone for "has any value".
CREATE TABLE facet (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) WITHOUT ROWID;

-- dcterms:created (kind 0) and modified (kind 1) in microseconds since 1970; a time without a zone is one of UTC.
CREATE TABLE moment (
  id INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (id, kind, at)
) WITHOUT ROWID;
CREATE INDEX moment_kind ON moment (kind, at);

-- collection: top_level.id, member: node.id of a top level, or of a persistent identity for its latest version
CREATE TABLE membership (
  collection INTEGER NOT NULL, member INTEGER NOT NULL, PRIMARY KEY (collection, member)
) WITHOUT ROWID;
CREATE INDEX membership_member ON membership (member, collection);

-- source: top_level.id, target: node.id; sbol:member of a collection is in membership only. direct: 1 when the top
-- level itself says so, 0 when only its children do.
CREATE TABLE reference (
  source INTEGER NOT NULL, target INTEGER NOT NULL, direct INTEGER NOT NULL, PRIMARY KEY (source, target)
) WITHOUT ROWID;
CREATE INDEX reference_target ON reference (target, source, direct);

-- sbol:elements: the first 24 bytes of SHA-512 of the text as it stands (digest), and of the text in lower case with
-- ASCII letters in upper case (folded), which is refget's digest where the text is letters only; then md5 is its MD5.
CREATE TABLE elements (
  digest BLOB NOT NULL, id INTEGER NOT NULL, subject TEXT NOT NULL,
  folded BLOB NOT NULL, md5 BLOB, length INTEGER NOT NULL,
  PRIMARY KEY (digest, id, subject)
) WITHOUT ROWID;
CREATE INDEX elements_id ON elements (id);
CREATE INDEX elements_folded ON elements (folded);
CREATE INDEX elements_md5 ON elements (md5) WHERE md5 IS NOT NULL;

-- How often a class occurs in a top level, children included, and the sums of what is not hidden, by graph.
CREATE TABLE class (id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE);
CREATE TABLE class_use (
  id INTEGER NOT NULL, class INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (id, class)
) WITHOUT ROWID;
CREATE TABLE class_count (
  graph INTEGER NOT NULL, class INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (graph, class)
) WITHOUT ROWID;

-- Top levels whose removal has been committed and whose quads are still there.
CREATE TABLE hidden (id INTEGER PRIMARY KEY);
