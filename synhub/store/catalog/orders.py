"""The orders that rows of the catalog are shown in: by a column, by use, by relevance to words."""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from synhub.search.ast import Alternative, Phrase
from synhub.store.catalog.conditions import IN_GRAPH, AsSet, Condition, match_expression, text_set
from synhub.store.catalog.postings import NAME
from synhub.store.catalog.sets import Sets

_MUCH = 4_000  # of so many rows an index of trigrams says faster which they are than their texts do


Columns = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: (expression over `t`, descending), the last one unique; `index` delivers it without sorting.

    What meets the first of the `tiers` comes first, then what meets the second, and so on, then the rest.
    """

    columns: Columns
    index: str | None = None
    tiers: tuple[Condition, ...] = ()


RANK = Order((("t.uses", True), ("t.iri", False)), "top_level_rank")


BY_LEAST_USE = Order((("t.uses", False), ("t.iri", True)), "top_level_rank")


def by_column(column: str, index: str | None, *, descending: bool) -> Order:
    """Order by a column of top_level, then by IRI."""
    return Order(((f"t.{column}", descending), ("t.iri", descending)), index)


def by_columns(*columns: str, descending: bool) -> Order:
    """Order by some columns of top_level, then by IRI."""
    return Order(tuple((f"t.{column}", descending) for column in (*columns, "iri")))


def by_relevance(words: Sequence[str]) -> Order:
    """Rank by where a word stands: it is the displayId, begins it, is in the name, is elsewhere; then by use."""
    if not words:
        return RANK
    if len(words) == 1:
        values: dict[str, Any] = {"words": words[0]}
        equals, begins, within = (
            "t.sort_id = :words",
            "substr(t.sort_id, 1, length(:words)) = :words",
            "instr(t.sort_name, :words) > 0",
        )
        among = "(SELECT :words AS value) AS word"
    else:
        values = {"words": json.dumps(words)}
        exists = "EXISTS (SELECT 1 FROM json_each(:words) WHERE {})".format
        equals, begins, within = (
            exists("value = t.sort_id"),
            exists("substr(t.sort_id, 1, length(value)) = value"),
            exists("instr(t.sort_name, value)"),
        )
        among = "json_each(:words) AS word"
    by_id = f"SELECT DISTINCT o.id FROM {among} CROSS JOIN top_level AS o ON o.graph = :graph AND o.sort_id"
    # no text in UTF-8 has the byte FF: whatever begins with the word comes before the two together
    beginning = f"{by_id} BETWEEN word.value AND word.value || CAST(x'FF' AS TEXT)"
    tiers = (Condition(equals, values, f"{by_id} = word.value"), Condition(begins, values, beginning))
    text = [(Phrase(word),) for word in words]
    return replace(RANK, tiers=(*tiers, Condition(within, values, as_set=_named(text))))


def _named(text: Sequence[Alternative]) -> AsSet:
    """What has one of some words in its name, or in the displayId where there is no name."""
    match = match_expression(text)

    def as_set(sets: Sets, thorough: bool) -> tuple[int, bool]:
        found, exact = text_set(sets, text, NAME, thorough=thorough)
        if exact or match is None or found.bit_count() <= _MUCH:
            return found, exact
        sql = f"SELECT rowid FROM words WHERE words MATCH :named AND rowid {IN_GRAPH}"
        return found & sets.selected(sql, {"named": f"{{name display_id}} : ({match})"}), False

    return as_set
