"""What meets conditions in one graph of the catalog: as row ids where it is few, else as a set.

Answers for speed: where a condition finds few rows they are looked at one by one; else sets are intersected, and what
no set answers is asked of an index or of the rows, whichever is less.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections.abc import Sequence
from typing import Any

from synhub.store.catalog import bits
from synhub.store.catalog.conditions import Condition
from synhub.store.catalog.sets import Sets

SOME = 4_000  # what is checked row by row, rather than by an index of trigrams or dates
_FEW = 500  # rows that are looked at one by one before any set is made
_SAMPLE = 256
_LEAST_SAMPLE = 64  # of a set that has few rows in all of the graph the sample is small
_DENSE = 8  # one of so many rows is found: then a page is soon full, and what is left to check is checked on the way


def count_in(sets: Sets, conditions: Sequence[Condition]) -> int:
    """Return how many rows meet all conditions and are to be seen."""
    few = find_few(sets, conditions)
    if few is not None:
        return len(few)
    if len(conditions) == 1 and not sets.hidden:
        (condition,) = conditions
        if condition.exact and condition.source is not None:
            some, checks = find_candidates(sets, conditions)
            if checks and some.bit_count() > SOME:  # an index counts in a third of the time in which it tells
                return sets.number(condition.source, condition.values)
    return find(sets, conditions).bit_count()


def find_few(sets: Sets, conditions: Sequence[Condition]) -> list[int] | None:
    """Return the rows that meet all conditions when one of those that no set answers finds few; else None."""
    for condition in conditions:
        if condition.as_set is None and condition.source is not None:
            ids = sets.some_ids(condition.source, condition.values, _FEW + 1)
            if len(ids) <= _FEW:
                hidden = set(sets.ids(sets.hidden & sets.of(ids))) if sets.hidden else set[int]()
                checks = [c for c in conditions if c is not condition or not c.exact]
                return rows_meeting(sets, [row_id for row_id in ids if row_id not in hidden], checks)
    return None


def find(sets: Sets, conditions: Sequence[Condition]) -> int:
    """Return the set of what is to be seen and meets all conditions."""
    found, checks = find_candidates(sets, conditions, thorough=True)
    for condition in [check for check in checks if check.source is not None]:
        if found.bit_count() <= SOME:
            break
        assert condition.source is not None
        found &= sets.selected(condition.source, condition.values)
        if condition.exact:
            checks.remove(condition)
    return meeting(sets, found, checks)


def find_candidates(
    sets: Sets, conditions: Sequence[Condition], *, thorough: bool = False
) -> tuple[int, list[Condition]]:
    """Return the set of what is to be seen and may meet all conditions, and those that are still to be checked."""
    found: int | None = None
    checks: list[Condition] = []
    for condition in conditions:
        exact = False
        if condition.as_set is not None:
            some, exact = condition.as_set(sets, thorough)
            found = some if found is None else found & some
        if not exact:
            checks.append(condition)
    found = sets.everything if found is None else found
    return found & ~sets.hidden, checks


def is_dense(sets: Sets, some: int, checks: Sequence[Condition]) -> bool:
    """Say whether many of a set meet some conditions, by a sample from all of the graph."""
    sample = [sets.graph["low"] + n for n in bits.sample(some, _SAMPLE)]
    return len(rows_meeting(sets, sample, checks)) * _DENSE >= max(len(sample), _LEAST_SAMPLE)


def meeting(sets: Sets, some: int, checks: Sequence[Condition]) -> int:
    """Return what of a set meets some conditions, looking at each row."""
    if not some or not checks:
        return some
    if some.bit_count() > max(sets.size // 4, SOME):  # to look at all rows is faster than to name them
        sql, values = where(sets, checks)
        return some & sets.selected(f"SELECT t.id FROM top_level AS t WHERE t.graph = :graph{sql}", values)
    return sets.of(rows_meeting(sets, sets.ids(some), checks))


def rows_meeting(sets: Sets, ids: Sequence[int], checks: Sequence[Condition]) -> list[int]:
    """Return those of some rows that meet some conditions."""
    if not ids or not checks:
        return list(ids)
    sql, values = where(sets, checks)
    among = "json_each(:ids) AS i CROSS JOIN top_level AS t ON t.id = i.value"
    return sets.some_ids(f"SELECT t.id FROM {among} WHERE 1{sql}", values | {"ids": json.dumps(ids)})


def where(sets: Sets, checks: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
    """Return the SQL that adds conditions on `t` to a WHERE, and all that it binds."""
    values = dict(sets.graph)
    for check in checks:
        values |= check.values
    return "".join(f" AND {check.holds}" for check in checks), values
