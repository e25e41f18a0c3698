"""The generated SHACL shapes: pyshacl with them and synhub's own checker tell the same about the same documents."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest

from synhub.errors import SynhubError
from synhub.formats.reading import Options
from synhub.formats.sniff import HEAD_BYTES, sniff
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term, text_of
from synhub.sbol.graph import Document
from synhub.sbol.prescan import Limits
from synhub.sbol.rules.check import RULES, check_document
from synhub.sbol.schema import CLASSES, Property
from synhub.sbol.shapes import PATTERNS, shapes_text
from synhub.submit.readers import read_file
from synhub.submit.shacl import check_shapes, read_shapes
from synhub.vocab import RDF

Told = set[tuple[str, str, str]]  # (object, property, rule)
TYPE = iri_term(RDF.type)
VALUES = {
    "nothing": (),
    "absent": (Term("<http://t.example/absent>"),),
    "two absent": (Term("<http://t.example/absent>"), Term("<http://t.example/absent2>")),
    "word": (literal_term("word"),),
    "sentence": (literal_term("not a word"),),
    "numbers": (literal_term("0"), literal_term("1")),
    "negative": (literal_term("-1.5e3"),),
    "date": (literal_term("2020-01-31T12:00:00Z"),),
    "mixed": (literal_term("1"), Term("<http://t.example/absent>")),
    "unlike": (Term("<http://t.example/collection>"),),
}


@pytest.fixture(scope="module")
def shapes() -> list[Triple]:
    return read_shapes(shapes_text().encode(), "sbol2.ttl")


def shape_rules() -> frozenset[tuple[str, str]]:
    """Return the (rule, property) pairs that the shapes express."""
    properties = [p for c in CLASSES.values() for p in c.properties if p.rule]
    listed = {(p.values_rule, p.iri) for p in properties if p.values}
    return frozenset({(p.rule, p.iri) for p in properties} | listed)


def told_by_pyshacl(triples: list[Triple], shapes: list[Triple]) -> Told:
    found = check_shapes(triples, shapes)
    assert {f.severity for f in found} <= {"error"}
    return {(f.subject, f.property, f.message.partition(":")[0]) for f in found}


def told_by_synhub(triples: list[Triple]) -> Told:
    """What SHACL Core can express; an object of two SBOL classes is no child of either for synhub alone."""
    document = Document.of(triples)
    several = {text_of(s) for s in document.subjects if len([t for t in document.types(s) if t in CLASSES]) > 1}
    pairs = shape_rules()
    return {
        (f.subject, f.property, f.rule)
        for f in check_document(document)
        if f.severity == "error" and (f.rule, f.property) in pairs and f.value not in several
    }


def every_way_to_fill(class_term: Term, entry: Property) -> Iterator[Triple]:
    """Yield objects of a class: one property filled in every way of VALUES, and with one of what belongs there."""
    belongs: dict[str, tuple[Term, ...]] = {"listed": tuple(map(iri_term, entry.values))[:1]}
    for target in entry.targets:
        child = Term(f"<http://t.example/child/{target.rpartition('#')[2]}>")
        yield child, TYPE, iri_term(target)
        belongs[f"a {target}"] = (child,)
    for number, values in enumerate([*VALUES.values(), *belongs.values()]):
        subject = Term(f"<http://t.example/object/{text_of(iri_term(entry.iri)).rpartition('#')[2][-20:]}/{number}>")
        yield subject, TYPE, class_term
        yield from ((subject, iri_term(entry.iri), value) for value in values)


def filled(class_term: Term) -> list[Triple]:
    collection = (VALUES["unlike"][0], TYPE, iri_term(Iri("http://sbols.org/v2#Collection")))
    objects = itertools.chain.from_iterable(every_way_to_fill(class_term, p) for p in CLASSES[class_term].properties)
    return list(dict.fromkeys([collection, *objects]))


def agree(triples: list[Triple], shapes: list[Triple]) -> int:
    """Return how much both tell. synhub may tell more by a rule that a function looks after as well as the table."""
    theirs, ours = told_by_pyshacl(triples, shapes), told_by_synhub(triples)
    by_functions = {rule.id for rule in RULES}
    assert theirs == {told for told in ours if told in theirs or told[2] not in by_functions}
    return len(theirs)


@pytest.mark.parametrize("name", ["Range", "MapsTo"])
def test_pyshacl_and_synhub_agree_on_every_property(name: str, shapes: list[Triple]) -> None:
    assert agree(filled(iri_term(Iri(f"http://sbols.org/v2#{name}"))), shapes) > 20


@pytest.mark.slow
@pytest.mark.parametrize("class_term", sorted(CLASSES))
def test_pyshacl_and_synhub_agree_on_every_property_of_every_class(class_term: Term, shapes: list[Triple]) -> None:
    assert agree(filled(class_term), shapes) > 20


def triples_of(file: Path) -> list[Triple]:
    data = file.read_bytes()
    try:
        return read_file(sniff(data[:HEAD_BYTES], file.name), data, Options(file.name), Limits()).triples
    except SynhubError:
        return []  # nothing that rules could be asked about


def test_pyshacl_and_synhub_agree_on_a_document(fixtures: Path, shapes: list[Triple]) -> None:
    assert agree(triples_of(fixtures / "sbol2" / "device.xml"), shapes) == 0


@pytest.mark.slow
def test_pyshacl_and_synhub_agree_on_real_files(corpus: Path, shapes: list[Triple]) -> None:
    files = [*sorted((corpus / "InvalidFiles").iterdir()), *sorted((corpus / "SBOL2_nc").iterdir())]
    told = {file.name: agree(triples, shapes) for file in files if (triples := triples_of(file))}
    assert len(told) > 100
    assert sum(map(bool, told.values())) > 30


def test_every_shape_has_a_name_of_its_own_and_a_rule() -> None:
    text = shapes_text()
    names = re.findall(r"^(shape:\S+) a sh:PropertyShape", text, re.MULTILINE)
    rules = re.findall(r"rdfs:isDefinedBy rule:(sbol-\d{5}) \.", text)

    assert len(names) == len(set(names)) == len(rules)
    assert set(rules) == {rule for rule, _ in shape_rules()}
    assert len(set(rules)) > 80
    assert shapes_text.__wrapped__() == text  # the same each time: its hash is the ETag


def test_shapes_name_every_class_once() -> None:
    quads = pyoxigraph.parse(shapes_text().encode(), format=pyoxigraph.RdfFormat.TURTLE)
    targets = [str(q.object) for q in quads if q.predicate.value.endswith("#targetClass")]

    assert sorted(targets) == sorted(CLASSES)


@pytest.mark.parametrize(
    ("datatype", "text", "fits"),
    [
        ("display_id", "_a1", True),
        ("display_id", "größe_1", True),
        ("display_id", "1a", False),
        ("display_id", "a-b", False),
        ("version", "1.0-beta_2", True),
        ("version", "v1", False),
        ("positive", "0", False),
        ("positive", " +12 ", True),
        ("natural", "0", True),
        ("natural", "-1", False),
        ("float", "-.5E-3", True),
        ("float", "1,5", False),
        ("date_time", "2020-01-31T12:00:00.5+01:00", True),
        ("date_time", "2020-01-31", False),
    ],
)
def test_patterns_tell_forms_of_literals(datatype: str, text: str, fits: bool) -> None:
    assert bool(re.search(PATTERNS[datatype], text)) is fits  # type: ignore[index]
