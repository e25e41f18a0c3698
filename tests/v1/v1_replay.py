"""Replays the recorded areas, in the recorded order, against one fresh instance."""

from collections.abc import Sequence
from pathlib import Path

from v1_differences import Difference, Outcome, judge
from v1_instance import make_administrator, running
from v1_recordings import read_area
from v1_state import complete_state, submit_missing, submit_unrecorded

WRITING = ("auth", "submit")
READING = ("objects", "listings", "search", "sparql")
AREAS = WRITING + READING


def replay(data: Path, recordings: Path, table: Sequence[Difference]) -> list[Outcome]:
    """Replay everything over an empty folder; between writing and reading the recorded state is completed."""
    outcomes: list[Outcome] = []
    make_administrator(data)
    with running(data, recordings) as instance:
        for area in WRITING:
            outcomes += [judge(item, instance.send(item), table) for item in read_area(recordings, area)]
        submit_missing(instance)
        submit_unrecorded(instance)
        tokens = instance.tokens
    complete_state(data, recordings)
    with running(data, recordings, tokens) as instance:
        for area in READING:
            outcomes += [judge(item, instance.send(item), table) for item in read_area(recordings, area)]
    return outcomes
