"""Compares a recorded answer with synhub's by meaning. Pure: two answers in, what differs out.

Compared are the status, the media type where it says something, where a redirect leads, and the body: JSON as data,
lists of records as sets, RDF as graphs, SPARQL results as rows in any order, anything else as text. Ids, instants,
tokens, secrets of share links and NUL characters are apart. A short text labelled text/html is taken for the plain text
that it is.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import unquote

from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)
from pyoxigraph import Literal as RdfLiteral
from v1_recordings import Answer, Item

Aspect = Literal["status", "type", "location", "body"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_SECRET = re.compile(r"/[0-9a-f]{40}/share\b")
_STAMPED = ("http://purl.org/dc/terms/created", "http://purl.org/dc/terms/modified")
_GRAPHS = {
    "application/rdf+xml": RdfFormat.RDF_XML,
    "text/turtle": RdfFormat.TURTLE,
    "text/n3": RdfFormat.TURTLE,
    "text/ntriples": RdfFormat.N_TRIPLES,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/x-json+ld": RdfFormat.JSON_LD,
}
_RESULTS = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
}
_TABLES = {"text/csv": ",", "text/tab-separated-values": "\t"}
_LIMIT = re.compile(r"\blimit\s+\d+", re.IGNORECASE)
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


def differing(item: Item, got: Answer) -> tuple[Aspect, ...]:
    """Say in what `got` differs from what was recorded for the item; empty when they mean the same."""
    recorded = item.recorded
    found: list[Aspect] = []
    if got.status != recorded.status:
        found.append("status")
    if recorded.status is None:
        return tuple(found)
    if not _same_type(recorded, got):
        found.append("type")
    if got.location != recorded.location:
        found.append("location")
    is_redirect = 300 <= recorded.status < 400
    if not is_redirect and not recorded.page and not same_body(recorded, got, _is_unordered_part(item)):
        found.append("body")
    return tuple(found)


def _same_type(recorded: Answer, got: Answer) -> bool:
    if not recorded.body and not recorded.page and not recorded.digest:
        return True
    expected = recorded.media_type
    if expected == "text/html" and not recorded.page:
        expected = "text/plain"  # the framework's label of any text
    if recorded.status is not None and 300 <= recorded.status < 400:
        return True
    return got.media_type == expected


def _is_unordered_part(item: Item) -> bool:
    """A query with LIMIT and no ORDER BY promises a number of rows, not which."""
    query = (item.form or {}).get("query", "") + unquote(item.path) if "/sparql" in item.path else ""
    return bool(_LIMIT.search(query)) and not _ORDER.search(query)


def same_body(recorded: Answer, got: Answer, number_only: bool = False) -> bool:
    """Say whether two bodies mean the same. What cannot be read as what the recorded one is differs."""
    if recorded.digest:
        return hashlib.sha256(got.body).hexdigest() == recorded.digest
    if recorded.body == got.body:
        return True
    try:
        before, now = meaning(recorded), meaning(got)
    except (ValueError, SyntaxError, csv.Error):
        return False
    if type(before) is not type(now):
        return False
    if number_only and isinstance(before, Counter) and isinstance(now, Counter):
        return before.total() == now.total()
    if number_only and isinstance(before, frozenset) and isinstance(now, frozenset):
        return len(before) == len(now)
    return bool(before == now)


def meaning(answer: Answer) -> Any:
    """Turn a body into a value that is equal for bodies of the same meaning.

    Raises ValueError or SyntaxError when the body is not what its media type says.
    """
    kind, text = answer.media_type, answer.text
    if kind in _GRAPHS and answer.body:
        return graph_of(answer)
    if kind in _RESULTS:
        return _results(answer.body, _RESULTS[kind])
    if kind in _TABLES:
        return _table(text, _TABLES[kind])
    if kind == "application/json" and '"head"' in text[:20]:
        return _results(answer.body, QueryResultsFormat.JSON)
    if kind == "application/json" or text.startswith('["'):
        return _data(json.loads(text))
    if kind == "text/plain" and text.startswith("<http"):
        return _canonical(answer.body, RdfFormat.N_TRIPLES)
    return _text(text)


def _text(text: str) -> str:
    text = _SECRET.sub("/<secret>/share", text.replace("\0", ""))
    return _INSTANT.sub("<instant>", _UUID.sub("<uuid>", text)).rstrip("\n")


def graph_of(answer: Answer) -> frozenset[str]:
    """The triples of an RDF body in canonical form, dates of creation and change apart."""
    return _canonical(answer.body, _GRAPHS[answer.media_type])


def _canonical(body: bytes, syntax: RdfFormat) -> frozenset[str]:
    dataset = Dataset()
    for quad in parse(body, format=syntax, base_iri="http://recorded.example/"):
        stamped = quad.predicate.value in _STAMPED
        dataset.add(Quad(quad.subject, quad.predicate, RdfLiteral("<instant>")) if stamped else quad)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(str(quad) for quad in dataset)


def _results(body: bytes, syntax: QueryResultsFormat) -> Any:
    results = parse_query_results(body, format=syntax)
    if isinstance(results, QueryBoolean):
        return bool(results)
    assert isinstance(results, QuerySolutions)
    names = [v.value for v in results.variables]
    rows: Counter[tuple[str, ...]] = Counter()
    for solution in results:
        rows[tuple(f"{n} {_INSTANT.sub('<instant>', str(solution[n]))}" for n in sorted(names))] += 1
    return rows


def _table(text: str, separator: str) -> Counter[tuple[str, ...]]:
    """The rows of CSV or TSV; marks of variables and terms in TSV, and dates of creation and change, are apart."""
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    table = Counter(tuple(_INSTANT.sub("<instant>", cell.lstrip("?").strip('<>"')) for cell in row) for row in rows)
    stamped = [row for row in table if not set(_STAMPED).isdisjoint(row)]
    for row in stamped:
        del table[row]
    return table + Counter({tuple(c for c in row if c in _STAMPED) for row in stamped})


def _data(value: Any) -> Any:
    if isinstance(value, list):
        values = [_data(v) for v in value]
        if all(isinstance(v, dict) for v in value):  # no record is an empty set
            return frozenset(json.dumps(v, sort_keys=True, default=sorted) for v in values)
        return values
    if isinstance(value, dict):
        return {k: "<id>" if k == "id" and isinstance(v, int) else _data(v) for k, v in value.items()}
    return _text(value) if isinstance(value, str) else value


# --- what may still be said of a body that differs ----------------------------------------------------------------


def _records(answer: Answer) -> list[dict[str, Any]]:
    rows = json.loads(answer.body)
    if not isinstance(rows, list):
        raise ValueError("not a list of records")
    return rows


def is_one_row_per_object(recorded: Answer, got: Answer) -> bool:
    """The same objects, each once, with values that the recorded rows have for it."""
    before: dict[str, list[dict[str, Any]]] = {}
    for row in _records(recorded):
        before.setdefault(row["uri"], []).append(row)
    rows = _records(got)
    uris = [row["uri"] for row in rows]
    return (
        len(set(uris)) == len(uris)
        and set(uris) == set(before)
        and all(all(any(old[key] == value for old in before[row["uri"]]) for key, value in row.items()) for row in rows)
    )


def is_same_objects(recorded: Answer, got: Answer) -> bool:
    """The same objects, each once, whatever their rows say of them."""
    uris = [row["uri"] for row in _records(got)]
    return len(set(uris)) == len(uris) and {row["uri"] for row in _records(recorded)} == set(uris)


def is_fewer_objects(recorded: Answer, got: Answer) -> bool:
    """Some of the objects and no others, each once."""
    uris = [row["uri"] for row in _records(got)]
    return len(set(uris)) == len(uris) > 0 and {row["uri"] for row in _records(recorded)} > set(uris)


def is_more_objects(recorded: Answer, got: Answer) -> bool:
    """The same objects and more, each once."""
    uris = [row["uri"] for row in _records(got)]
    return len(set(uris)) == len(uris) and {row["uri"] for row in _records(recorded)} < set(uris)


def is_as_many_rows(recorded: Answer, got: Answer) -> bool:
    """As many records as were recorded."""
    return len(_records(recorded)) == len(_records(got))


def _pieces(answer: Answer) -> frozenset[Any]:
    value = meaning(answer)
    return frozenset(value) if isinstance(value, frozenset | Counter) else frozenset([repr(value)])


def is_more(recorded: Answer, got: Answer) -> bool:
    """Everything recorded, and more: triples, records or rows."""
    return _pieces(recorded) < _pieces(got)


def is_less(recorded: Answer, got: Answer) -> bool:
    """A proper part of what was recorded, and not nothing."""
    return bool(_pieces(got)) and _pieces(got) < _pieces(recorded)


def is_same_but_for_datatypes(recorded: Answer, got: Answer) -> bool:
    """The same SPARQL rows or records once repeats and datatypes of literals are set aside."""

    def plain(answer: Answer) -> set[str]:
        return {re.sub(r"\^\^<[^>]*>", "", str(piece)) for piece in _pieces(answer)}

    return plain(recorded) == plain(got)


RELATIONS: Mapping[str, Callable[[Answer, Answer], bool]] = {
    "one row per object": is_one_row_per_object,
    "same objects": is_same_objects,
    "fewer objects": is_fewer_objects,
    "more objects": is_more_objects,
    "as many rows": is_as_many_rows,
    "more": is_more,
    "less": is_less,
    "same but for datatypes": is_same_but_for_datatypes,
}
