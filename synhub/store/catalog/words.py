"""The words of folded texts, so that a text is found by any part of a word without looking at texts.

A word is a run of letters, digits and characters outside ASCII. So a phrase of such characters alone is part of a text
exactly when it is part of one of the words. Phrases with blanks or signs in them are left to the index of trigrams; but
for what displayIds begin with (`BBa_`): a run without digits before a `_`, together with it, counts as a word too.
"""

import json
import re
import sqlite3
from collections.abc import Iterable

_WORD = re.compile("[0-9a-z\x80-\U0010ffff]+")  # folded text has no capitals in ASCII
_BEGINNING = re.compile("[a-z\x80-\U0010ffff]+_")
_SIGNS = {ord("_")}
SHORTEST_PART = 3  # characters; the words that shorter parts stand in are found by looking at all


def split(*texts: str) -> frozenset[str]:
    """Return the words of folded texts."""
    found: list[str] = []
    for text in texts:
        found += _WORD.findall(text)
        if "_" in text:
            found += _BEGINNING.findall(text)
    return frozenset(found)


def letters_of(words: Iterable[str]) -> frozenset[int]:
    """Return the characters (code points) of words, without the signs that end them."""
    return frozenset(map(ord, "".join(words))) - _SIGNS


def is_word(phrase: str) -> bool:
    """Say whether a folded phrase can be part of a word as a whole."""
    return _WORD.fullmatch(phrase) is not None or _BEGINNING.fullmatch(phrase) is not None


def words_with(connection: sqlite3.Connection, phrase: str) -> list[int]:
    """Return the numbers of the words that a phrase (`is_word`) is part of."""
    parts = {phrase[n : n + SHORTEST_PART] for n in range(len(phrase) - SHORTEST_PART + 1)}
    if not parts:
        sql, values = "SELECT id FROM vocabulary WHERE instr(word, :phrase)", {"phrase": phrase}
    else:
        sql = (
            "SELECT v.id FROM vocabulary_part AS p CROSS JOIN vocabulary AS v ON v.id = p.rowid"
            " WHERE vocabulary_part MATCH :parts AND instr(v.word, :phrase)"
        )
        values = {"phrase": phrase, "parts": " AND ".join(f'"{part}"' for part in sorted(parts))}
    return [number for (number,) in connection.execute(sql, values)]


def number_words(connection: sqlite3.Connection, words: Iterable[str]) -> tuple[dict[str, int], set[str]]:
    """Return the numbers of words, and those words that had none before."""
    wanted = set(words)
    known = _numbers(connection, wanted)
    new = wanted - known.keys()
    if new:
        connection.executemany("INSERT INTO vocabulary (word) VALUES (?)", [(word,) for word in sorted(new)])
        numbers = _numbers(connection, new)
        rows = [(number, word) for word, number in numbers.items()]
        connection.executemany("INSERT INTO vocabulary_part (rowid, word) VALUES (?, ?)", rows)
        known |= numbers
    return known, new


def _numbers(connection: sqlite3.Connection, words: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(
        "SELECT v.word, v.id FROM json_each(?) AS wanted CROSS JOIN vocabulary AS v ON v.word = wanted.value",
        (json.dumps(list(words)),),
    )
    return dict(rows.fetchall())
