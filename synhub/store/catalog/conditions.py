"""Conditions on top levels of the catalog, as SQL. Values are always bound, never pasted.

Which condition finds least, and how they are put together, is search.py's business.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from synhub.rdf import Iri, Term
from synhub.search.ast import Alternative
from synhub.store.catalog.entry import facet_key
from synhub.store.catalog.postings import FACET, MEMBER, TEXT, VERSION, is_shared
from synhub.store.catalog.sets import Sets, later
from synhub.store.catalog.words import SHORTEST_PART, is_word, split

_PHRASE_LENGTH = 64  # characters of a phrase that are looked up; the rest is checked on what is found
_NONE = "SELECT id FROM top_level WHERE 0"
IN_GRAPH = "BETWEEN :low AND :high"
"""The ids of the graph that is looked at."""


AsSet = Callable[[Sets, bool], tuple[int, bool]]
"""How a condition is answered by the sets of a graph, hidden rows not left out; False: what is found must be checked.

The second argument is False when too much will do rather than a set that takes long to make.
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL about a row `t` of top_level: `holds` is an expression, `source` selects ids in `:low` … `:high`.

    `source` may be missing where nothing indexes the condition; when not `exact` it finds too much. `as_set` is there
    where sets answer.
    """

    holds: str
    values: dict[str, Any]
    source: str | None = None
    exact: bool = True
    as_set: AsSet | None = None


def has_facet(name: str, predicate: Iri, values: Sequence[Term]) -> Condition:
    """One of the values of a predicate in FACETS; without values, any. `name` makes the parameters unique."""
    return has_key(name, [facet_key(predicate, value) for value in values] or [facet_key(predicate)])


def has_key(name: str, keys: Sequence[int]) -> Condition:
    """One of some `facet_key`s."""
    as_set = (lambda sets, _: (sets.with_any(FACET, keys), True)) if all(map(is_shared, keys)) else None
    if len(keys) == 1:
        return Condition(
            f"EXISTS (SELECT 1 FROM facet WHERE key = :{name} AND id = t.id)",
            {name: keys[0]},
            f"SELECT id FROM facet WHERE key = :{name} AND id {IN_GRAPH}",
            as_set=as_set,
        )
    among = f"key IN (SELECT value FROM json_each(:{name}))"
    return Condition(
        f"EXISTS (SELECT 1 FROM facet WHERE {among} AND id = t.id)",
        {name: json.dumps(keys)},
        f"SELECT DISTINCT id FROM facet WHERE {among} AND id {IN_GRAPH}",
        as_set=as_set,
    )


def is_latest(row: str) -> str:
    """SQL: no later version of the same identity is to be seen in the graph of a row of top_level."""
    return f"NOT EXISTS ({later(row)})"


NOT_LATEST = Condition(f"NOT {is_latest('t')}", {}, as_set=lambda sets, _: (sets.everything & ~sets.latest, True))
LATEST = Condition(is_latest("t"), {}, as_set=lambda sets, _: (sets.latest, True))
"""Of the versions of one identity in the graph the latest that is to be seen; what has no identity is the latest."""


def names(row: str) -> str:
    """SQL: the nodes that a membership names a row of top_level by: its own, and its identity's for the latest."""
    return f"({row}.node, CASE WHEN {is_latest(row)} THEN {row}.identity END)"


def is_member(name: str, collections: Sequence[int]) -> Condition:
    """A direct member of one of the collections (row ids), or the latest version of a member without one."""
    if not collections:
        return Condition("0", {}, _NONE)
    few = len(collections) == 1
    among = f"collection = :{name}" if few else f"collection IN (SELECT value FROM json_each(:{name}))"
    pick = "SELECT m.id" if few else "SELECT DISTINCT m.id"
    by_node = f"SELECT 1 FROM membership WHERE {among} AND member = m.node"
    return Condition(
        f"EXISTS (SELECT 1 FROM membership WHERE {among} AND member IN {names('t')})",
        {name: collections[0] if few else json.dumps(list(collections))},
        f"{pick} FROM membership CROSS JOIN top_level AS m ON m.node = member AND m.graph = :graph WHERE {among}"
        f" UNION ALL {pick} FROM membership CROSS JOIN top_level AS m ON m.identity = member AND m.graph = :graph"
        f" WHERE {among} AND {is_latest('m')} AND NOT EXISTS ({by_node})",
        as_set=lambda sets, _: (members(sets, collections), True),
    )


def members(sets: Sets, collections: Sequence[int]) -> int:
    """Return what `is_member` holds of."""
    direct = sets.with_any(MEMBER, collections)
    versions = sets.with_any(VERSION, collections) & ~direct
    return direct | versions & sets.latest if versions else direct


