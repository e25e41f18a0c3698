"""The first rows of one graph that meet conditions, in an order.

Answers for speed: what is little is fetched and sorted; of much, an index is walked in the wanted order, and rows that
are not in the set, or do not meet what is left to check, are passed over.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from synhub.store.catalog import bits
from synhub.store.catalog.conditions import Condition
from synhub.store.catalog.find import SOME, find, find_candidates, find_few, is_dense, meeting, rows_meeting
from synhub.store.catalog.orders import RANK, Columns, Order
from synhub.store.catalog.postings import CREATED, MODIFIED
from synhub.store.catalog.sets import Sets

_STEPS = 6  # rows along the index of uses take as long as to fetch and sort one [measured]
_YEARS = {"top_level_created": CREATED, "top_level_modified": MODIFIED}  # the kinds of sets beside indexes of dates
_WITH_IRI = {RANK.index, *_YEARS}  # indexes that hold all that is sorted by
_BATCH = 200  # rows that are checked together on the way

Row = tuple[Any, ...]


def first_rows(sets: Sets, conditions: Sequence[Condition], order: Order, end: int) -> list[Row]:
    """Return (id, `columns_of` the order) of the first `end` rows that meet conditions and are to be seen."""
    ids = find_few(sets, conditions)
    if ids is None:
        found, checks = find_candidates(sets, conditions)
        if checks and not order.tiers and found.bit_count() <= _most(sets, order, end):
            ids = rows_meeting(sets, sets.ids(found), checks)
    if ids is None:
        if not order.index or not checks or end > SOME or not is_dense(sets, _begin(sets, found, order), checks):
            found, checks = find(sets, conditions), []
        count = found.bit_count()
        if order.index and (checks or count > _most(sets, order, end) or (order.tiers and count > end)):
            return _by_tier(sets, found, checks, order, end)
        ids = sets.ids(found)
    return _sorted(sets, ids, columns_of(order), order, end)


def columns_of(order: Order) -> Columns:
    """The columns to order by, the number of the tier first where there are tiers."""
    if not order.tiers:
        return order.columns
    cases = " ".join(f"WHEN {tier.holds} THEN {n}" for n, tier in enumerate(order.tiers))
    return ((f"CASE {cases} ELSE {len(order.tiers)} END", False), *order.columns)


def _most(sets: Sets, order: Order, wanted: int) -> int:
    """Return the number up to which fetching and sorting what is found beats walking in order.

    Of n rows of which m are found, a walk to the row `wanted` takes wanted * n / m steps; m rows are sorted.
    """
    steps = _STEPS if order.index in _WITH_IRI else 1
    return math.isqrt(max(wanted, 1) * sets.size // steps)


def _begin(sets: Sets, found: int, order: Order) -> int:
    """Return what of a set comes first by date: most of what has none may be of another kind than what has one."""
    if order.index not in _YEARS:
        return found
    first = 0
    for *_, among in _bands(sets, order.index, descending=order.columns[0][1]):
        first |= found & among
        if first.bit_count() > SOME:
            break
    return first


def _by_tier(sets: Sets, found: int, checks: Sequence[Condition], order: Order, end: int) -> list[Row]:
    """Return the first `end` rows of a set that meet conditions, tier by tier."""
    rows: list[Row] = []
    above = list(checks)
    most = _most(sets, order, end)
    for n, tier in enumerate(order.tiers):
        some, left_to_check = _tier(sets, found, tier, above, most)
        if not left_to_check and some.bit_count() <= most:
            rows += _sorted(sets, sets.ids(some), _constant(n, order), order, end - len(rows))
        else:
            rows += islice(_walk(sets, some, left_to_check, order, n, end - len(rows)), end - len(rows))
        if left_to_check:
            above.append(Condition(f"NOT ({tier.holds})", tier.values))
        else:
            found &= ~some
        if len(rows) >= end:
            return rows
    left = end - len(rows)
    return rows + list(islice(_walk(sets, found, above, order, len(order.tiers), left), left))


def _tier(
    sets: Sets, found: int, tier: Condition, checks: Sequence[Condition], most: int
) -> tuple[int, Sequence[Condition]]:
    """Return what of a set may belong to a tier and meet conditions, and what is left to check of it."""
    if tier.as_set is not None:
        some, exact = tier.as_set(sets, not checks)
        some &= found
    else:
        assert tier.source is not None
        ids = sets.some_ids(tier.source, tier.values, most + 1)
        is_all = len(ids) <= most
        some, exact = (found & sets.of(ids), tier.exact) if is_all else (found, False)
    left = checks if exact else [tier, *checks]
    return (some, left) if some.bit_count() > max(most, SOME) else (meeting(sets, some, left), ())


def _walk(sets: Sets, found: int, checks: Sequence[Condition], order: Order, tier: int, wanted: int) -> Iterator[Row]:
    """Yield the rows of a set that meet conditions, in order; `wanted` says how many will be taken.

    By use, rows are looked for among those of about as many uses: most parts have none, and all sequences one, so
    that what is used little would come after a long walk. By date, among those of a year, or of none.
    """
    columns = _constant(tier, order)
    if order.index not in _WITH_IRI:
        yield from _met(sets, _steps(sets, found, columns, order, "", {}), checks)
        return
    column, down = order.columns[0]
    waiting = 0  # few rows of some sets in turn: sorted together
    for least, most, among in _bands(sets, order.index, descending=down):
        some = found & among
        if not some:
            continue
        few = some.bit_count() <= math.isqrt(wanted * among.bit_count() // _STEPS)
        waiting |= some if few else 0
        if not few or waiting.bit_count() >= wanted:
            yield from _sorted(sets, sets.ids(meeting(sets, waiting, checks)), columns, order, wanted)
            waiting = 0
        if not few:
            span = {"least": least, "most": most}
            within = f" AND {column} BETWEEN :least AND :most"
            yield from _met(sets, _steps(sets, some, columns, order, within, span), checks)
    yield from _sorted(sets, sets.ids(meeting(sets, waiting, checks)), columns, order, wanted)


def _bands(sets: Sets, index: str | None, *, descending: bool) -> Iterator[tuple[int, int, int]]:
    """Yield pieces of all rows along an index: between which numbers its column is, and the rows."""
    if index in _YEARS:
        return sets.by_year(_YEARS[index], descending=descending)
    return sets.by_use(descending=descending)


def _steps(sets: Sets, found: int, columns: Columns, order: Order, among: str, values: dict[str, Any]) -> Iterator[Row]:
    """Yield the rows of a set in the order of the index, as far as SQL selects them from it."""
    low, data, left = sets.graph["low"], bits.in_bytes(found), found.bit_count()
    sql = f"SELECT {_names(columns)} FROM top_level AS t INDEXED BY {order.index} WHERE t.graph = :graph{among}"
    for row in sets.each(f"{sql} ORDER BY {_by(columns, order)}", values):
        at = row[0] - low
        if at >> 3 < len(data) and data[at >> 3] >> (at & 7) & 1:
            yield row
            left -= 1
            if not left:
                return


def _met(sets: Sets, rows: Iterator[Row], checks: Sequence[Condition]) -> Iterator[Row]:
    """Yield those of some rows that meet conditions, in their order."""
    if not checks:
        yield from rows
        return
    while batch := list(islice(rows, _BATCH)):
        met = set(rows_meeting(sets, [row[0] for row in batch], checks))
        yield from (row for row in batch if row[0] in met)


def _sorted(sets: Sets, ids: Sequence[int], columns: Columns, order: Order, limit: int) -> list[Row]:
    """Return the first of some rows in the order."""
    if not ids or not limit:
        return []
    values: dict[str, Any] = {"ids": json.dumps(ids), "n": limit}
    for tier in order.tiers:
        values |= tier.values
    source = "json_each(:ids) AS i CROSS JOIN top_level AS t ON t.id = i.value"
    return list(sets.each(f"SELECT {_names(columns)} FROM {source} ORDER BY {_by(columns, order)} LIMIT :n", values))


def _constant(tier: int, order: Order) -> Columns:
    """The columns of rows that are known to be of one tier."""
    return ((str(tier), False), *order.columns) if order.tiers else order.columns


def _by(columns: Columns, order: Order) -> str:
    """What SQL sorts `columns` by; to sort by a constant would hide the index."""
    first = len(columns) - len(order.columns) if columns[0][0].isdigit() else 0
    numbered = list(enumerate(columns, start=2))[first:]
    return ", ".join(f"{n} {'DESC' if down else 'ASC'}" for n, (_, down) in numbered)


def _names(columns: Columns) -> str:
    return ", ".join(["t.id", *(column for column, _ in columns)])
