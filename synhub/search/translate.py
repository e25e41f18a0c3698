"""A SearchQuery as SPARQL: the meaning of a search, shown to users and true on any engine.

A result is a top level (`?obj sbh:topLevel ?obj`) of the graphs that the engine is given; which those are, and what
is hidden in them, is not said here. Values enter through render only.

Two things SPARQL has no words for. Which of several versions is the latest (Maven's order): the members of a
collection that are named without a version, and the older versions that `latest=1` leaves out, are put in as VALUES,
found by plan.py. And how often an object is used: the service orders by that before IRI, which a SPARQL engine would
have to count anew for every row.

Source: SPARQL 1.1 Query, sections 5 (patterns), 8.1 (EXISTS), 17.4 (functions).
"""

from datetime import date, timedelta

from synhub.rdf import Term, iri_term, literal_term
from synhub.search.ast import (
    RELEVANCE,
    Alternative,
    Criterion,
    HasDate,
    HasElements,
    HasValue,
    InCollection,
    IsLatest,
    LikeSequence,
    Phrase,
    SearchQuery,
    Sort,
    fold,
)
from synhub.sparql import render
from synhub.sparql.render import Query
from synhub.vocab import BIOPAX, DCTERMS, RDF, SBH, SBOL2, SO, XSD

_TEXT_PREDICATES = tuple(iri_term(p) for p in (SBOL2.displayId, DCTERMS.title, DCTERMS.description))


_USES = """# Among equals the search puts first what more public objects refer to, which this query does not count:
# its pages (LIMIT, OFFSET) may cut the same rows in another order.
"""
_BY_USES = """# The search sorts by how many public objects refer to each, which this query does not count:
# its pages (LIMIT, OFFSET) may cut the same rows in another order.
"""
_DATES = {"created": DCTERMS.created, "modified": DCTERMS.modified}
_ZONE = render.string("(Z|[+-][0-9]{2}:[0-9]{2})$")
_MOMENT = render.string(
    "^-?[0-9]{4,}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-4]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?)?"
    "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$"
)


def rows_query(query: SearchQuery, offset: int, limit: int, sort: Sort = RELEVANCE) -> Query:
    """Return the SELECT of one page: one row an object, in total order.

    Relevance: displayId equal to a word, beginning with one, name holding one; then IRI, where the service orders by
    use first: the query says so in a comment.
    """
    note = {"relevance": _USES, "uses": _BY_USES}.get(sort.key, "")
    text = f"""{note}SELECT ?obj (MIN(STR(?cls)) AS ?type) (MIN(STR(?id)) AS ?displayId) (MIN(STR(?v)) AS ?version)
       (MIN(STR(?title)) AS ?name) (MIN(STR(?text)) AS ?description)
       (MIN(STR(?biopax)) AS ?sbolType) (MIN(STR(?so)) AS ?role)
WHERE {{
  {{ SELECT DISTINCT ?obj WHERE {{
{_where(query)}
  }} }}
  OPTIONAL {{ ?obj {render.iri(RDF.type)} ?cls }}
  OPTIONAL {{ ?obj {render.iri(SBOL2.displayId)} ?id }}
  OPTIONAL {{ ?obj {render.iri(SBOL2.version)} ?v }}
  OPTIONAL {{ ?obj {render.iri(DCTERMS.title)} ?title }}
  OPTIONAL {{ ?obj {render.iri(DCTERMS.description)} ?text }}
  OPTIONAL {{ ?obj {render.iri(SBOL2.type)} ?biopax
             FILTER(STRSTARTS(STR(?biopax), {render.string(BIOPAX.NS)})) }}
  OPTIONAL {{ ?obj {render.iri(SBOL2.role)} ?so
             FILTER(STRSTARTS(STR(?so), {render.string(SO.NS)})) }}{_sorted_date(sort)}
}}
GROUP BY ?obj
ORDER BY {_order(query, sort)}
LIMIT {render.number(limit)} OFFSET {render.number(offset)}"""
    return Query(text)