def is_named(name: str, iris: Iterable[Iri]) -> Condition:
    """What some IRIs stand for: the object with the IRI, or the latest version of an identity."""
    wanted = f"json_each(:{name}) AS wanted CROSS JOIN node ON node.iri = wanted.value CROSS JOIN top_level AS o"
    return Condition(
        f"EXISTS (SELECT 1 FROM node WHERE id IN {names('t')} AND iri IN (SELECT value FROM json_each(:{name})))",
        {name: json.dumps(list(iris))},
        f"SELECT o.id FROM {wanted} ON o.node = node.id AND o.graph = :graph"
        f" UNION SELECT o.id FROM {wanted} ON o.identity = node.id AND o.graph = :graph WHERE {is_latest('o')}",
    )


def is_on_day(name: str, kind: int, at_us: int, *, before: bool) -> Condition:
    """A date (kind of `entry.DATES`) that is before, or not before, an instant."""
    holds = f"kind = :{name}_kind AND at {'<' if before else '>='} :{name}"
    return Condition(
        f"EXISTS (SELECT 1 FROM moment WHERE id = t.id AND {holds})",
        {name: at_us, f"{name}_kind": kind},
        f"SELECT DISTINCT id FROM moment WHERE {holds} AND id {IN_GRAPH}",
    )


def is_one_of(name: str, iris: Iterable[Iri]) -> Condition:
    return Condition(
        f"t.iri IN (SELECT value FROM json_each(:{name}))",
        {name: json.dumps(list(iris))},
        f"SELECT o.id FROM json_each(:{name}) AS wanted CROSS JOIN node ON node.iri = wanted.value"
        " CROSS JOIN top_level AS o ON o.node = node.id AND o.graph = :graph",
    )


def has_text(name: str, text: Sequence[Alternative]) -> Condition:
    """Free text. Sets answer for parts of words, trigrams for other phrases of three characters and more."""
    values: dict[str, Any] = {}
    alternatives: list[str] = []
    for a, alternative in enumerate(text):
        parts = []
        for p, phrase in enumerate(alternative):
            parameter = f"{name}_{a}_{p}"
            values[parameter] = phrase.text
            fields = (f"instr({column}, :{parameter})" for column in ("display_id", "name", "description"))
            parts.append(f"{'NOT ' if phrase.negated else ''}({' OR '.join(fields)})")
        alternatives.append("(" + " AND ".join(parts) + ")")
    holds = f"(SELECT {' OR '.join(alternatives)} FROM folded WHERE folded.id = t.id)"

    def as_set(sets: Sets, thorough: bool) -> tuple[int, bool]:
        return text_set(sets, text, TEXT, thorough=thorough)

    match = match_expression(text)
    if match is None:
        return Condition(holds, values, as_set=as_set)
    phrases = [phrase for alternative in text for phrase in alternative]
    exact = all(not p.negated and 3 <= len(p.text) <= _PHRASE_LENGTH for p in phrases)
    values[name] = match
    source = f"SELECT rowid AS id FROM words WHERE words MATCH :{name} AND rowid {IN_GRAPH}"
    return Condition(holds, values, source, exact, as_set)


def text_set(sets: Sets, text: Sequence[Alternative], kind: int, *, thorough: bool) -> tuple[int, bool]:
    """Return what holds one of the alternatives, or more than that: True when it is exactly that.

    `kind` is TEXT, or NAME to look at names only. Words of two characters are parts of so many others that their sets
    are made only when it is to be `thorough`; of one character those of all texts are kept.
    """
    found, exact = 0, True
    for alternative in text:
        some: int | None = None
        for phrase in alternative:
            with_it, is_it = _phrase_set(sets, kind, phrase.text, thorough=thorough)
            exact = exact and is_it
            if phrase.negated:
                with_it = sets.everything & ~with_it if is_it else sets.everything
            some = with_it if some is None else some & with_it
        found |= sets.everything if some is None else some
    return found, exact


def _phrase_set(sets: Sets, kind: int, phrase: str, *, thorough: bool) -> tuple[int, bool]:
    if is_word(phrase):
        if len(phrase) == 1:
            return sets.with_letter(phrase), kind == TEXT
        if thorough or len(phrase) >= SHORTEST_PART:
            return sets.with_word(kind, phrase), True
    found = sets.everything
    for word in split(phrase):  # each of them is a part of a word of what holds the phrase
        if len(word) >= SHORTEST_PART:
            found &= sets.with_word(kind, word)
        elif len(word) == 1:
            found &= sets.with_letter(word)
    return found, False


def match_expression(text: Sequence[Alternative]) -> str | None:
    """The full-text expression that finds at least what the text asks for; None when some alternative has no hold."""
    alternatives = []
    for alternative in text:
        phrases = [p.text[:_PHRASE_LENGTH] for p in alternative if not p.negated and len(p.text) >= 3]
        if not phrases:
            return None
        alternatives.append("(" + " AND ".join('"' + p.replace('"', '""') + '"' for p in phrases) + ")")
    return " OR ".join(alternatives)
