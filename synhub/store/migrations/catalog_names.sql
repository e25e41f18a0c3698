-- The words of names and displayIds of parts, folded: what autocompletion finds by their beginnings. graph is that of
-- the row of top_level: without it, what a graph has of a frequent beginning could not be cut out.
CREATE TABLE name_word (
  graph INTEGER NOT NULL, word TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (graph, word, id)
) WITHOUT ROWID;
