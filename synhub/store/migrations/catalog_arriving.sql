-- Top levels that a job of several steps has brought so far: they are in `hidden` as well, until its last step.
CREATE TABLE arriving (id INTEGER PRIMARY KEY, job TEXT NOT NULL);
CREATE INDEX arriving_job ON arriving (job);
