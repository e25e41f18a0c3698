"""The lanes of one server: how many child processes of each kind there may be, and what each may use."""

from synhub.settings import Settings
from synhub.store.children import Lane
from synhub.store.cores import cores, spare_cores


class Lanes:
    """The lanes of one server. No child exists before its first job, or `warm`."""

    def __init__(self, settings: Settings) -> None:
        others = spare_cores()
        self.prepare = Lane("prepare", settings.prepare_workers or cores(), 0, settings.prepare_memory)
        # Two at least, and one of them for people who are logged in.
        queries = settings.query_workers or max(2, others)
        self.query = Lane(
            "query", queries, 19, settings.query_memory, most_waiting=16, parties=2,
            most_held={"anonymous": max(1, queries - 1)}, most_overtaken=4,
        )  # fmt: skip
        # Two at least: a download of minutes is not to keep everybody else waiting.
        self.download = Lane("download", max(2, others), 0, settings.prepare_memory, most_waiting=8, most_overtaken=2)
        # Of their own: anybody may ask for a judgement, and no upload is to wait for one.
        self.validate = Lane("validate", others, 10, settings.validate_memory, most_waiting=8)
        self.shacl = Lane("shacl", 1, 10, settings.validate_memory, most_waiting=8)
        # Both map the whole sequence index, which counts as address space; one search takes tens of megabytes.
        self.sequence = Lane(
            "sequence", others, 10, settings.sequence_memory, 10_000, most_waiting=16, most_overtaken=4
        )
        self.sequence_merge = Lane("sequence_merge", 1, 19, settings.sequence_memory, 1)

    def warm(self) -> None:
        """Start a child of each lane that a first visitor would wait for."""
        self.prepare.warm()
        self.query.warm()

    def close(self) -> None:
        for lane in (self.prepare, self.query, self.download, self.validate, self.shacl, *self._of_sequences()):
            lane.close()

    def _of_sequences(self) -> tuple[Lane, Lane]:
        return self.sequence, self.sequence_merge
