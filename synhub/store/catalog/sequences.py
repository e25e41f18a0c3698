"""What the catalog knows about the texts of sequences: where one is stored, who has it, how objects with it are found.

Who may read is said by the graphs that callers give, as everywhere in the catalog.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from synhub.rdf import Iri, iri_term
from synhub.search.ast import FoundSequence
from synhub.search.refget import Digest
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import IN_GRAPH, Condition, has_key, is_one_of
from synhub.store.catalog.entry import Elements, elements_of, facet_key
from synhub.store.catalog.search import View
from synhub.store.catalog.update import GRAPH_SHIFT
from synhub.store.database import Database
from synhub.vocab import SBOL2, SO

_BATCH = 500  # digests of one statement
_CIRCULAR = facet_key(SBOL2.type, iri_term(SO.circular))
_COLUMNS = {"sha512t24u": "folded", "md5": "md5"}


@dataclass(frozen=True, slots=True)
class StoredSequence:
    """One subject with sbol:elements. `sha512t24u` and `md5` are those of its letters in upper case."""

    iri: Iri
    top_level: Iri
    graph: Iri
    sha512t24u: bytes
    md5: bytes
    length: int


def find_stored(catalog: Catalog, graphs: Collection[Iri], digest: Digest) -> Iterator[StoredSequence]:
    """Yield the sequences of letters only that have a digest, graph by graph; hidden ones too."""
    column = _COLUMNS[digest.algorithm]
    for graph in graphs:
        rows = catalog.database.rows(
            "SELECT e.subject, t.iri, e.folded, e.md5, e.length FROM elements AS e"
            " CROSS JOIN top_level AS t ON t.id = e.id"
            f" WHERE e.{column} = :digest AND e.md5 IS NOT NULL"
            " AND t.graph = (SELECT id FROM graph WHERE iri = :graph) ORDER BY e.subject LIMIT 10000",
            {"digest": digest.value, "graph": graph},
        )
        for subject, top_level, folded, md5, length in rows:
            yield StoredSequence(Iri(subject), Iri(top_level), graph, folded, md5, length)


def subjects_with(view: View, digests: Sequence[bytes]) -> list[tuple[bytes, Iri]]:
    """Return (digest, subject) of every sequence to be seen whose elements, as they stand, have one of the digests."""
    found: list[tuple[bytes, Iri]] = []
    for start in range(0, len(digests), _BATCH):
        batch = {f"d{n}": digest for n, digest in enumerate(digests[start : start + _BATCH])}
        among = ", ".join(f":{name}" for name in batch)
        for graph in view.graphs:
            rows = view.database.rows(
                "SELECT DISTINCT e.digest, e.subject FROM elements AS e CROSS JOIN top_level AS t ON t.id = e.id"
                f" WHERE e.digest IN ({among}) AND e.id {IN_GRAPH}{view.visible()}",
                graph | batch,
            )
            found += [(digest, Iri(subject)) for digest, subject in rows]
    return found


def digests_of(view: View, ids: Sequence[int]) -> set[bytes]:
    """Return the digests of the sequences that some top levels (row ids) refer to, and maybe of others.

    Other references than sbol:sequence count as well: who narrows a search by this still checks what it finds.
    """
    rows = view.database.rows(
        "SELECT DISTINCT e.digest FROM json_each(?) AS wanted CROSS JOIN reference ON source = wanted.value"
        " CROSS JOIN top_level AS s ON s.node = target CROSS JOIN elements AS e ON e.id = s.id",
        (json.dumps(list(ids)),),
    )
    return {digest for (digest,) in rows}


def matches_by_object(view: View, found: Sequence[FoundSequence]) -> dict[int, FoundSequence]:
    """Return the first of the found sequences of every top level (row id) to be seen that has one of them."""
    keys = json.dumps([_key(sequence) for sequence in found])
    first: dict[int, FoundSequence] = {}
    for graph in view.graphs:
        rows = view.database.rows(
            f"SELECT wanted.key, t.id, EXISTS (SELECT 1 FROM facet WHERE key = {_CIRCULAR} AND id = t.id)"
            f" FROM json_each(:keys) AS wanted CROSS JOIN facet AS f ON f.key = wanted.value AND f.id {IN_GRAPH}"
            f" CROSS JOIN top_level AS t ON t.id = f.id WHERE 1{view.visible()} ORDER BY wanted.key",
            graph | {"keys": keys},
        )
        for position, row_id, is_circular in rows:
            if is_circular or not found[position].wraps:
                first.setdefault(row_id, found[position])
    return first


def has_found(name: str, found: Sequence[FoundSequence]) -> Condition:
    """An object with one of the found sequences; one that wraps only in what is circular."""
    plain = [_key(sequence) for sequence in found if not sequence.wraps]
    round_ = [_key(sequence) for sequence in found if sequence.wraps]
    simple = has_key(name, plain) if plain else is_one_of(name, [])
    if not round_:
        return simple
    wrapped = has_key(f"{name}_round", round_)
    circular = f"EXISTS (SELECT 1 FROM facet AS c WHERE c.key = {_CIRCULAR} AND c.id = {{}})"
    return Condition(
        f"({simple.holds} OR ({wrapped.holds} AND {circular.format('t.id')}))",
        simple.values | wrapped.values,
        f"SELECT id FROM ({simple.source})"
        f" UNION SELECT w.id FROM ({wrapped.source}) AS w WHERE {circular.format('w.id')}",
    )


def _key(sequence: FoundSequence) -> int:
    return facet_key(SBOL2.sequence, iri_term(sequence.iri))


def check_elements(database: Database, graph: Iri, stored: Iterable[tuple[Iri, str]]) -> list[str]:
    """Return a line for every sequence of a graph whose rows are not what its texts, (subject, text), say."""
    rows: dict[Iri, Counter[int]] = {}
    for subject, text in stored:
        rows.setdefault(subject, Counter())[hash(elements_of(subject, text))] += 1
    for subject, *rest in database.rows(
        "SELECT subject, digest, folded, md5, length FROM elements"
        " WHERE id >> ? = (SELECT id FROM graph WHERE iri = ?)",
        (GRAPH_SHIFT, graph),
    ):
        digest, folded, md5, length = rest
        rows.setdefault(Iri(subject), Counter())[hash(Elements(digest, subject, folded, md5, length))] -= 1
    wrong = sorted(subject for subject, counts in rows.items() if any(counts.values()))
    return [f"{subject}: its sequence is not the one that the catalog has" for subject in wrong]
