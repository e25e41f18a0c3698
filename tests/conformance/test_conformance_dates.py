"""Dates: the SPARQL of a search finds and sorts them alike on every engine."""

import conformance_engines as engines
import pytest
from conformance_engines import PUBLIC, add

from synhub.model import Dataset
from synhub.rdf import Iri, Term, iri_term, literal_term
from synhub.search.ast import Sort
from synhub.search.grammar import parse_search_path
from synhub.search.translate import rows_query
from synhub.store.base import TripleStore
from synhub.vocab import DCTERMS, SBH, XSD

pytestmark = pytest.mark.slow

engine, opener, store = engines.engine, engines.opener, engines.store

DATES = [
    *("2015-08-14T12:00:00Z", "2015-08-14T12:00:00", "2015-08-14", "2015-08-14+02:00", "2015-08-14T23:59:59.5"),
    *("2015-08-14T01:00:00+02:00", "2015-08-15T00:00:00"),
]
NO_DATES = ["", "soon", "2015", "2015-13-01", "14.08.2015", "2015-08-14 12:00:00", "2015-08-14T12:00"]


def put(store: TripleStore, dates: list[str], datatype: Iri | None) -> None:
    top, created = iri_term(SBH.topLevel), iri_term(DCTERMS.created)
    for n, text in enumerate(dates):
        subject = Term(f"<http://h/s{n}>")
        add(store, PUBLIC, (subject, top, subject), (subject, created, literal_term(text, datatype)))


def found(store: TripleStore, path: str) -> list[int]:
    rows = store.select(rows_query(parse_search_path(path), 0, 50, Sort("created")), Dataset((PUBLIC,)))
    return [int(str(row[0])[len("<http://h/s") : -1]) for row in rows]


@pytest.mark.parametrize("name", [None, "dateTime", "date"])
def test_a_search_by_a_day_reads_every_form_of_a_date(store: TripleStore, name: str | None) -> None:
    """Without a zone it is UTC, whatever the datatype and however the engine compares such values."""
    put(store, DATES, Iri(XSD.NS + name) if name else None)

    assert found(store, "created=2015-08-14&") == [2, 3, 0, 1, 4]
    assert found(store, "createdBefore=2015-08-14&") == [5, 2, 3, 0, 1, 4]
    assert found(store, "createdAfter=2015-08-15&") == [6]


def test_what_is_no_date_is_at_no_time_and_comes_first(store: TripleStore) -> None:
    """Virtuoso ends a query that makes a date of such a text."""
    put(store, [*DATES, *NO_DATES], None)
    n, others = len(DATES), list(range(len(DATES), len(DATES) + len(NO_DATES)))

    assert found(store, "createdBefore=2020-01-01&") == [5, 2, 3, 0, 1, 4, 6]
    assert sorted(found(store, "")[:-n]) == others
    assert found(store, "")[-n:] == [5, 2, 3, 0, 1, 4, 6]
