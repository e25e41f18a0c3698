"""The query mix, read from mix.toml and filled in for one corpus: what to ask of each side. Sends nothing.

Values enter query text as terms, through `synhub.sparql.render`, and paths percent-encoded.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote, urlsplit

from bench.generate import Corpus
from bench.report import NOTHING_WANTED, Wanted
from synhub.rdf import Iri
from synhub.sparql import render

MIX = Path(__file__).with_name("mix.toml")
PAGE = 50
WHOLE = 10_000  # results up to this size are compared row by row
VARIANTS = 100
NAMES = 10  # of what is typed, as many are offered
# What is typed into the search field: beginnings of words of names, from none to very many.
_BEGINNINGS = ("gfp", "mcherry ex", "tet", "BBa_K0001", "rbs prom", "nosuchname")
_CRITERIA = {"role": "?obj sbol2:role {} .", "objectType": "?obj a sbol2:{} ."}


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation asks: paths of synhub, and the queries for the same answer (for documents the first)."""

    paths: tuple[str, ...]
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the mix with its operations. `batch` and `among` are query texts that still want `$batch`, `$rows`.

    `whole` are a search's paths and queries for all its rows, not only the first page.
    """

    name: str
    kind: str
    operations: tuple[Operation, ...]
    clients: int = 1
    user: bool = False
    wanted: Wanted = NOTHING_WANTED
    among: str = ""
    batch: str = ""
    follow: str = ""
    order: str = "name"
    starts: tuple[Iri, ...] = ()
    whole: Operation | None = None


def load_mix(corpus: Corpus) -> list[Workload]:
    """Return the workloads for a corpus that has been generated (its landmarks are known)."""
    mix = tomllib.loads(MIX.read_text(encoding="utf-8"))
    rows = {row["name"]: row for row in mix["workload"]}
    return [_workload(mix, rows[r["same_as"]] | r if "same_as" in r else r, corpus) for r in mix["workload"]]


def sparql_path(query: str) -> str:
    """Return the request target for a query; synhub and Virtuoso have the same."""
    return "/sparql?query=" + quote(query, safe="")


def path_of(iri: str) -> str:
    return quote(urlsplit(iri).path, safe="/")


def fill(text: str, values: Mapping[str, str]) -> str:
    return Template(text).substitute(values)


def _workload(mix: dict[str, Any], row: dict[str, Any], corpus: Corpus) -> Workload:
    marks = corpus.landmarks
    values = {
        "public": render.iri(corpus.public),
        "own": render.iri(corpus.private),
        **_object("root", marks.root),
        **_object("large", marks.large),
    }
    if row["kind"] == "search":
        return _search(mix, row, values)
    prefixes = mix["prefixes"]
    variants = [values | variant for variant in _variants(row.get("vary"), corpus)]
    given: dict[str, Any] = {
        key: row[key] for key in ("name", "kind", "clients", "user", "follow", "order") if key in row
    }
    common = given | {"wanted": _wanted(row)}
    if row["kind"] == "document":
        batch = prefixes + Template(row["queries"][0]).safe_substitute(values)
        operations = [Operation(tuple(fill(p, v) for p in row["paths"]), ()) for v in variants]
        return Workload(**common, operations=tuple(operations), batch=batch, starts=tuple(marks.composites[:VARIANTS]))
    operations = []
    for variant in variants:
        queries = tuple(prefixes + fill(query, variant) for query in row["queries"])
        paths = (
            tuple(fill(path, variant) for path in row["paths"]) if "paths" in row else tuple(map(sparql_path, queries))
        )
        operations.append(Operation(paths or tuple(map(sparql_path, queries)), queries))
    among = prefixes + Template(row["among"]).safe_substitute(values) if "among" in row else ""
    return Workload(**common, operations=tuple(operations), among=among)


def _wanted(row: dict[str, Any]) -> Wanted:
    return Wanted(row.get("faster", 0), row.get("within_ms", math.inf), row.get("may_take_ms", 0))


def _search(mix: dict[str, Any], row: dict[str, Any], values: Mapping[str, str]) -> Workload:
    search, prefixes = mix["search"], mix["prefixes"]
    criteria = [criterion.split("=", 1) for criterion in row.get("criteria", ())]
    words = row.get("words", ())
    graphs = [values["public"], values["own"]] if row.get("user") else [values["public"]]
    parts = {
        "from": "\n".join(f"FROM {graph}" for graph in graphs),
        "criteria": "\n  ".join(_CRITERIA[key].format(value) for key, value in criteria),
        "filter": "",
    }
    if words:
        tests = (fill(search["word"], {"word": render.string(word)}) for word in words)
        parts["filter"] = f"FILTER({' && '.join(tests)})"
    segment = quote("".join(f"{key}={value}&" for key, value in criteria) + " ".join(words), safe="")

    def asked(limit: int) -> Operation:
        paths = (f"/search/{segment}?offset=0&limit={limit}", f"/searchCount/{segment}")
        queries = (fill(search["rows"], parts | {"limit": str(limit)}), fill(search["count"], parts))
        return Operation(paths, tuple(prefixes + query for query in queries))

    return Workload(
        row["name"], "search", (asked(PAGE),), row.get("clients", 1), row.get("user", False), _wanted(row),
        among=prefixes + Template(search["among"]).safe_substitute(parts), whole=asked(WHOLE),
    )  # fmt: skip


def _variants(vary: str | None, corpus: Corpus) -> Sequence[dict[str, str]]:
    """Return what a workload goes round: parts spread over the corpus, composites, pages, used parts, words."""
    marks = corpus.landmarks
    if vary is None:
        return [{}]
    if vary == "offset":
        members = int(corpus.parts * 0.4)
        offsets = [members * share // 100 for share in (0, 10, 25, 50, 90)]
        return [{"offset": render.number(n), "offset_path": render.number(n)} for n in offsets]
    if vary == "used":  # the parts that were made first are the most used ones
        return [_object(vary, iri) for iri in marks.parts[:VARIANTS]]
    if vary == "beginning":
        return [{"beginning": _begin_words(text), "beginning_path": quote(text, safe="")} for text in _BEGINNINGS]
    iris = {"part": marks.parts, "composite": marks.composites}[vary]
    step = max(len(iris) // VARIANTS, 1) if vary == "part" else 1
    return [_object(vary, iri) for iri in iris[::step][:VARIANTS]]


def _begin_words(text: str) -> str:
    """Return the condition that words of ?name begin with the words of a text, which has letters and digits only."""
    words = text.replace("_", " ").split()
    return " && ".join(f'REGEX(?name, {render.string(f"(^|[ _]){word}")}, "i")' for word in words)


def _object(name: str, iri: str) -> dict[str, str]:
    return {name: render.iri(iri), f"{name}_path": path_of(iri)}
