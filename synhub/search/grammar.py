"""From the percent-encoded path after `/search/` to a SearchQuery. Pure and total: bad input is InvalidQuery.

Clients encode in three styles (everything; everything but `&` and `=`; nothing), so an encoded `&` or `=`
means what a raw one does; what protects them is standing inside `<…>` or quotes. Only `+` tells the styles
apart: raw it is a space, `%2B` is a plus.

    query     := { criterion "&" } [ criterion | text ]
    criterion := key "=" value        (criteria.py)
    text      := words and "quoted phrases", with `or` between alternatives and `not` before a term; `""` in a phrase
                 is a quote
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from synhub.errors import BadRequest, InvalidQuery
from synhub.rdf import Iri
from synhub.search.ast import (
    RELEVANCE,
    SORT_KEYS,
    Alternative,
    Criterion,
    Phrase,
    SearchQuery,
    SequenceOptions,
    Sort,
    fold,
)
from synhub.search.criteria import (
    CONTROL,
    FLAGS,
    QUOTED,
    SEQUENCE_KEYS,
    class_terms,
    error,
    example,
    is_known,
    parse_criteria,
)
from synhub.search.sequence_criteria import is_sequence, parse_options, parse_sequence

MAX_LENGTH = 65_536  # of a path; `sequence=` may bring a whole plasmid
MAX_CRITERIA = 64
MAX_TERMS = 64
DEFAULT_LIMIT = 50
_MAX_OFFSET = 1 << 53

_KEY = re.compile(r"\s*(<[^<>]*>|[^\s\"'<>&=]+)\s*=")
_PHRASE = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_TEXT_TOKEN = re.compile(_PHRASE.pattern + r"(?=\s|\Z)|\S+")
_PAGING = re.compile(r"/?\?((?:(?:offset|limit)=[0-9]+&?)+)\Z")


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece between two `&`. `key` is '' for text; `value` starts at column `at` (both count from 0)."""

    start: int
    end: int
    key: str
    value: str
    at: int


def decode_path(raw: str) -> str:
    """Return the text of a percent-encoded path. Raises InvalidQuery when it is not UTF-8."""
    data = unquote_to_bytes(raw.replace("+", " ").encode("utf-8", "surrogatepass"))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = f"the search path holds bytes that are not UTF-8 ({data[error.start : error.end]!r})"
        raise InvalidQuery(message, 1, len(data[: error.start].decode()) + 1) from error


def encode_path(text: str) -> str:
    """Return the percent-encoded path that means this text of a search, whatever it holds.

    The final slash is no part of it: it says that what looks like paging in front of it is text.
    """
    raw = quote(text, safe="", errors="surrogatepass")
    return f"{raw}/" if split_paging(raw)[1] else raw


def split_paging(raw: str) -> tuple[str, dict[str, str]]:
    """Cut `/?offset=…&limit=…` off a path that a client has encoded whole, question mark included.

    The C++ client does so. Returns the rest, still encoded, and the parameters.
    """
    position = raw.rfind("%3F") if "%3F" in raw else raw.rfind("%3f")
    if position < 0:
        return raw, {}
    try:
        match = _PAGING.match(decode_path(raw[position:]))
    except InvalidQuery:
        return raw, {}
    if match is None:
        return raw, {}
    rest = raw[:position]
    pairs = (pair.split("=", 1) for pair in match[1].strip("&").split("&"))
    return re.sub(r"(/|%2F)\Z", "", rest, flags=re.IGNORECASE), dict(pairs)


def parse_number(name: str, values: Sequence[str], default: int) -> int:
    """Read `offset` or `limit` from what a query string gave. Raises BadRequest for anything but digits."""
    if not values:
        return default
    if len(values) > 1:
        raise BadRequest(f"{name} is given {len(values)} times; give it once")
    if not (values[0].isascii() and values[0].isdigit()):
        raise BadRequest(f"{name}={values[0]!r} is not a number; write digits only, such as {name}=50")
    digits = values[0].lstrip("0")
    return int(digits or "0") if len(digits) < 16 else _MAX_OFFSET


def parse_sort(text: str) -> Sort:
    """Read what `?sort=` asks for: a key of SORT_KEYS, with `-` in front for the other direction. Raises BadRequest."""
    key = next((key for key in SORT_KEYS if key == text.removeprefix("-")), None)
    if key is None or text == "-relevance":
        raise BadRequest(
            f"sort={text!r} is unknown; use one of {', '.join(SORT_KEYS)}; with - in front all but the first turn round"
        )
    return Sort(key, text.startswith("-")) if key != "relevance" else RELEVANCE


def parse_search_path(raw: str) -> SearchQuery:
    """Parse what follows `/search/`, percent-encoded as it came; one final slash is not part of it.

    Nothing, or `*`, asks for everything. Raises InvalidQuery with the column in the decoded text.
    """
    if len(raw) > MAX_LENGTH:
        raise InvalidQuery(
            f"the search path has {len(raw)} characters; {MAX_LENGTH} are allowed: send a longer sequence to"
            " POST /sequenceQuery, and search with the token that it answers"
        )
    return parse_search_text(decode_path(raw.removesuffix("/")))


