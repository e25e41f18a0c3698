-- What is counted beside a search: the values of rdf:type (kind 0), sbol:type (1), sbol:role (2) and dc:creator (3).
-- key: that of the value in facet.
CREATE TABLE facet_value (
  id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, kind INTEGER NOT NULL, term TEXT NOT NULL
);

-- id: top_level.id. The same as in facet, by object: to count what some thousand objects have.
CREATE TABLE facet_of (id INTEGER NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (id, value)) WITHOUT ROWID;

-- The sums of what is not hidden, by graph.
CREATE TABLE facet_count (
  graph INTEGER NOT NULL, value INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (graph, value)
) WITHOUT ROWID;
