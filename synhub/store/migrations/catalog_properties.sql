-- How often each property is used, for the description of the data set (VoID). property 0 is the number of subjects.
CREATE TABLE property (id INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE);

-- counts: of a top level with its children, pairs of property.id and number, 4 bytes each.
CREATE TABLE property_use (id INTEGER PRIMARY KEY, counts BLOB NOT NULL);

-- The sums of what is not hidden, by graph.
CREATE TABLE property_count (
  graph INTEGER NOT NULL, property INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (graph, property)
) WITHOUT ROWID;
