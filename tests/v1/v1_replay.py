"""Replays the recorded areas, in the recorded order, against one fresh instance."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace as changed
from pathlib import Path

from v1_differences import Difference, Outcome, judge
from v1_instance import Instance, make_administrator, running
from v1_recordings import Item, read_area
from v1_state import (
    complete_state,
    remove_created,
    submit_again,
    submit_to_attach,
    submit_to_edit,
    submit_to_remove,
    submit_to_share,
    submit_unrecorded,
)

WRITING = ("auth", "submit")
PUBLISHING = ("makepublic",)
READING = ("objects", "listings", "search", "sparql")
ATTACHING = ("attachments",)
EDITING = ("edit",)
SHARING = ("sharing",)
REMOVING = ("removal",)
AREAS = WRITING + PUBLISHING + READING + ATTACHING + EDITING + SHARING + REMOVING

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
        submit_unrecorded(instance)
        for area in PUBLISHING:
            outcomes += [judge(item, instance.send(item), table) for item in read_area(recordings, area)]
        submit_again(instance)
        tokens = instance.tokens
    complete_state(data, recordings)
    with running(data, recordings, tokens) as instance:
        for area in READING:
            outcomes += [judge(item, instance.send(item), table) for item in read_area(recordings, area)]
            if area == "search":
                remove_created(instance)
        submit_to_attach(instance)
        for area in ATTACHING:
            items = map(_told_apart, read_area(recordings, area))
            outcomes += [judge(item, instance.send(_asked_by_owner(item)), table) for item in items]
        submit_to_edit(instance)
        outcomes += [outcome for item in read_area(recordings, "edit") for outcome in _edited(instance, item, table)]
        submit_to_share(instance)
        outcomes += _sharing(instance, read_area(recordings, "sharing"), table)
        submit_to_remove(instance)
        for area in REMOVING:
            removals = map(_removal, read_area(recordings, area))
            outcomes += [judge(item, instance.send(_asked_by_owner(item)), table) for item in removals]
    return outcomes


# The object would be gone for what follows: synhub lets a co-owner remove it.
_LEFT_OUT = ("co-owner removes plain path",)
_ADDED = {65: "addOwner by a bare name", 66: "addOwner without a user"}


def _sharing(instance: Instance, items: Sequence[Item], table: Sequence[Difference]) -> list[Outcome]:
    """Replay with the secret of synhub's own link; what an administrator asked of the store, its owner asks."""
    first = items[0]
    link = instance.send(first)
    recorded, own = (answer.text.split("/")[-2] for answer in (first.recorded, link))
    outcomes = [judge(first, link, table)]
    for found in items[1:]:
        if found.name not in _LEFT_OUT:
            item = changed(found, name=_ADDED.get(found.number, found.name))
            sent = changed(item, path=item.path.replace(recorded, own))
            outcomes.append(judge(item, instance.send(_asked_by_owner(sent)), table))
    return outcomes


def _asked_by_owner(item: Item) -> Item:
    graph = re.search("default-graph-uri=http%3A//localhost%3A7777/user/([a-z]+)", item.path)
    if not item.path.startswith("/admin/sparql"):
        return item
    owner = graph[1] if graph else "alice"  # who makes the changes, and so never sees an older state
    headers = {**item.headers, "X-authorization": f"<token of {owner}>"}
    return changed(item, path=item.path.removeprefix("/admin"), headers=headers)


# Requests of one name that are answered differently.
_TELLING_NAMES = {
    47: "edit title to nothing",
    49: "edit title without a value",
    61: "add annotation without pred",
    72: "remove a role that is not there",
    75: "remove role without a value",
}
# What brings synhub to the recorded state again where it answers otherwise.
_IN_LINE = {
    "edit wasDerivedFrom": ("remove/wasDerivedFrom", {"object": "http://src.example/1"}),
    "edit annotation": ("add/annotation", {"pred": "http://lab.example/terms#note", "object": "a value"}),
}


def _edited(instance: Instance, item: Item, table: Sequence[Difference]) -> Iterator[Outcome]:
    """Replay an edit; what an administrator asked of the store, its owner asks."""
    item = changed(item, name=_TELLING_NAMES.get(item.number, item.name))
    yield judge(item, instance.send(_asked_by_owner(item)), table)
    if item.name in _IN_LINE:
        verb, form = _IN_LINE[item.name]
        path = "/".join([*item.path.split("/")[:-2], verb])
        answer = instance.send(changed(item, path=path, form=form))
        assert answer.status == 200, answer


_ADDITIONS = {21: "addToCollection public target", 22: "addToCollection no body"}


def _removal(item: Item) -> Item:
    return changed(item, name=_ADDITIONS.get(item.number, item.name))


def _told_apart(item: Item) -> Item:
    """Give items of the same name, with the same fields, names of their own."""
    url = (item.form or {}).get("url")
    return changed(item, name=f"{item.name} {url}") if url else item


def _out_of_the_way(item: Item) -> Item:
    if item.name not in _OWN_IDS:
        return item
    own = {"id": _OWN_IDS[item.name]}
    return changed(item, form=item.form and {**item.form, **own}, json=item.json and {**item.json, **own})