def count_query(query: SearchQuery) -> Query:
    """Return the SELECT of the number of objects found."""
    return Query(f"SELECT (COUNT(DISTINCT ?obj) AS ?count)\nWHERE {{\n{_where(query)}\n}}")


def objects_query(query: SearchQuery, among: tuple[Term, ...] = ()) -> Query:
    """Return the SELECT of the objects alone, without order; with `among`, of those that are in it."""
    values = f"    VALUES ?obj {{ {render.terms(among)} }}\n" if among else ""
    return Query(f"SELECT DISTINCT ?obj\nWHERE {{\n{values}{_where(query)}\n}}")


def _where(query: SearchQuery) -> str:
    lines = [line for n, criterion in enumerate(query.criteria) for line in _criterion(criterion, n)]
    lines.append(f"?obj {render.iri(SBH.topLevel)} ?obj .")
    lines += [line for criterion in query.criteria if isinstance(criterion, IsLatest) for line in _latest(criterion)]
    if query.text:
        lines.append(f"FILTER({' || '.join(_alternative(a) for a in query.text)})")
    return "\n".join("    " + line for line in lines)


def _criterion(criterion: Criterion, n: int) -> list[str]:
    match criterion:
        case HasValue(predicate, ()):
            return [f"?obj {render.iri(predicate)} {render.variable(f'any{n}')} ."]
        case HasValue(predicate, (value,)):
            return [f"?obj {render.iri(predicate)} {render.term(value)} ."]
        case HasValue(predicate, values):
            variable = render.variable(f"value{n}")
            return [
                f"?obj {render.iri(predicate)} {variable} .",
                f"VALUES {variable} {{ {render.terms(values)} }}",
            ]
        case InCollection(iri, latest):
            collection, member = render.variable(f"collection{n}"), render.iri(SBOL2.member)
            either = [
                f"{{ {render.iri(iri)} {member} ?obj }} UNION",
                f"{{ {collection} {render.iri(SBOL2.persistentIdentity)} {render.iri(iri)} ; {member} ?obj }}",
            ]
            if latest:
                either[-1] += " UNION  # or the latest version of a member that is named without one:"
                either.append(f"{{ VALUES ?obj {{ {render.terms(iri_term(i) for i in latest)} }} }}")
            return either
        case HasElements(elements):
            sequence, letters = render.variable(f"sequence{n}"), render.variable(f"elements{n}")
            has_sequence = f"?obj {render.iri(SBOL2.sequence)} {sequence} ."
            if not criterion.any_case:
                return [has_sequence, f"{sequence} {render.iri(SBOL2.elements)} {render.string(elements)} ."]
            return [
                has_sequence,
                f"{sequence} {render.iri(SBOL2.elements)} {letters} .",
                f"FILTER(LCASE({letters}) {_one_of(fold(elements), criterion.reverse)})",
            ]
        case LikeSequence():
            return _like(criterion, render.variable(f"sequence{n}"))
        case HasDate():
            return _date(criterion, n)
        case IsLatest():
            return []  # said last: MINUS takes away from what stands before it


def _one_of(text: str, other: str | None) -> str:
    return f"= {render.string(text)}" if other is None else f"IN ({render.string(text)}, {render.string(other)})"


def _like(criterion: LikeSequence, sequence: str) -> list[str]:
    found = criterion.found or ()
    plain = render.terms(iri_term(s.iri) for s in found if not s.wraps)
    lines = [
        f"?obj {render.iri(SBOL2.sequence)} {sequence} .",
        "# the sequences that align, the best first; the search puts objects in this order:",
    ]
    if not any(s.wraps for s in found):
        return [*lines, f"VALUES {sequence} {{ {plain} }}"]
    wrapped = render.terms(iri_term(s.iri) for s in found if s.wraps)
    return [
        *lines,
        f"{{ VALUES {sequence} {{ {plain} }} }} UNION  # or over the origin of what is circular:",
        f"{{ ?obj {render.iri(SBOL2.type)} {render.iri(SO.circular)} VALUES {sequence} {{ {wrapped} }} }}",
    ]


