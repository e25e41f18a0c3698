"""Rows of top levels for a catalog that has none: made of entries in any process, then numbered and written here.

Answers for the rows alone: indexes, sets and listings are made of them when all are in (build.py). What a job writes,
by the differences, is said by update.py: it is the same in the end.
"""

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from synhub.rdf import Iri, Term
from synhub.store.catalog.entry import Entry
from synhub.store.catalog.facets import CREATOR, FacetCounter
from synhub.store.catalog.names import name_words
from synhub.store.catalog.properties import PropertyCounter
from synhub.store.catalog.update import (
    CLASS_USE,
    ELEMENTS,
    FACET,
    FOLDED,
    GRAPH_SHIFT,
    IDENTITY,
    MEMBERSHIP,
    MOMENT,
    NAME_WORD,
    NODE,
    REFERENCE,
    TOP_LEVEL,
    add_classes,
    is_public,
    number_iris,
    top_level_row,
)
from synhub.store.database import insert_all

_Rows = list[tuple[Any, ...]]


class FreshRows(NamedTuple):
    """Rows of top levels of one graph that follow each other by their ids.

    An IRI is a place in `nodes` or `classes`, the properties of a top level are one in `shapes`: nobody but the
    database has numbers for these. `top_level` are columns of rows, of which that of the identity may be None;
    `facet` are keys and ids in turn, 8 bytes each; `counted` are kind and value of facet keys, `counts` how many top
    levels have them.
    """

    first: int
    nodes: list[Iri]
    classes: list[Iri]
    top_level: list[list[Any]]
    folded: _Rows
    facet: bytes
    moment: _Rows
    membership: _Rows
    reference: _Rows
    elements: _Rows
    class_use: _Rows
    name_word: _Rows
    shapes: list[tuple[tuple[Iri, int], ...]]
    shape: list[int]
    counted: dict[int, tuple[int, Term]]
    counts: dict[int, int]
    creators: list[tuple[int, int]]


def fresh_rows(graph: int, serial: int, entries: Iterable[Entry]) -> FreshRows:
    """Return the rows of entries, the first of them with a serial number in its graph."""
    first = graph << GRAPH_SHIFT | serial
    nodes: dict[Iri, int] = {}
    classes: dict[Iri, int] = {}
    shapes: dict[tuple[tuple[Iri, int], ...], int] = {}
    facets: dict[int, list[int]] = {}
    rows = FreshRows(first, [], [], [], [], b"", [], [], [], [], [], [], [], [], {}, {}, [])
    counts = rows.counts
    for row_id, entry in enumerate(entries, first):
        node = nodes.setdefault(entry.iri, len(nodes))
        identity = None if entry.identity is None else nodes.setdefault(entry.identity, len(nodes))
        rows.top_level.append([*top_level_row(row_id, graph, node, identity, 0, entry)])
        rows.folded.append((row_id, *entry.words))
        for key in entry.facets:
            if key in facets:
                facets[key].append(row_id)
            else:
                facets[key] = [row_id]
        for kind, at in entry.moments:
            rows.moment.append((row_id, kind, at))
        for member in entry.members:
            rows.membership.append((row_id, nodes.setdefault(member, len(nodes))))
        for target in entry.references:
            rows.reference.append((row_id, nodes.setdefault(target, len(nodes)), target in entry.direct))
        for elements in entry.elements:
            rows.elements.append((elements.digest, row_id, *elements[1:]))
        for cls, n in entry.classes.items():
            rows.class_use.append((row_id, classes.setdefault(cls, len(classes)), n))
        for word in name_words(entry.cls, entry.words):
            rows.name_word.append((graph, word, row_id))
        rows.shape.append(shapes.setdefault(tuple(entry.properties.items()), len(shapes)))
        for key, value in entry.counted.items():
            counts[key] = counts.get(key, 0) + 1
            rows.counted[key] = value
            if value[0] == CREATOR:
                rows.creators.append((row_id, key))
    rows.elements.sort()
    rows.name_word.sort()
    keys = array("q", [number for key in sorted(facets) for row_id in facets[key] for number in (key, row_id)])
    return rows._replace(nodes=list(nodes), classes=list(classes), shapes=list(shapes), facet=keys.tobytes())


class FreshWriter:
    """Writes rows inside a transaction of the caller; `end` when all are in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._nodes: dict[Iri, int] = {}
        self._uses: Counter[int] = Counter()
        self._public: set[int] = set()

    def number_of(self, graph: Iri) -> int:
        """Return the number of a graph that nothing has been written of."""
        number = number_iris(self._connection, "graph", [graph])[graph]
        if is_public(graph):
            self._public.add(number)
        return number

    def write(self, rows: FreshRows) -> None:
        graph = rows.first >> GRAPH_SHIFT
        nodes = self._number_nodes(rows.nodes)
        numbers = number_iris(self._connection, "class", rows.classes)
        classes = [numbers[cls] for cls in rows.classes]
        for row in rows.top_level:
            row[NODE] = nodes[row[NODE]]
            if row[IDENTITY] is not None:
                row[IDENTITY] = nodes[row[IDENTITY]]
        references = [(row_id, nodes[target], direct) for row_id, target, direct in rows.reference]
        if graph in self._public:
            self._uses.update([target for _, target, _ in references])
        facet = array("q", rows.facet)
        written: tuple[tuple[str, Sequence[Sequence[Any]]], ...] = (
            (TOP_LEVEL, rows.top_level),
            (FOLDED, rows.folded),
            (FACET, list(zip(facet[::2], facet[1::2], strict=True))),
            (MOMENT, rows.moment),
            (MEMBERSHIP, [(row_id, nodes[member]) for row_id, member in rows.membership]),
            (REFERENCE, references),
            (ELEMENTS, rows.elements),
            (CLASS_USE, [(row_id, classes[cls], n) for row_id, cls, n in rows.class_use]),
            (NAME_WORD, rows.name_word),
        )
        for insert, values in written:
            insert_all(self._connection, insert, values)
        self._count(graph, rows, classes)

    def end(self) -> None:
        self._connection.executemany(
            "UPDATE node SET uses = ? WHERE id = ?", [(n, node) for node, n in sorted(self._uses.items())]
        )
        self._connection.execute(
            "UPDATE top_level SET uses = node.uses FROM node WHERE node.id = top_level.node AND node.uses > 0"
        )

    def _number_nodes(self, iris: Sequence[Iri]) -> list[int]:
        known = self._nodes
        new = sorted([iri for iri in iris if iri not in known])
        numbered = [(number, iri) for number, iri in enumerate(new, len(known) + 1)]
        insert_all(self._connection, "INSERT INTO node (id, iri) VALUES (?, ?)", numbered)
        known.update([(iri, number) for number, iri in numbered])
        return [known[iri] for iri in iris]

    def _count(self, graph: int, rows: FreshRows, classes: Sequence[int]) -> None:
        sums: Counter[int] = Counter()
        for _, cls, n in rows.class_use:
            sums[classes[cls]] += n
        add_classes(self._connection, graph, sums)
        properties = PropertyCounter(self._connection, graph)
        properties.put_all(rows.first, rows.shapes, rows.shape)
        properties.flush()
        values = FacetCounter(self._connection, graph)
        values.intern(rows.counted)
        values.put_all(rows.counts, rows.creators)
        values.flush()
