-- The change sets of small jobs, until the store keeps them by itself. N-Quads. Those of other jobs are files.
CREATE TABLE change_set (
    number INTEGER PRIMARY KEY REFERENCES step (number) ON DELETE CASCADE,
    removes BLOB NOT NULL,
    adds BLOB NOT NULL
);

-- What a user keeps at most: a file that is named twice counts twice. To add up what counts once takes a millisecond for
-- a thousand uploads.
CREATE TABLE kept_bytes (username TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO kept_bytes
    SELECT username, sum(size) FROM (
        SELECT username, size FROM upload JOIN job ON job.id = upload.job
        UNION ALL SELECT username, size FROM attachment
    ) GROUP BY username;
CREATE TRIGGER upload_comes AFTER INSERT ON upload BEGIN
    INSERT INTO kept_bytes SELECT username, NEW.size FROM job WHERE id = NEW.job
        ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER upload_goes AFTER DELETE ON upload BEGIN
    UPDATE kept_bytes SET bytes = bytes - OLD.size WHERE username = (SELECT username FROM job WHERE id = OLD.job);
END;
CREATE TRIGGER attachment_comes AFTER INSERT ON attachment BEGIN
    INSERT INTO kept_bytes VALUES (NEW.username, NEW.size) ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
-- Not fired for a row that another replaces, which counts on.
CREATE TRIGGER attachment_goes AFTER DELETE ON attachment BEGIN
    UPDATE kept_bytes SET bytes = bytes - OLD.size WHERE username = OLD.username;
END;