def _latest(criterion: IsLatest) -> list[str]:
    if criterion.superseded is None:
        return ["# and no later version is to be seen: those that this leaves out are too many to be listed here"]
    if not criterion.superseded:
        return ["# and no later version is to be seen: this leaves out none of what is found"]
    older = render.terms(iri_term(iri) for iri in criterion.superseded)
    return ["# of each persistent identity the latest version, not these:", f"MINUS {{ VALUES ?obj {{ {older} }} }}"]


def _date(criterion: HasDate, n: int) -> list[str]:
    """A day ends where the next one begins, so that no fraction of its last second is lost."""
    variable = render.variable(f"date{n}")
    day = criterion.day.isoformat()
    if criterion.before:
        last = criterion.day == date.max
        day = "10000-01-01" if last else (criterion.day + timedelta(days=1)).isoformat()
    bound = render.term(literal_term(f"{day}T00:00:00Z", XSD.dateTime))
    operator = "<" if criterion.before else ">="
    return [
        f"?obj {render.iri(criterion.predicate)} {variable} .",
        f"FILTER({instant(variable)} {operator} {bound})",
    ]


def instant(variable: str) -> str:
    """Return the expression of when a date is: without a zone it is in UTC, and a day without a time begins in UTC.

    Engines leave open which of two times is earlier when one has no zone and they are within 14 hours, so it is given
    one. What is no date has no instant; Virtuoso ends a query that casts it (DT006), but for the branch of an IF that
    is not taken, and would read `2015` as a date. Source: XML Schema 1.1 part 2, section 3.3.7.
    """
    text = f"STR({variable})"
    time = f'IF(REGEX({text}, {_ZONE}), {text}, CONCAT({text}, "Z"))'
    day = f'CONCAT(REPLACE({text}, {_ZONE}, ""), "T00:00:00Z")'
    either = f'IF(CONTAINS({text}, "T"), {time}, {day})'
    return f"{render.iri(XSD.dateTime)}(IF(REGEX({text}, {_MOMENT}), {either}, ?none))"


def _alternative(alternative: Alternative) -> str:
    return "(" + " && ".join(_phrase(phrase) for phrase in alternative) + ")"


def _phrase(phrase: Phrase) -> str:
    predicates = render.terms(_TEXT_PREDICATES)
    operator = "NOT EXISTS" if phrase.negated else "EXISTS"
    return (
        f"{operator} {{ VALUES ?p {{ {predicates} }} ?obj ?p ?t "
        f"FILTER(CONTAINS(LCASE(STR(?t)), {render.string(phrase.text)})) }}"
    )


def _sorted_date(sort: Sort) -> str:
    if sort.key not in _DATES:
        return ""
    return f"""
  OPTIONAL {{ ?obj {render.iri(_DATES[sort.key])} ?date BIND({instant("?date")} AS ?sorted) }}"""


def _order(query: SearchQuery, sort: Sort) -> str:
    """By anything but relevance, IRIs follow the direction, as an index that is walked backwards has them."""
    if sort.key == "relevance":
        return f"{_rank(query)}?obj"
    keys = {
        "name": 'LCASE(COALESCE(?name, ?displayId, ""))',
        "displayId": 'LCASE(COALESCE(?displayId, ""))',
        "created": "MIN(?sorted)",
        "modified": "MIN(?sorted)",
    }
    wanted = [keys[sort.key], "?obj"] if sort.key in keys else ["?obj"]
    return " ".join(f"{'DESC' if sort.descending else 'ASC'}({key})" for key in wanted)


def _rank(query: SearchQuery) -> str:
    if not query.words:
        return ""
    words = [render.string(word) for word in query.words]
    display_id, name = 'LCASE(COALESCE(?displayId, ""))', 'LCASE(COALESCE(?name, ?displayId, ""))'
    equal = " || ".join(f"{display_id} = {word}" for word in words)
    begins = " || ".join(f"STRSTARTS({display_id}, {word})" for word in words)
    holds = " || ".join(f"CONTAINS({name}, {word})" for word in words)
    return f"IF({equal}, 0, IF({begins}, 1, IF({holds}, 2, 3))) "
