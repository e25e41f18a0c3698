"""From a criterion back to the text of it in a search path: what a link that narrows a search adds. Pure.

Source: the grammar of criteria.py and grammar.py, which read what is written here as the same criterion.
"""

from synhub.rdf import Iri, Term, datatype_of, iri_of, is_iri, text_of
from synhub.search.criteria import CONTROL
from synhub.vocab import DC, RDF, SBOL2

_KEYS = {SBOL2.type: "type", SBOL2.role: "role", DC.creator: "dc:creator"}
_ESCAPED = {"\\": "\\\\", "'": "\\'", "\t": "\\t", "\b": "\\b", "\n": "\\n", "\r": "\\r", "\f": "\\f"}


def write_value(predicate: Iri, value: Term) -> str | None:
    """Return the criterion that an object has this value: an IRI, or a text with or without a language.

    None for what no path can say: a text with other control characters than those of `_ESCAPED`, a typed value.
    """
    if predicate == RDF.type and is_iri(value):
        name = iri_of(value).removeprefix(SBOL2.NS)
        return f"objectType={name}" if name.isalnum() else f"objectType={value}"
    key = _KEYS.get(predicate, f"<{predicate}>")
    if is_iri(value):
        return f"{key}={value}"
    text = write_text(text_of(value))
    language = "" if datatype_of(value) else value[value.rindex('"') + 1 :]
    if CONTROL.search(text) or "^^" in value[value.rindex('"') + 1 :]:
        return None
    return f"{key}={text}{language}"


def write_text(text: str) -> str:
    """Return a text as a value in quotes; a path cannot say control characters other than those of `_ESCAPED`."""
    return "'" + "".join(_ESCAPED.get(c, c) for c in text) + "'"


def write_phrase(text: str) -> str:
    """Return a text as one phrase of free text, its blanks included."""
    return '"' + text.replace('"', '""') + '"'


def write_collection(iri: Iri) -> str:
    """Return the criterion that an object is a member of a collection."""
    return f"collection=<{iri}>"
