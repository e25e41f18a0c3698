"""The catalog: what is derived from the designs to search and list them, in one SQLite file, kept by the writer."""