def parse_search_text(text: str) -> SearchQuery:
    """Parse the decoded text of a search. Raises InvalidQuery."""
    items = list(_items(text))
    first_text = next((n for n, item in enumerate(items) if not item.key), len(items))
    for item in items[first_text:]:
        if item.key:
            words = items[first_text]
            raise error(f"{text[words.start : words.end]!r} is no key=value; free text goes last", words.start)
    criteria = items[:first_text]
    by_sequence = any(is_sequence(item.key, item.value) for item in criteria)
    flags = {item.key: (item.value, item.at) for item in criteria if item.key in FLAGS}
    if not by_sequence and (alone := next((item for item in criteria if item.key in FLAGS), None)):
        raise error(
            f"{alone.key}= says how a sequence is searched for; write globalsequence=acgt…& with it", alone.start
        )
    options = parse_options(flags)
    words_text = text[items[first_text].start :].removesuffix("&") if first_text < len(items) else ""
    at = items[first_text].start if words_text else 0
    found = (c for item in criteria if item.key not in flags for c in _criteria(item, options))
    return SearchQuery(tuple(dict.fromkeys(found)), parse_words(words_text, at))


def _criteria(item: _Item, options: SequenceOptions) -> tuple[Criterion, ...]:
    if is_sequence(item.key, item.value):
        return (parse_sequence(item.key, item.value, item.at, options),)
    return parse_criteria(item.key, item.value, item.start, item.at)


def parse_class(text: str) -> Iri:
    """Parse a class as `objectType` takes it: an SBOL 2 name, prefix:Name or an IRI. Raises InvalidQuery."""
    terms = class_terms(text, 0) if text else ()
    if not terms:
        raise error(f"{text!r} is no class; write a name, prefix:Name or <iri>", 0)
    return Iri(terms[0][1:-1])


# --- items -------------------------------------------------------------------------------------------------


def _items(text: str) -> "list[_Item]":
    items: list[_Item] = []
    position = 0
    while position < len(text):
        match = _KEY.match(text, position)
        item = None if match is None else _criterion_item(text, position, match, items)
        if item is None:
            item = _text_item(text, position)
        if item.start < item.end:
            items.append(item)
        if len(items) > MAX_CRITERIA:
            raise error(f"more than {MAX_CRITERIA} criteria", item.start)
        position = item.end + 1
    return items


def _criterion_item(text: str, start: int, match: "re.Match[str]", before: list[_Item]) -> _Item | None:
    """Return the criterion at `start`; None when it is free text that happens to hold a `=`."""
    key, at = match[1], match.end()
    end = _value_end(text, at)
    is_last = end >= len(text)
    if is_last and not (is_known(key) or (key in FLAGS and any(i.key in SEQUENCE_KEYS for i in before))):
        return None
    return _Item(start, end, key, text[at:end], at)


def _value_end(text: str, at: int) -> int:
    """Return where a value ends: at the next `&` that is not inside its brackets or quotes."""
    position = at
    if text[at : at + 1] == "<":
        close = text.find(">", at)
        position = close if close >= 0 else at
    elif text[at : at + 1] in QUOTED:
        match = QUOTED[text[at]].match(text, at)
        position = match.end() if match else at
        if match and text[position : position + 3] == "^^<":
            position = text.find(">", position)
    end = text.find("&", position)
    return len(text) if end < 0 else end


def _text_item(text: str, start: int) -> _Item:
    end = start
    while end < len(text) and text[end] != "&":
        phrase = _PHRASE.match(text, end) if end == start or text[end - 1].isspace() else None
        end = phrase.end() if phrase else end + 1
    piece = text[start:end]
    if end < len(text):  # followed by "&": every item but the last should be key=value
        if "=" in piece and '"' not in piece:
            raise error(f"{piece.split('=')[0]!r} is no key; put text with = and & into double quotes", start)
        if is_known(piece):
            raise error(f"{piece!r} has no value; write {example(piece)}", start)
    return _Item(start, end, "", piece, start)


# --- free text ---------------------------------------------------------------------------------------------


def parse_words(text: str, at: int = 0) -> tuple[Alternative, ...]:
    """Parse free text, which stands at offset `at` of what columns are counted in. Raises InvalidQuery."""
    control = CONTROL.search(text)
    if control is not None:
        raise error(f"control character U+{ord(control[0]):04X} in the text; leave it away", at + control.start())
    text = text.replace("\t", " ")
    if text.strip() in ("", "*"):
        return ()
    tokens = list(_TEXT_TOKEN.finditer(text))
    if len(tokens) > MAX_TERMS:
        raise error(f"more than {MAX_TERMS} words", at + tokens[MAX_TERMS].start())
    alternatives: list[list[Phrase]] = [[]]
    negated = False
    for token in tokens:
        if token[0] == "or":
            if alternatives[-1]:
                alternatives.append([])
        elif token[0] == "not":
            negated = True
        elif token[0] != "and":
            phrase = fold(token[0] if token[1] is None else token[1].replace('""', '"'))
            if phrase.strip():
                alternatives[-1].append(Phrase(phrase, negated))
                negated = False
    found = tuple(tuple(alternative) for alternative in alternatives if alternative)
    if found:
        return found
    # nothing but operators: then they are the words that were meant
    words = tuple(Phrase(t[0]) for t in tokens if t[1] is None)
    return (words,) if words else ()
