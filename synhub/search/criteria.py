"""One `key=value` of a search path, or of a form, as criteria. Pure; bad input is InvalidQuery with the column.

    key   := listed name | SBOL property | prefix:name | <iri> | http…
    value := <iri> | 'text' | "text" [ @lang | ^^type ] | prefix:name | http… | number | word | ?variable

`roleBelow` and `typeBelow` take a term of an ontology, by any of its names, and ask for it and all its descendants.
"""

import re
from datetime import date
from functools import lru_cache

from synhub.errors import InvalidIri, InvalidQuery
from synhub.rdf import Iri, Term, check_iri, iri_term, literal_term
from synhub.sbol.ontology import TITLES, Name, branch, iris_of, look_up, ontology, similar_names
from synhub.sbol.schema import property_names
from synhub.search.ast import Criterion, HasDate, HasValue, InCollection, IsLatest
from synhub.vocab import DCTERMS, PREFIXES, RDF, SBOL2, XSD

_DATE_KEYS: dict[str, tuple[Iri, bool]] = {
    "createdBefore": (DCTERMS.created, True),
    "createdAfter": (DCTERMS.created, False),
    "modifiedBefore": (DCTERMS.modified, True),
    "modifiedAfter": (DCTERMS.modified, False),
}
# The property, and the ontologies whose terms it has: what a name is looked up in.
_BELOW: dict[str, tuple[Iri, tuple[Name, ...]]] = {
    "roleBelow": (SBOL2.role, ("so",)),
    "typeBelow": (SBOL2.type, ("biopax", "sbo", "so")),
}
# What asks about letters, and the flags that say how alike they are to be: sequence_criteria.py.
SEQUENCE_KEYS = frozenset({"sequence", "exactsequence", "globalsequence", "subsequence", "file_search"})
FLAGS = frozenset({"maxaccepts", "maxrejects", "id", "iddef", "maxseqlength", "minseqlength", "search_exact"})
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")
# pySBOL2 sends local names only, whatever the namespace.
_DUBLIN_CORE: dict[str, Iri] = {
    "title": DCTERMS.title,
    "name": DCTERMS.title,
    "description": DCTERMS.description,
    "created": DCTERMS.created,
    "modified": DCTERMS.modified,
}
_LISTED = frozenset({"objectType", "collection", "latest", *_DATE_KEYS, *_BELOW, *SEQUENCE_KEYS, *_DUBLIN_CORE})
_EXAMPLES: dict[str, str] = {
    "objectType": "ComponentDefinition",
    "collection": "<iri>",
    "latest": "1",
    "roleBelow": "promoter",
    "typeBelow": "PhysicalEntity",
    **dict.fromkeys((*_DATE_KEYS, "created", "modified"), "2017-03-01"),
    **dict.fromkeys(SEQUENCE_KEYS, "acgtacgt"),
    "file_search": "<token>",
}

