"""Objects as plain JSON, for scripts that read no RDF: `GET <object>/summary`.

One object for each class of top levels, with lists of records in which children are nested. What no property of the
class table says is an annotation. Nothing of a document is left out.

Source: SynBioHub `GET <uri>/summary`, which is the JSON that sboljs makes of a document. That one calls the members of
a collection `models` and leaves out titles and whatever belongs to provenance, measures, experiments and derivations.
"""

import json
from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Any

from synhub.formats.source import Source
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_blank, is_literal, text_of
from synhub.sbol.graph import Document
from synhub.sbol.schema import CLASSES, Property, SbolClass
from synhub.vocab import OM, PROV, RDF, SBOL2

_TYPE = iri_term(RDF.type)
_GENERIC = "genericTopLevels"
_NUMBERS = frozenset({SBOL2.start, SBOL2.end, SBOL2.at})


def _plural(name: str) -> str:
    """Return the plural of a class or a property, of which English has few kinds.

    >>> _plural("activity"), _plural("siPrefix"), _plural("experimentalData")
    ('activities', 'siPrefixes', 'experimentalData')
    """
    if name.endswith(("Data", "s")):
        return name
    if name.endswith("x"):
        return name + "es"
    return name[:-1] + "ies" if name.endswith("y") else name + "s"


def _local(iri: Iri) -> str:
    return iri.rpartition("#")[2].rpartition("/")[2]


def _key(iri: Iri) -> str:
    name = _local(iri)
    return _plural("siPrefix" if name == "SIPrefix" else name[0].lower() + name[1:])


# Class of a top level -> the list it is in; the classic ones first, in their order.
_CLASSIC = ("Collection", "ModuleDefinition", "Model", "Implementation", "ComponentDefinition", "Sequence")
_LISTS: dict[Term, str] = {iri_term(Iri(SBOL2.NS + name)): _key(Iri(SBOL2.NS + name)) for name in _CLASSIC}
_LISTS |= {
    class_term: _key(c.iri)
    for class_term, c in CLASSES.items()
    if c.top_level and class_term not in _LISTS and c.iri.startswith((SBOL2.NS, PROV.NS, OM.NS))
}
_ORDER = (*dict.fromkeys(_LISTS.values()), _GENERIC)


def write_summary(source: Source) -> Iterator[bytes]:
    """Yield one JSON object, indented by two spaces. Walks the top levels once for each class among them."""
    present: set[str] | None = None
    before = b""
    yield b"{"  # at once: the first record may be a large one
    for name in _ORDER:
        if present is not None and name not in present:
            continue
        seen: set[str] = set()
        between = before + f'\n  "{name}": [\n'.encode()
        for group in source.top_levels():
            found = _lists(group)
            seen |= found
            if name in found:
                for record in _records(group, name):
                    text = indent(json.dumps(record, ensure_ascii=False, indent=2), "    ")
                    if record.get("uri") == source.roots[0]:
                        yield from _with_members(between, text, source)
                    else:
                        yield between + text.encode()
                    between = b",\n"
        if between == b",\n":
            yield b"\n  ]"
            before = b","
        present = seen
    yield b"\n}" if before else b"}"


def _with_members(before: bytes, text: str, source: Source) -> Iterator[bytes]:
    """Yield the text of the record of what was asked for, with those members that its top level was given without."""
    end = "\n    }"
    yield before + text.removesuffix(end).encode()
    between = b',\n      "members": [\n'
    for piece in source.members():
        for _, _, member in piece:
            yield between + b"        " + json.dumps(text_of(member), ensure_ascii=False).encode()
            between = b",\n"
    yield (end if between != b",\n" else f"\n      ]{end}").encode()


def _lists(group: Iterable[Triple]) -> set[str]:
    """Return the lists that the top levels of a group belong to."""
    return {_LISTS[o] for _, p, o in group if p == _TYPE and o in _LISTS} or {_GENERIC}


def _records(group: list[Triple], name: str) -> Iterator[dict[str, Any]]:
    document = Document.of(group)
    for top_level in document.top_levels + document.orphans:
        lists = [_LISTS[t] for t in document.types(top_level) if t in _LISTS]
        if (min(lists) if lists else _GENERIC) == name:
            yield _record(document, top_level, (top_level,))


def _record(document: Document, subject: Term, path: tuple[Term, ...]) -> dict[str, Any]:
    """Describe a subject with its children; `path` leads to it."""
    said = document.subjects[subject]
    known = [CLASSES[t] for t in sorted(document.types(subject)) if t in CLASSES]
    record: dict[str, Any] = {} if is_blank(subject) else {"uri": iri_of(subject)}
    used: set[Term] = set()
    general: dict[str, Any] = {}
    special: dict[str, Any] = {}
    for prop in _properties(known):
        term = iri_term(prop.iri)
        if term in said and term not in used:
            used.add(term)
            values = [_value(document, prop, o, path) for o in said[term]]
            target = general if prop.iri in _GENERAL else special
            is_list = prop.max is None or len(values) > 1
            target[_plural(_local(prop.iri)) if is_list else _local(prop.iri)] = values if is_list else values[0]
    if not known:
        for iri in _GENERAL:
            if (term := iri_term(iri)) in said:
                used.add(term)
                texts = [text_of(o) for o in said[term]]
                general[_local(iri)] = texts[0] if len(texts) == 1 else texts
        if _TYPE in said:
            special["rdfTypes"] = [text_of(o) for o in said[_TYPE]]
    annotations = [
        _annotation(document, p, o, path) for p, values in said.items() if p not in used and p != _TYPE for o in values
    ]
    return record | general | ({"annotations": annotations} if annotations else {}) | special


def _properties(known: Iterable[SbolClass]) -> Iterator[Property]:
    for sbol_class in known:
        yield from sbol_class.properties


# What every object may say, in the order of the records.
_GENERAL: dict[Iri, None] = {
    p.iri: None for p in next(c for c in CLASSES.values() if c.iri == SBOL2.Sequence).properties[:7]
}


def _value(document: Document, prop: Property, value: Term, path: tuple[Term, ...]) -> Any:
    if prop.kind == "child" and value in document.subjects and value not in path:
        return _record(document, value, (*path, value))
    text = text_of(value)
    return int(text) if prop.iri in _NUMBERS and text.isascii() and text.isdecimal() else text


def _annotation(document: Document, predicate: Term, value: Term, path: tuple[Term, ...]) -> dict[str, Any]:
    name = iri_of(predicate)
    if value in document.nested and value not in path:
        return {"type": "node", "name": name, "value": _record(document, value, (*path, value))}
    return {"type": "string" if is_literal(value) else "uri", "name": name, "value": text_of(value)}
