-- What is counted beside a search: the values of rdf:type (kind 0), sbol:type (1), sbol:role (2) and dc:creator (3).
-- key: that of the value in facet.
CREATE TABLE facet_value (
  id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, kind INTEGER NOT NULL, term TEXT NOT NULL
);

CREATE INDEX facet_value_kind ON facet_value (kind);

-- How many objects have a value, less what is hidden, by graph.
CREATE TABLE facet_count (
  graph INTEGER NOT NULL, value INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (graph, value)
) WITHOUT ROWID;

-- The creators of an object (top_level.id): of the other kinds there are so few values that each is asked for its
-- objects, of creators there can be as many as objects.
CREATE TABLE creator (id INTEGER NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (id, value)) WITHOUT ROWID;
