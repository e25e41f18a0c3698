-- Sets of top levels: which ids have a term. A kind says what the terms are (catalog/postings.py). chunk: id >> 12, so
-- that the chunks of a graph are one range. ids: the low 12 bits of each id, ascending, 2 bytes each; or, of 32 ids and
-- more, 512 bytes with a bit for each. What is hidden is in here like all else: readers leave it out.
CREATE TABLE posting (
  kind INTEGER NOT NULL, term INTEGER NOT NULL, chunk INTEGER NOT NULL, ids BLOB NOT NULL,
  PRIMARY KEY (kind, term, chunk)
) WITHOUT ROWID;

-- The words of folded texts, and what finds them by any part of theirs. A word that nothing holds any more stays.
CREATE TABLE vocabulary (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE vocabulary_part USING fts5 (
  word, content = "vocabulary", content_rowid = "id", tokenize = "trigram case_sensitive 1", detail = "none",
  columnsize = 0
);

-- The members of a collection (its row id) in the order of a column: 0 name, 1 displayId, 2 class and displayId.
-- Members that are named by their identity alone are not in here: which version that is changes.
CREATE TABLE listing (
  collection INTEGER NOT NULL, sort INTEGER NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL,
  PRIMARY KEY (collection, sort, key, id)
) WITHOUT ROWID;