_FEW = 5

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # not the tab, which is a blank
_BLANK = re.compile(r"\s")
_NAME = re.compile(r"[A-Za-z_][\w.\-]*\Z")
_PREFIXED = re.compile(r"([A-Za-z][\w\-]*):(.*)\Z", re.DOTALL)
_SUFFIX = re.compile(r"(?:@([A-Za-z0-9\-]+)|\^\^(<[^<>]*>|[^\s<>&\"']+))?\s*")
_ESCAPE = re.compile(r"\\([tbnrf\"'\\])")
_NUMBER = re.compile(r"[+-]?(?:(\d+)|(\d*\.\d+)|(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+)\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_UNESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_QUOTE_END = r"(?:@[A-Za-z0-9\-]+|\^\^(?:<[^<>]*>|[^\s<>&\"']+))?\s*(?:&|\Z)"
QUOTED = {quote: re.compile(rf"{quote}((?:[^\\]|\\.)*?){quote}(?={_QUOTE_END})", re.DOTALL) for quote in ("'", '"')}


def error(message: str, position: int) -> InvalidQuery:
    """Return the error that stands at an offset of the text."""
    column = position + 1
    return InvalidQuery(f"search path, column {column}: {message}", 1, column)


def example(key: str) -> str:
    """Return how a criterion with this key can be written."""
    return f"{key}={_EXAMPLES[key]}" if key in _EXAMPLES else f"{key}=<iri>, {key}='text' or {key}=?x"


def is_known(key: str) -> bool:
    """Say whether this can only be a key: a listed one, an SBOL property, with a colon, or in brackets."""
    if key[:1] == "<":
        return key[-1:] == ">"
    return key in _LISTED or key in property_names() or (":" in key and " " not in key)


def is_text(value: str) -> bool:
    """Say whether a value begins as a term does and is none, so that only text can be meant: `'tis`, `< 5`, `NB: new`.

    Parsed as it stands, it is refused.
    """
    if value[0] in QUOTED:
        match = QUOTED[value[0]].match(value)
        return match is None or _SUFFIX.fullmatch(value, match.end()) is None
    if value[0] == "<":
        return value[-1] != ">"
    if value[0] == "?":
        return _NAME.match(value, 1) is None
    return _PREFIXED.match(value) is not None and _BLANK.search(value) is not None


def parse_criteria(key: str, value: str, start: int = 0, at: int = 0) -> tuple[Criterion, ...]:
    """Read what one key and its value ask for: mostly one criterion.

    `start` and `at` are where key and value stand in what columns are counted in. Raises InvalidQuery.
    """
    value = value.strip()
    if not value:
        raise error(f"{key} has no value; write {example(key)}", at)
    control = CONTROL.search(value)
    if control is not None:
        code = f"U+{ord(control[0]):04X}"
        raise error(rf"control character {code} in the value of {key}; in quotes \n stands for U+000A", at)
    if key == "latest":
        return _latest(value, at)
    if key in ("created", "modified") and _DATE.match(value):  # on that day
        day = _day(value, at)
        return HasDate(_DUBLIN_CORE[key], day, before=False), HasDate(_DUBLIN_CORE[key], day, before=True)
    return (_criterion(key, value, start, at),)


def _criterion(key: str, value: str, start: int, at: int) -> Criterion:
    if key in _DATE_KEYS:
        predicate, before = _DATE_KEYS[key]
        return HasDate(predicate, _day(value, at), before)
    if key in _BELOW:
        predicate, names = _BELOW[key]
        return HasValue(predicate, _below(value, names, at))
    if key == "collection":
        return InCollection(_one_iri(key, value, at))
    if key == "objectType":
        return HasValue(RDF.type, class_terms(value, at))
    return HasValue(_predicate(key, start), _terms(value, at))


def _latest(value: str, at: int) -> tuple[Criterion, ...]:
    if value.lower() not in (*_YES, *_NO):
        raise error(f"latest={value[:40]!r} is not known; write latest=1 for the latest versions only", at)
    return (IsLatest(),) if value.lower() in _YES else ()


def _below(value: str, names: tuple[Name, ...], at: int) -> tuple[Term, ...]:
    """Return all IRIs of a term and its descendants, in every spelling that data has them in."""
    quoted = QUOTED[value[0]].fullmatch(value) if value[0] in QUOTED else None
    text = quoted[1] if quoted else value[1:-1] if value[0] == "<" and value[-1] == ">" else value
    found = look_up(text, names)
    if len(found) == 1:
        return _closure(*found[0])
    titles = ", ".join(TITLES[name] for name in names)
    if found:
        choices = " or ".join(f"{_short(*term)} ({_label(*term)}, {TITLES[term[0]]})" for term in found[:_FEW])
        raise error(f"{text[:80]!r} can be more than one term: write {choices}", at)
    similar = similar_names(text, names)
    advice = f"did you mean {', '.join(similar)}?" if similar else "write its accession, such as so:0000167"
    raise error(f"{text[:80]!r} is no term of {titles}; {advice}", at)


@lru_cache(maxsize=32)
def _closure(name: Name, accession: str) -> tuple[Term, ...]:
    return tuple(iri_term(iri) for below in sorted(branch(name, accession)) for iri in iris_of(name, below))


def _short(name: Name, accession: str) -> str:
    return f"biopax:{accession}" if name == "biopax" else accession.lower()


def _label(name: Name, accession: str) -> str:
    return ontology(name).names[accession].replace("_", " ")


def _day(value: str, at: int) -> date:
    match = QUOTED[value[0]].fullmatch(value) if value[0] in QUOTED else None
    text = match[1] if match else value
    try:
        if _DATE.match(text) and text[:4] != "0000":
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise error(f"{value[:40]!r} is no date; write YYYY-MM-DD", at)


def class_terms(value: str, at: int) -> tuple[Term, ...]:
    """Return the class that a value names; nothing for a variable. Raises InvalidQuery."""
    if ":" not in value and value[0] not in "<?'\"":
        if _NAME.match(value) is None:
            raise error(f"{value[:80]!r} is no class name; write one such as ComponentDefinition", at)
        return (iri_term(_iri(SBOL2.NS + value, at)),)
    terms = _terms(value, at)
    if not all(term.startswith("<") for term in terms):
        raise error(f"{value[:80]!r} is no class; write a name, prefix:Name or <iri>", at)
    return terms


def _one_iri(key: str, value: str, at: int) -> Iri:
    terms = _terms(value, at)
    if len(terms) != 1 or not terms[0].startswith("<"):
        raise error(f"{value[:80]!r} is no IRI; write {key}=<iri>", at)
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
        raise error(f"{key[:80]!r} is no property name; write a name, prefix:name or <iri>", at)
    return _iri(SBOL2.NS + key, at)


def _iri(text: str, at: int) -> Iri:
    try:
        return check_iri(text)
    except InvalidIri as bad:
        raise error(f"{text[:200]!r} is not an absolute IRI", at) from bad


def _prefixed(match: "re.Match[str]", at: int) -> Iri:
    prefix, name = match.groups()
    if prefix not in PREFIXES:
        known = ", ".join(sorted(PREFIXES))
        message = f"unknown prefix {prefix[:40]!r} (known: {known}); write <iri> in full, or 'text' in quotes"
        raise error(message, at)
    return _iri(PREFIXES[prefix] + name, at)


def _terms(value: str, at: int) -> tuple[Term, ...]:
    """Return the terms that one written value stands for; none for a variable: anything will do."""
    if value[0] == "<":
        if value[-1] != ">" or ">" in value[:-1]:
            raise error(f"{value[:80]!r} is no IRI; one <…> is a whole value", at)
        return (iri_term(_iri(value[1:-1], at)),)
    if value[0] in QUOTED:
        return (_quoted(value, at),)
    if value[0] == "?":
        if _NAME.match(value[1:]) is None:
            raise error(f"{value[:80]!r} is no variable; write ?x for any value", at)
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
    match = QUOTED[value[0]].match(value)
    suffix = None if match is None else _SUFFIX.fullmatch(value, match.end())
    if match is None or suffix is None:
        raise error(f"the text {value[:80]!r} does not end with its quote", at)
    text = _ESCAPE.sub(lambda m: _UNESCAPED.get(m[1], m[1]), match[1])
    datatype = None
    if suffix[2] is not None:
        datatype = _one_iri("^^", suffix[2], at + suffix.start(2))
    try:
        return literal_term(text, datatype, suffix[1])
    except ValueError as bad:
        raise error(f"{suffix[0]!r} is no language tag", at + suffix.start()) from bad
