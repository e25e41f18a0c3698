"""Whether two sides answered alike: before anything is measured, every operation is asked of both and compared.

Rows are compared as sets of values, whole results where they have up to `mix.WHOLE` rows. Of longer ones the two show
different pages (one side has no order): then the numbers must agree, and every row that synhub shows must be one of
what the other side looks for.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, Protocol

from bench.mix import NAMES, PAGE, WHOLE, Operation, Workload, sparql_path
from synhub.rdf import Iri, Triple, iri_term, text_of
from synhub.sbol.graph import parse_rdf_xml
from synhub.sparql import render
from synhub.vocab import RDF, SBH, SBOL2

BATCH = 20
_FACETS = ("types", "sbolTypes", "roles", "collections", "creators")
_NOT_FOLLOWED = {iri_term(p) for p in (SBOL2.persistentIdentity, SBH.topLevel, SBH.ownedBy, RDF.type)}

Row = dict[str, str]


class Disagreement(Exception):
    """The two sides answered differently; the message says to what, and how."""


class Side(Protocol):
    """Who is asked: a request target goes in, the body of its answer (status 200) comes out."""

    def get(self, path: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request target and the body that it was answered with."""

    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Agreed:
    """One operation that both sides answered alike: what was asked of each, in order."""

    ours: tuple[Exchange, ...]
    theirs: tuple[Exchange, ...]


def agree(workload: Workload, ours: Side, theirs: Side) -> list[Agreed]:
    """Ask both sides every operation of a workload and compare. Raises Disagreement."""
    if workload.kind == "document":
        pairs = zip(workload.operations, workload.starts, strict=True)
        return [_document(workload, operation, start, ours, theirs) for operation, start in pairs]
    found = [_asked(operation, ours, theirs) for operation in workload.operations]
    for operation, answered in zip(workload.operations, found, strict=True):
        _compare(workload, operation, answered, ours, theirs)
    if workload.kind == "table" and not any(rows_of(answered.ours[0].body) for answered in found):
        raise Disagreement(f"{workload.name}: nothing is found anywhere, so nothing is compared")
    return found


def rows_of(body: bytes) -> list[Row]:
    """Return the rows of a SPARQL JSON result; what is unbound is absent."""
    found = json.loads(body)["results"]["bindings"]
    return [{name: str(cell["value"]) for name, cell in row.items()} for row in found]


def _asked(operation: Operation, ours: Side, theirs: Side) -> Agreed:
    return Agreed(
        tuple(Exchange(path, ours.get(path)) for path in operation.paths),
        tuple(Exchange(path, theirs.get(path)) for path in map(sparql_path, operation.queries)),
    )


def _compare(workload: Workload, operation: Operation, found: Agreed, ours: Side, theirs: Side) -> None:
    bodies = [exchange.body for exchange in found.ours]
    tables = [rows_of(exchange.body) for exchange in found.theirs]
    name = f"{workload.name}: {operation.paths[0]}"
    keys: tuple[str, ...]
    match workload.kind:
        case "metadata":
            keys = ("persistentIdentity", "displayId", "version", "name", "description", "type")
            _same(name, _rows(json.loads(bodies[0]), keys), _rows(tables[0], keys))
        case "collections":
            keys = ("uri", "name", "description", "displayId", "version")
            _same(name, _rows(json.loads(bodies[0]), keys), _rows(tables[0], keys))
        case "number":
            _same(name, int(bodies[0]), _number(tables[0]))
        case "table":
            mine = rows_of(bodies[0])
            keys = tuple(sorted({key for row in mine + tables[0] for key in row}))
            _same(name, _rows(mine, keys), _rows(tables[0], keys))
        case "search":
            _search(workload, name, bodies, tables, ours, theirs)
        case "facets":
            _facets(name, json.loads(bodies[0]), operation.queries, tables, theirs)
        case "names":
            _names(name, json.loads(bodies[0]), operation.queries[0], tables[0], theirs)
        case "members":
            _members(workload, name, bodies, tables, theirs)
        case _:
            raise Disagreement(f"{workload.name}: unknown kind {workload.kind}")


def _search(
    workload: Workload, name: str, bodies: Sequence[bytes], tables: Sequence[list[Row]], ours: Side, theirs: Side
) -> None:
    rows, count = json.loads(bodies[0]), int(bodies[1])
    _same(f"{name}: how many", count, _number(tables[1]))
    _same(f"{name}: rows on the page", (len(rows), len(tables[0])), (min(count, PAGE),) * 2)
    assert workload.whole is not None
    if count > WHOLE:
        _among(name, [row["uri"] for row in rows], workload.among, theirs)
        return
    whole = _asked(workload.whole, ours, theirs)
    found = [
        {"obj": row["uri"], "class": row["type"], "ptype": row["sbolType"], **row}
        for row in json.loads(whole.ours[0].body)
    ]
    keys = ("obj", "displayId", "version", "name", "description", "class", "ptype", "role")
    expected = [{"name": row.get("displayId", ""), **row} for row in rows_of(whole.theirs[0].body)]
    _same(name, _rows(found, keys), _rows(expected, keys))


