"""The words that autocompletion finds parts by: which they are, and the search for their beginnings.

A word ends at a blank, a tab, a line's end or an underscore; nothing else separates words.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from synhub.search.ast import fold
from synhub.store.catalog.conditions import Condition
from synhub.store.catalog.entry import SEPARATOR
from synhub.store.database import Database
from synhub.vocab import SBOL2

_MOST_LOOKED_UP = 3  # beginnings that the index is asked for; the others are checked on what is found
_BREAKS = " \t\n\r_"
_BREAK = re.compile(f"[{_BREAKS}]+")
_BREAK_ANYWHERE = re.compile(f"[{_BREAKS}{SEPARATOR}]+")
_ANY_WORD = "word BETWEEN :{0} AND :{0} || CAST(x'FF' AS TEXT)"  # no text in UTF-8 has the byte FF


def split_words(text: str) -> tuple[str, ...]:
    """Return the distinct words of a text, folded, in their order.

    >>> split_words("Lac_promoter lac")
    ('lac', 'promoter')
    """
    return tuple(dict.fromkeys(word for word in _BREAK.split(fold(text)) if word))


def begin_words(text: str, beginnings: Sequence[str]) -> bool:
    """Say whether each of the beginnings (folded) begins some word of the text."""
    words = split_words(text)
    return all(any(word.startswith(b) for word in words) for b in beginnings)


def name_words(cls: str, folded: tuple[str, str, str]) -> frozenset[str]:
    """Return the words to index of a top level: of displayIds and names of parts, none of anything else.

    `folded` are displayIds, names and descriptions as the catalog keeps them.
    """
    if cls != SBOL2.ComponentDefinition:
        return frozenset()
    return frozenset(word for text in folded[:2] for word in _BREAK_ANYWHERE.split(text) if word)


def has_words(name: str, beginnings: Sequence[str]) -> Condition:
    """A part whose names, or whose displayIds, have words that begin with each of some beginnings (folded)."""
    values: dict[str, Any] = {}
    for n, beginning in enumerate(beginnings):
        values[f"{name}_{n}"] = " " + beginning
    values[f"{name}_class"] = SBOL2.ComponentDefinition
    holds = " OR ".join(
        "(" + " AND ".join(f"instr({_spaced(column)}, :{name}_{n}) > 0" for n in range(len(beginnings))) + ")"
        for column in ("display_id", "name")
    )
    found = "SELECT {} id FROM name_word WHERE graph = :graph AND {}"
    longest = sorted(beginnings, key=len, reverse=True)[:_MOST_LOOKED_UP]
    values |= {f"{name}_w{n}": beginning for n, beginning in enumerate(longest)}
    words = [_ANY_WORD.format(f"{name}_w{n}") for n in range(len(longest))]
    source = " INTERSECT ".join(found.format("" if len(words) > 1 else "DISTINCT", word) for word in words)
    return Condition(
        f"t.class = :{name}_class AND (SELECT {holds} FROM folded WHERE folded.id = t.id)",
        values,
        source,
        exact=len(beginnings) == 1,
    )


def _spaced(column: str) -> str:
    """SQL: a folded column with a blank before each word. Several values of one property count as one text."""
    text = column
    for code in (ord("_"), ord("\t"), ord("\n"), ord("\r"), ord(SEPARATOR)):
        text = f"replace({text}, char({code}), ' ')"
    return f"' ' || {text}"


def check_names(database: Database) -> list[str]:
    """Return a line for every top level whose indexed words are not those of its names."""
    stored: dict[int, set[str]] = {}
    for row_id, word in database.read().execute("SELECT id, word FROM name_word"):
        stored.setdefault(row_id, set()).add(word)
    lines: list[str] = []
    rows = database.read().execute(
        "SELECT id, iri, class, f.display_id, f.name, f.description FROM top_level JOIN folded AS f USING (id)"
    )
    for row_id, iri, cls, *folded in rows:
        if stored.pop(row_id, set()) != name_words(cls, (folded[0], folded[1], folded[2])):
            lines.append(f"{iri}: the words of its names are not those that are indexed")
    orphans = Counter(row_id for row_id, words in stored.items() if words)
    return lines + [f"catalog row {row_id}: words are indexed of what is not there" for row_id in orphans]
