"""From the percent-encoded path after `/search/` to a SearchQuery. Pure and total: bad input is InvalidQuery.

Clients encode in three styles (everything; everything but `&` and `=`; nothing), so an encoded `&` or `=`
means what a raw one does; what protects them is standing inside `<…>` or quotes. Only `+` tells the styles
apart: raw it is a space, `%2B` is a plus.

    query     := { criterion "&" } [ criterion | text ]
    criterion := key "=" value
    key       := listed name | SBOL property | prefix:name | <iri> | http…
    value     := <iri> | 'text' | "text" [ @lang | ^^type ] | prefix:name | http… | number | word | ?variable
    text      := words and "quoted phrases", with `or` between alternatives and `not` before a term

What `sequence`, `exactsequence` and `globalsequence` ask for is the whole text; case matters in SMILES only (ast.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote_to_bytes

from synhub.errors import BadRequest, InvalidIri, InvalidQuery
from synhub.rdf import Iri, Term, check_iri, iri_term, literal_term
from synhub.sbol.schema import property_names
from synhub.search.ast import (
    Alternative,
    Criterion,
    HasDate,
    HasElements,
    HasValue,
    InCollection,
    Phrase,
    SearchQuery,
    fold,
)
from synhub.vocab import DCTERMS, PREFIXES, RDF, SBOL2, XSD

MAX_LENGTH = 65_536  # of a path; `sequence=` may bring a whole plasmid
MAX_CRITERIA = 64
MAX_TERMS = 64
DEFAULT_LIMIT = 50
_MAX_OFFSET = 1 << 53

_DATE_KEYS: dict[str, tuple[Iri, bool]] = {
    "createdBefore": (DCTERMS.created, True),
    "createdAfter": (DCTERMS.created, False),
    "modifiedBefore": (DCTERMS.modified, True),
    "modifiedAfter": (DCTERMS.modified, False),
}
_SEQUENCE_KEYS = frozenset({"sequence", "exactsequence", "globalsequence"})
# Options of a similarity search: they change nothing about an exact one.
_FLAGS = frozenset({"maxaccepts", "maxrejects", "id", "iddef", "maxseqlength", "minseqlength", "search_exact"})
# pySBOL2 sends local names only, whatever the namespace.
_DUBLIN_CORE: dict[str, Iri] = {
    "title": DCTERMS.title,
    "name": DCTERMS.title,
    "description": DCTERMS.description,
    "created": DCTERMS.created,
    "modified": DCTERMS.modified,
}
_LISTED = frozenset({"objectType", "collection", "file_search", *_DATE_KEYS, *_SEQUENCE_KEYS, *_DUBLIN_CORE})

_KEY = re.compile(r"\s*(<[^<>]*>|[^\s\"'<>&=]+)\s*=")
_NAME = re.compile(r"[A-Za-z_][\w.\-]*\Z")
_PREFIXED = re.compile(r"([A-Za-z][\w\-]*):(.*)\Z", re.DOTALL)
_QUOTE_END = r"(?:@[A-Za-z0-9\-]+|\^\^(?:<[^<>]*>|[^\s<>&\"']+))?\s*(?:&|\Z)"
_QUOTED = {quote: re.compile(rf"{quote}((?:[^\\]|\\.)*?){quote}(?={_QUOTE_END})", re.DOTALL) for quote in ("'", '"')}
_SUFFIX = re.compile(r"(?:@([A-Za-z0-9\-]+)|\^\^(<[^<>]*>|[^\s<>&\"']+))?\s*")
_ESCAPE = re.compile(r"\\([tbnrf\"'\\])")
_UNESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_NUMBER = re.compile(r"[+-]?(?:(\d+)|(\d*\.\d+)|(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+)\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TEXT_TOKEN = re.compile(r'"([^"]*)"(?=\s|\Z)|\S+')
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


def parse_search_path(raw: str) -> SearchQuery:
    """Parse what follows `/search/`, percent-encoded as it came; one final slash is not part of it.

    Nothing, or `*`, asks for everything. Raises InvalidQuery with the column in the decoded text.
    """
    if len(raw) > MAX_LENGTH:
        raise InvalidQuery(f"the search path has {len(raw)} characters; {MAX_LENGTH} are allowed")
    return parse_search_text(decode_path(raw.removesuffix("/")))


def parse_search_text(text: str) -> SearchQuery:
    """Parse the decoded text of a search. Raises InvalidQuery."""
    items = list(_items(text))
    first_text = next((n for n, item in enumerate(items) if not item.key), len(items))
    for item in items[first_text:]:
        if item.key:
            words = items[first_text]
            raise _error(f"{text[words.start : words.end]!r} is no key=value; free text goes last", words.start)
    criteria = items[:first_text]
    by_sequence = any(item.key in _SEQUENCE_KEYS for item in criteria)
    wanted = [item for item in criteria if not (by_sequence and item.key in _FLAGS)]
    words_text = text[items[first_text].start :].removesuffix("&") if first_text < len(items) else ""
    at = items[first_text].start if words_text else 0
    return SearchQuery(tuple(_criterion(item) for item in wanted), parse_words(words_text, at))


def parse_class(text: str) -> Iri:
    """Parse a class as `objectType` takes it: an SBOL 2 name, prefix:Name or an IRI. Raises InvalidQuery."""
    terms = _class(text, 0) if text else ()
    if not terms:
        raise _error(f"{text!r} is no class; write a name, prefix:Name or <iri>", 0)
    return Iri(terms[0][1:-1])


def _error(message: str, position: int) -> InvalidQuery:
    column = position + 1
    return InvalidQuery(f"search path, column {column}: {message}", 1, column)


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
            raise _error(f"more than {MAX_CRITERIA} criteria", item.start)
        position = item.end + 1
    return items


def _criterion_item(text: str, start: int, match: "re.Match[str]", before: list[_Item]) -> _Item | None:
    """Return the criterion at `start`; None when it is free text that happens to hold a `=`."""
    key, at = match[1], match.end()
    end = _value_end(text, at)
    is_last = end >= len(text)
    if is_last and not (_is_known(key) or (key in _FLAGS and any(i.key in _SEQUENCE_KEYS for i in before))):
        return None
    return _Item(start, end, key, text[at:end], at)


def _value_end(text: str, at: int) -> int:
    """Return where a value ends: at the next `&` that is not inside its brackets or quotes."""
    position = at
    if text[at : at + 1] == "<":
        close = text.find(">", at)
        position = close if close >= 0 else at
    elif text[at : at + 1] in _QUOTED:
        match = _QUOTED[text[at]].match(text, at)
        position = match.end() if match else at
        if match and text[position : position + 3] == "^^<":
            position = text.find(">", position)
    end = text.find("&", position)
    return len(text) if end < 0 else end


def _text_item(text: str, start: int) -> _Item:
    end, quoted = start, False
    while end < len(text) and (quoted or text[end] != "&"):
        if text[end] == '"' and (quoted or end == start or text[end - 1].isspace()):
            quoted = not quoted and text.find('"', end + 1) >= 0
        end += 1
    piece = text[start:end]
    if end < len(text):  # followed by "&": every item but the last should be key=value
        if "=" in piece and '"' not in piece:
            raise _error(f"{piece.split('=')[0]!r} is no key; put text with = and & into double quotes", start)
        if _is_known(piece):
            raise _error(f"{piece!r} has no value; write {piece}=<iri>, {piece}='text' or {piece}=?x", start)
    return _Item(start, end, "", piece, start)


def _is_known(key: str) -> bool:
    """Say whether this can only be a key: a listed one, an SBOL property, with a colon, or in brackets."""
    if key[:1] == "<":
        return key[-1:] == ">"
    return key in _LISTED or key in property_names() or (":" in key and " " not in key)


# --- criteria ----------------------------------------------------------------------------------------------


def parse_criterion(key: str, value: str) -> Criterion:
    """Read one criterion whose key and value a form keeps apart. Raises InvalidQuery with the column in the value."""
    return _criterion(_Item(0, len(value), key, value, 0))


def _criterion(item: _Item) -> Criterion:
    key, value, at = item.key, item.value.strip(), item.at
    if not value:
        raise _error(f"{key} has no value; write {key}=<iri>, {key}='text' or {key}=?x", at)
    control = _CONTROL.search(value)
    if control is not None:
        raise _error(f"control character U+{ord(control[0]):04X} in the value of {key}", at)
    if key == "file_search":
        raise _error("file_search names a file of the server and is not supported; use sequence=", item.start)
    if key in _SEQUENCE_KEYS and not (key == "sequence" and value.startswith(("<", "?", "http:", "https:"))):
        return HasElements(_sequence_text(value, at))
    if key in _DATE_KEYS:
        predicate, before = _DATE_KEYS[key]
        return HasDate(predicate, _day(value, at), before)
    if key == "collection":
        return InCollection(_one_iri(key, value, at))
    if key == "objectType":
        return HasValue(RDF.type, _class(value, at))
    return HasValue(_predicate(key, item.start), _terms(value, at))


def _sequence_text(value: str, at: int) -> str:
    match = _QUOTED[value[0]].fullmatch(value) if value[0] in _QUOTED else None
    text = match[1] if match else value
    if text[0] in "<'\"?" or any(c.isspace() for c in text):
        raise _error(f"{value[:40]!r} is no sequence; write letters only, such as sequence=acgt", at)
    return text


def _day(value: str, at: int) -> date:
    match = _QUOTED[value[0]].fullmatch(value) if value[0] in _QUOTED else None
    text = match[1] if match else value
    try:
        if _DATE.match(text) and text < "9999-12-31":
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _error(f"{value[:40]!r} is no date; write YYYY-MM-DD", at)


def _class(value: str, at: int) -> tuple[Term, ...]:
    if ":" not in value and value[0] not in "<?'\"":
        if _NAME.match(value) is None:
            raise _error(f"{value[:80]!r} is no class name; write one such as ComponentDefinition", at)
        return (iri_term(_iri(SBOL2.NS + value, at)),)
    terms = _terms(value, at)
    if not all(term.startswith("<") for term in terms):
        raise _error(f"{value[:80]!r} is no class; write a name, prefix:Name or <iri>", at)
    return terms


def _one_iri(key: str, value: str, at: int) -> Iri:
    terms = _terms(value, at)
    if len(terms) != 1 or not terms[0].startswith("<"):
        raise _error(f"{value[:80]!r} is no IRI; write {key}=<iri>", at)
    return Iri(terms[0][1:-1])


def _predicate(key: str, at: int) -> Iri:
    if key[0] == "<":
        return _iri(key[1:-1], at)
    if key.startswith(("http:", "https:")):
        return _iri(key, at)
    prefixed = _PREFIXED.match(key)
    if prefixed is not None:
        return _prefixed(prefixed, at)
    if key in _DUBLIN_CORE:
        return _DUBLIN_CORE[key]
    if _NAME.match(key) is None:
        raise _error(f"{key[:80]!r} is no property name; write a name, prefix:name or <iri>", at)
    return _iri(SBOL2.NS + key, at)


def _iri(text: str, at: int) -> Iri:
    try:
        return check_iri(text)
    except InvalidIri as error:
        raise _error(f"{text[:200]!r} is not an absolute IRI", at) from error


def _prefixed(match: "re.Match[str]", at: int) -> Iri:
    prefix, name = match.groups()
    if prefix not in PREFIXES:
        known = ", ".join(sorted(PREFIXES))
        message = f"unknown prefix {prefix[:40]!r} (known: {known}); write <iri> in full, or 'text' in quotes"
        raise _error(message, at)
    return _iri(PREFIXES[prefix] + name, at)


def _terms(value: str, at: int) -> tuple[Term, ...]:
    """Return the terms that one written value stands for; none for a variable: anything will do."""
    if value[0] == "<":
        if value[-1] != ">" or ">" in value[:-1]:
            raise _error(f"{value[:80]!r} is no IRI; one <…> is a whole value", at)
        return (iri_term(_iri(value[1:-1], at)),)
    if value[0] in _QUOTED:
        return (_quoted(value, at),)
    if value[0] == "?":
        if _NAME.match(value[1:]) is None:
            raise _error(f"{value[:80]!r} is no variable; write ?x for any value", at)
        return ()
    if value.startswith(("http://", "https://")):
        return (iri_term(_iri(value, at)),)
    number = _NUMBER.match(value)
    if number is not None:  # SBOL writes most numbers as plain text
        datatype = XSD.integer if number[1] else Iri(XSD.NS + ("decimal" if number[2] else "double"))
        return literal_term(value), literal_term(value, datatype)
    prefixed = _PREFIXED.match(value)
    if prefixed is not None:
        return (iri_term(_prefixed(prefixed, at)),)
    return (literal_term(value),)


def _quoted(value: str, at: int) -> Term:
    match = _QUOTED[value[0]].match(value)
    suffix = None if match is None else _SUFFIX.fullmatch(value, match.end())
    if match is None or suffix is None:
        raise _error(f"the text {value[:80]!r} does not end with its quote", at)
    text = _ESCAPE.sub(lambda m: _UNESCAPED.get(m[1], m[1]), match[1])
    datatype = None
    if suffix[2] is not None:
        datatype = _one_iri("^^", suffix[2], at + suffix.start(2))
    try:
        return literal_term(text, datatype, suffix[1])
    except ValueError as error:
        raise _error(f"{suffix[0]!r} is no language tag", at + suffix.start()) from error


# --- free text ---------------------------------------------------------------------------------------------


def parse_words(text: str, at: int = 0) -> tuple[Alternative, ...]:
    """Parse free text, which stands at offset `at` of what columns are counted in. Raises InvalidQuery."""
    text = _CONTROL.sub(" ", text)
    if text.strip() in ("", "*"):
        return ()
    tokens = list(_TEXT_TOKEN.finditer(text))
    if len(tokens) > MAX_TERMS:
        raise _error(f"more than {MAX_TERMS} words", at + tokens[MAX_TERMS].start())
    alternatives: list[list[Phrase]] = [[]]
    negated = False
    for token in tokens:
        if token[0] == "or":
            if alternatives[-1]:
                alternatives.append([])
        elif token[0] == "not":
            negated = True
        elif token[0] != "and" and (phrase := fold(token[1] if token[1] is not None else token[0])).strip():
            alternatives[-1].append(Phrase(phrase, negated))
            negated = False
    found = tuple(tuple(alternative) for alternative in alternatives if alternative)
    if found:
        return found
    # nothing but operators: then they are the words that were meant
    words = tuple(Phrase(t[0]) for t in tokens if t[1] is None)
    return (words,) if words else ()