def _members(workload: Workload, name: str, bodies: Sequence[bytes], tables: Sequence[list[Row]], theirs: Side) -> None:
    page = json.loads(bodies[0])
    _same(f"{name}: how many", page["total"], _number(tables[1]))
    _same(f"{name}: rows on the page", len(page["members"]), len(tables[0]))
    keys = [_sort_key(row, workload.order.removeprefix("-")) for row in page["members"]]
    _same(f"{name}: order", keys, sorted(keys, reverse=workload.order.startswith("-")))
    _among(name, [row["uri"] for row in page["members"]], workload.among, theirs)


def _facets(
    name: str, found: Mapping[str, Any], queries: Sequence[str], tables: Sequence[list[Row]], theirs: Side
) -> None:
    """Compare what is counted; where more values have the lowest number than are shown, the two may show others."""
    _same(f"{name}: how many", found["total"], _number(tables[0]))
    for kind, query, table in zip(_FACETS, queries[1:], tables[1:], strict=True):
        mine = {facet["value"]: facet["count"] for facet in found[kind]}
        whole = {row["value"]: int(row["count"]) for row in _whole(query, theirs)}
        largest = sorted(whole.values(), reverse=True)[:PAGE]
        _same(f"{name}: {kind}: the largest", sorted(mine.values(), reverse=True), largest)
        _same(f"{name}: {kind}: on the page", sorted((int(row["count"]) for row in table), reverse=True), largest)
        _same(f"{name}: {kind}", set(mine.items()), set(mine.items()) & set(whole.items()))


def _names(name: str, found: Sequence[Row], query: str, table: Sequence[Row], theirs: Side) -> None:
    keys = ("uri", "name")
    mine, whole = _rows(found, keys), _rows(_whole(query, theirs), keys)
    _same(f"{name}: how many", (len(found), len(table)), (min(whole.total(), NAMES),) * 2)
    _same(name, mine, mine & whole)


def _whole(query: str, theirs: Side) -> list[Row]:
    """Return all that a query finds, of which it asks for the first rows."""
    return rows_of(theirs.get(sparql_path(query.rpartition("LIMIT")[0])))


def _sort_key(row: Row, order: str) -> tuple[str, ...]:
    if order == "type":
        return row["type"], row["displayId"].lower()
    return (((row["name"] if order == "name" else "") or row["displayId"]).lower(),)


def _among(name: str, iris: Sequence[str], among: str, theirs: Side) -> None:
    query = Template(among).substitute(rows=" ".join(render.iri(iri) for iri in iris))
    _same(f"{name}: rows that are looked for", len(set(iris)), _number(rows_of(theirs.get(sparql_path(query)))))


def _document(workload: Workload, operation: Operation, start: Iri, ours: Side, theirs: Side) -> Agreed:
    """Compare a document with what the other side gives when it is asked as SynBioHub asks: round after round."""
    body = ours.get(operation.paths[0])
    exchanges: list[Exchange] = []
    fetched: set[Triple] = set()
    prefix = start.split("/public/")[0] + "/"
    inside = start.rpartition("/")[0] + "/" if workload.follow == "children" else prefix
    seen, wanted = {start}, [start]
    while wanted:
        batch, wanted = wanted[:BATCH], wanted[BATCH:]
        query = Template(workload.batch).substitute(batch=" ".join(render.iri(iri) for iri in batch))
        path = sparql_path(query)
        exchanges.append(Exchange(path, theirs.get(path)))
        for s, p, o, is_iri in _triples(exchanges[-1].body):
            fetched.add((s, p, o))  # type: ignore[arg-type]
            if is_iri and iri_term(Iri(p)) not in _NOT_FOLLOWED and o.startswith(inside) and o not in seen:
                seen.add(Iri(o))
                wanted.append(Iri(o))
    document = {(text_of(s), text_of(p), text_of(o)) for s, p, o in parse_rdf_xml(body)}
    _same(f"{workload.name}: {operation.paths[0]}", document, fetched)
    return Agreed((Exchange(operation.paths[0], body),), tuple(exchanges))


def _triples(body: bytes) -> Iterable[tuple[str, str, str, bool]]:
    for row in json.loads(body)["results"]["bindings"]:
        yield row["s"]["value"], row["p"]["value"], row["o"]["value"], row["o"]["type"] == "uri"


def _rows(rows: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(str(row.get(key) or "") for key in keys) for row in rows)


def _number(rows: Sequence[Row]) -> int:
    """Return the one number of a counting query; a sum over nothing is unbound or 0."""
    return int(next(iter(rows[0].values()), "0")) if rows else 0


def _same(what: str, ours: object, theirs: object) -> None:
    if ours == theirs:
        return
    if isinstance(ours, Counter) and isinstance(theirs, Counter):
        extra, missing = list((ours - theirs).items())[:3], list((theirs - ours).items())[:3]
    elif isinstance(ours, set) and isinstance(theirs, set):
        extra, missing = sorted(ours - theirs)[:3], sorted(theirs - ours)[:3]
    else:
        raise Disagreement(f"{what}: synhub says {str(ours)[:500]}, the other {str(theirs)[:500]}")
    raise Disagreement(f"{what}: only synhub has {extra}, only the other has {missing}")
