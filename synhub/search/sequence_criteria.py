"""Sequence searches as criteria of a path: their keys, and the flags that go with them. Pure.

    sequence, exactsequence   the whole text, or its reverse complement
    globalsequence            aligned, the shorter within the longer, as `vsearch --usearch_global` does
    subsequence               a part of the sequence, ambiguous letters and both strands; with id below 1 with errors
    file_search               the sequences of a file, by the token that `POST /sequenceQuery` has answered

Flags: id, iddef, maxaccepts, maxrejects, minseqlength, maxseqlength, search_exact. Nothing is left out that no flag
asks for: SynBioHub's defaults (50 accepts, 20 to 5 000 letters) hide plasmids.

Source: SynBioHub `GET /search`, sequence keys; vsearch manual, options of the same names.
"""

import re
from collections.abc import Mapping

from synhub.errors import BadRequest
from synhub.search.alignment import IDENTITY_DEFINITIONS, LEAST_IDENTITY, MOST_MATCHES, make_query
from synhub.search.ast import Criterion, HasElements, LikeSequence, SequenceOptions
from synhub.search.criteria import CONTROL, QUOTED, SEQUENCE_KEYS, error, example

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}\Z")

_BLANKS = re.compile(r"\s+")
_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_DECIMAL = re.compile(r"[0-9]{0,3}\.?[0-9]{0,17}\Z")
_IRI = ("<", "?", "http:", "https:")
_ON, _OFF = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def is_sequence(key: str, value: str) -> bool:
    """Say whether this asks about letters: `sequence=<iri>` and `sequence=?x` are about the property."""
    return key in SEQUENCE_KEYS and not (key == "sequence" and value.strip().startswith(_IRI))


def parse_options(flags: Mapping[str, tuple[str, int]]) -> SequenceOptions:
    """Read the flags of a path or a form: name -> (value, where it stands); an empty one is none.

    Raises InvalidQuery, also for a number out of its range.
    """
    given = {name: (text, at) for name, (value, at) in flags.items() if (text := _unquoted(value))}

    def number(name: str) -> int | None:
        text, at = given.get(name, ("", 0))
        if not text:
            return None
        if not _NUMBER.match(text):
            raise error(f"{name}={text[:40]!r} is no number; write digits only, such as {name}=50", at)
        return int(text)

    text, at = given.get("id", ("", 0))
    if text and (not _DECIMAL.match(text) or text == "."):
        raise error(f"id={text[:40]!r} is no number; write a part of 1, such as id=0.8", at)
    identity = float(text) if text else None
    if identity is not None and not LEAST_IDENTITY <= identity <= 1:
        raise error(f"id={text} is out of range; it must be from {LEAST_IDENTITY:g} to 1", at)
    exact, exact_at = given.get("search_exact", ("0", 0))
    if exact.lower() not in (*_ON, *_OFF):
        raise error(f"search_exact={exact[:40]!r} is not known; write search_exact=true or leave it away", exact_at)
    definition, accepts = number("iddef"), number("maxaccepts") or 0
    if definition not in (None, *IDENTITY_DEFINITIONS):
        raise error(f"iddef={definition} is not known; it must be 0, 1, 2, 3 or 4", given["iddef"][1])
    if accepts > MOST_MATCHES:
        raise error(f"maxaccepts={accepts} is too many; ask for up to {MOST_MATCHES}", given["maxaccepts"][1])
    return SequenceOptions(
        identity=identity,
        definition=2 if definition is None else definition,
        max_accepts=accepts,
        max_rejects=number("maxrejects") or 0,
        min_length=number("minseqlength"),
        max_length=number("maxseqlength"),
        is_exact=exact.lower() in _ON,
    )


def parse_sequence(key: str, value: str, at: int, options: SequenceOptions) -> Criterion:
    """Read what a sequence key asks for. Raises InvalidQuery."""
    text = _unquoted(value)
    if not text:
        raise error(f"{key} has no value; write {example(key)}", at)
    if key == "file_search":
        if not TOKEN.match(text):
            message = f"file_search={text[:40]!r} is no token: send the file to POST /sequenceQuery, which answers one"
            raise error(message, at)
        return LikeSequence((), text, options)
    if CONTROL.search(text) or text[0] in "<'\"?":
        raise error(f"{value[:40]!r} is no sequence; write letters only, such as {example(key)}", at)
    if key in ("sequence", "exactsequence") or options.is_exact:
        return HasElements(_BLANKS.sub("", text))
    if key == "subsequence":
        options = options.within()
    try:
        return LikeSequence((make_query(text, options.mode, **options.limits()),), "", options)
    except BadRequest as bad:
        raise error(bad.message, at) from bad


def _unquoted(value: str) -> str:
    value = value.strip()
    match = QUOTED[value[0]].fullmatch(value) if value[:1] in QUOTED else None
    return match[1].strip() if match else value
