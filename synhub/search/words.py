"""A search in words, for people: what its page says that it has looked for. Pure.

Source: the criteria of ast.py; terms of ontologies are called by their labels.
"""

from synhub.rdf import Iri, Term, is_iri, text_of
from synhub.sbol.ontology import accession_of, label_of, ontology
from synhub.search.ast import (
    Alternative,
    Criterion,
    HasDate,
    HasElements,
    HasValue,
    InCollection,
    IsLatest,
    LikeSequence,
    SearchQuery,
)
from synhub.vocab import RDF, SBOL2

_MOST_VALUES = 4
_MOST_LETTERS = 30


def describe(query: SearchQuery) -> list[str]:
    """Return what each criterion asks for, and then the free text; nothing when everything is asked for.

    >>> from synhub.search.grammar import parse_search_path
    >>> describe(parse_search_path("objectType=Collection&role=<http://identifiers.org/so/SO:0000167>&gfp not lac"))
    ['is a Collection', 'role is promoter', '“gfp” and not “lac” in id, name or description']
    """
    said = [_criterion(criterion) for criterion in query.criteria]
    if query.text:
        said.append(" or ".join(map(_alternative, query.text)) + " in id, name or description")
    return said


def _criterion(criterion: Criterion) -> str:
    match criterion:
        case HasValue(predicate, values):
            return _values(predicate, values)
        case InCollection(iri):
            return f"in the collection {_name(iri)}"
        case HasDate(predicate, day, before):
            return f"{_name(predicate)} {'on or before' if before else 'on or after'} {day.isoformat()}"
        case HasElements(elements):
            return f"has the sequence {_letters(elements)}"
        case LikeSequence(queries):
            texts = [_letters(query.residues) for query in queries[:1]]
            more = f" or one of {len(queries) - 1} more" if len(queries) > 1 else ""
            return f"has a sequence like {texts[0]}{more}" if texts else "has a sequence like one of the file"
        case IsLatest():
            return "is the latest version"


def _values(predicate: Iri, values: tuple[Term, ...]) -> str:
    said = "is a" if predicate == RDF.type else f"{_name(predicate)} is"
    if not values:
        return f"has a {_name(predicate)}"
    labels = list(dict.fromkeys(_value(value) for value in values))
    top = _root(values)
    if top is not None:
        return f"{said} {top} or below"
    if len(labels) > _MOST_VALUES:
        labels = [*labels[:_MOST_VALUES], f"one of {len(labels) - _MOST_VALUES} more"]
    return f"{said} {' or '.join(labels)}"


def _root(values: tuple[Term, ...]) -> str | None:
    """Return the label of the one term among several that all the others lie below, None when there is none."""
    accessions = {accession_of(text_of(value)) if is_iri(value) else None for value in values}
    found = {accession for accession in accessions if accession is not None}
    if len(found) < 2 or len(found) < len(accessions):
        return None
    tables = [table for table in (ontology("so"), ontology("sbo")) if found <= table.names.keys()]
    for table in tables:
        tops = [accession for accession in found if found.isdisjoint(table.parents[accession])]
        if len(tops) == 1:
            return table.names[tops[0]]
    return None


def _value(value: Term) -> str:
    text = text_of(value)
    return _name(Iri(text)) if is_iri(value) else f"“{text}”"


def _name(iri: Iri) -> str:
    """Return the label of a term, the name of a class or property, or the displayId of an object."""
    label = label_of(iri)
    if label is not None:
        return label
    if iri.startswith(SBOL2.NS):
        return iri.removeprefix(SBOL2.NS)
    parts = [part for part in iri.replace("#", "/").split("/") if part]
    return parts[-2] if len(parts) > 3 and parts[-1][:1].isdigit() else parts[-1]


def _letters(text: str) -> str:
    if len(text) <= _MOST_LETTERS:
        return text
    return f"{text[:_MOST_LETTERS]}… ({len(text)} letters)"


def _alternative(alternative: Alternative) -> str:
    return " and ".join(f"{'not ' if phrase.negated else ''}“{phrase.text}”" for phrase in alternative)
