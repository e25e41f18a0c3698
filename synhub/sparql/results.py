"""Which form a query's answer takes: media types and Accept. Pure.

Answers for the choice only; the engine writes the documents.

Source: SPARQL 1.1 Protocol, section 2.1.6; RFC 9110, section 12.5.1.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from synhub.sparql.gate import Form

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"
TURTLE = "text/turtle"
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
    "application/json": JSON_LD,
}


@dataclass(frozen=True, slots=True)
class _Range:
    media_type: str
    quality: float
    position: int

    def matches(self, media_type: str) -> int:
        """Return how closely: 0 not at all, 1 `*/*`, 2 `text/*`, 3 exactly."""
        if self.media_type == media_type:
            return 3
        kind, _, subtype = self.media_type.partition("/")
        if subtype != "*":
            return 0
        return 2 if kind == media_type.partition("/")[0] else int(kind == "*")


def choose(accept: str | None, form: Form) -> Choice:
    """Return what the client likes best of what there is, the default when it likes none of it.

    Between equals an exact name beats a wildcard, and then the order in the header counts.
    """
    table = _TABLE if form in ("select", "ask") else _GRAPH
    best = preferred(accept, table)
    return Choice(best, table[best])


def preferred(accept: str | None, offers: Iterable[str]) -> str:
    """Return the media type that an Accept header prefers, the first one offered when it likes none; see `choose`."""
    ranges = _ranges(accept or "")
    offers = tuple(offers)
    best, best_rank = offers[0], (0.0, 0, 0)
    for media_type in offers:
        closest = max(ranges, key=lambda r: (r.matches(media_type), -r.position), default=None)
        if closest is None or not (match := closest.matches(media_type)):
            continue
        rank = (closest.quality, match, -closest.position)
        if closest.quality > 0 and rank > best_rank:
            best, best_rank = media_type, rank
    return best


def _ranges(accept: str) -> list[_Range]:
    found = []
    for position, part in enumerate(accept.lower().split(",")):
        media_type, *parameters = (p.strip() for p in part.split(";"))
        if media_type:
            found.append(_Range(media_type, _quality(parameters), position))
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 1.0
    return 1.0
