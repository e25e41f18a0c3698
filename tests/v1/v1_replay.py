"""Replays the recorded areas, in the recorded order, against one fresh instance."""

from collections.abc import Sequence
from dataclasses import replace as changed
from pathlib import Path

from v1_differences import Difference, Outcome, judge
from v1_instance import make_administrator, running
from v1_recordings import Item, read_area
from v1_state import complete_state, submit_missing, submit_unrecorded

WRITING = ("auth", "submit")
READING = ("objects", "listings", "search", "sparql")
AREAS = WRITING + READING

# Bodies that the recorded instance could not read and synhub can: under their own ids they would be in the way of the
# submissions that follow.
_OWN_IDS = {"urlencoded body": "form_body", "json body": "json_body"}


def replay(data: Path, recordings: Path, table: Sequence[Difference]) -> list[Outcome]:
    """Replay everything over an empty folder; between writing and reading the recorded state is completed."""
    outcomes: list[Outcome] = []
    make_administrator(data)
    with running(data, recordings) as instance:
        for area in WRITING:
            items = map(_out_of_the_way, read_area(recordings, area))
            outcomes += [judge(item, instance.send(item), table) for item in items]
        submit_missing(instance)
        submit_unrecorded(instance)
        tokens = instance.tokens
    complete_state(data, recordings)
    with running(data, recordings, tokens) as instance:
        for area in READING:
            outcomes += [judge(item, instance.send(item), table) for item in read_area(recordings, area)]
    return outcomes


def _out_of_the_way(item: Item) -> Item:
    if item.name not in _OWN_IDS:
        return item
    own = {"id": _OWN_IDS[item.name]}
    return changed(item, form=item.form and {**item.form, **own}, json=item.json and {**item.json, **own})
