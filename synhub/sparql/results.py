"""Which form a query's answer takes: media types and Accept, and the prefixes of a graph. Pure.

Answers for the choice only; the engine writes the documents.

Source: SPARQL 1.1 Protocol, section 2.1.6; RFC 9110, section 12.5.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from synhub.accept import is_refused, parse_preferences, preferred
from synhub.errors import NotAcceptable
from synhub.sparql.gate import Form

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"
TURTLE = "text/turtle"
TRIG = "application/trig"
N_TRIPLES = "application/n-triples"
RDF_XML = "application/rdf+xml"
JSON_LD = "application/ld+json"


@dataclass(frozen=True, slots=True)
class Choice:
    """`label` is the Content-Type as the client asked for it, `written_as` the format that the engine
    writes."""

    label: str
    written_as: str


# Asked for -> written as; the first row of each table is the default. JSON, because every client of these
# answers reads it, and SPARQLWrapper goes by the label (clients ask for it as application/json, too).
_TABLE: dict[str, str] = {
    JSON: JSON,
    "application/json": JSON,
    "text/json": JSON,
    XML: XML,
    "application/xml": XML,
    "text/xml": XML,
    CSV: CSV,
    TSV: TSV,
}
_GRAPH: dict[str, str] = {
    TURTLE: TURTLE,
    TRIG: TURTLE,  # every Turtle document is one
    "application/turtle": TURTLE,
    "application/x-turtle": TURTLE,
    "text/n3": TURTLE,
    N_TRIPLES: N_TRIPLES,
    "text/ntriples": N_TRIPLES,
    "text/plain": N_TRIPLES,
    RDF_XML: RDF_XML,
    "application/xml": RDF_XML,
    "text/xml": RDF_XML,
    JSON_LD: JSON_LD,
    "application/x-json+ld": JSON_LD,
    "application/json": JSON_LD,
}
# What a refusal says that there is.
_TABLES, _GRAPHS = tuple(dict.fromkeys(_TABLE.values())), (*dict.fromkeys(_GRAPH.values()), TRIG)
_SHOWN: dict[Form, tuple[str, ...]] = {"select": _TABLES, "ask": _TABLES, "construct": _GRAPHS, "describe": _GRAPHS}
# What clients send with every request, whatever they ask for: they take the default.
_ANYTHING = ("text/plain", "text/html", "application/xhtml+xml", "text/javascript", "application/javascript")


def choose(accept: str | None, form: Form) -> Choice:
    """Return what the client likes best of what there is.

    Who takes none of it, but something that another form of query has, gets the default: many clients send one Accept
    with all of their queries. Raises NotAcceptable for those who take nothing that is known here, or refuse all of it.
    """
    table = _TABLE if form in ("select", "ask") else _GRAPH
    known = (*_TABLE, *_GRAPH, *_ANYTHING)
    preferences = parse_preferences(accept)
    wanted = [preference for preference in preferences if preference.quality > 0]
    offers = [name for name in table if not is_refused(preferences, name)]
    if not offers or (wanted and not any(preference.matches(name) for preference in wanted for name in known)):
        raise NotAcceptable(f"there is no answer as {accept}; ask for one of {', '.join(_SHOWN[form])}")
    default = next((name for name in offers if table[name] == name), offers[0])
    best = preferred(accept, (default, *offers))
    return Choice(best, table[best])


def used_prefixes(ntriples: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return those prefixes that stand for the beginning of an IRI in some triples: what their document declares."""
    return {prefix: namespace for prefix, namespace in known.items() if f"<{namespace}" in ntriples}
