-- What is counted beside a search: the values of rdf:type (kind 0), sbol:type (1), sbol:role (2) and dc:creator (3).
-- key: that of the value in facet.
CREATE TABLE facet_value (
  id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, kind INTEGER NOT NULL, term TEXT NOT NULL
);

CREATE INDEX facet_value_kind ON facet_value (kind);

-- How many objects have a value, less what is hidden, by graph. kind: that of the value, so that the most frequent ones
-- of a kind are found at once, of whatever number.
CREATE TABLE facet_count (
  graph INTEGER NOT NULL, value INTEGER NOT NULL, kind INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (graph, value)
) WITHOUT ROWID;
CREATE INDEX facet_count_most ON facet_count (graph, kind, n);

-- The creators of objects (top_level.id), a piece of 1 024 ids at a time: of the other kinds there are so few values that
-- each is asked for its objects, of creators there can be as many as objects. piece: id >> 10. places: the low 10 bits of
-- the ids, 2 bytes each. creators: facet_value.id of each, 4 bytes.
CREATE TABLE creator (piece INTEGER PRIMARY KEY, places BLOB NOT NULL, creators BLOB NOT NULL);
