-- Texts of sbol:elements that the sequence index may not hold yet, by the digest in `elements`.
CREATE TABLE sequence_new (digest BLOB PRIMARY KEY) WITHOUT ROWID;

CREATE TRIGGER elements_come AFTER INSERT ON elements BEGIN
  INSERT OR IGNORE INTO sequence_new VALUES (new.digest);
END;
