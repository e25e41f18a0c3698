"""How findings are put together, and what single rules have to get right beyond one pair of documents."""

import time
from collections.abc import Iterator

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.model import Finding
from synhub.rdf import Iri, Term, iri_term, literal_term
from synhub.sbol.graph import TYPE, Document, parse_rdf
from synhub.sbol.rules.check import MAX_PER_RULE, check_document
from synhub.sbol.rules.positions import Span, agree, overlaps, reverse_complement
from synhub.sbol.rules.rule import Problem, finding_of
from synhub.vocab import SBOL2

HEAD = """@prefix : <http://lab.example/> . @prefix sbol: <http://sbols.org/v2#> . @prefix my: <http://my.example/#> .
@prefix biopax: <http://www.biopax.org/release/biopax-level3.owl#> . @prefix prov: <http://www.w3.org/ns/prov#> .
"""
NASEQ = "<http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html>"
DISPLAY_ID = iri_term(SBOL2.displayId)


def check(text: str, *gates: str) -> list[Finding]:
    document = Document.of(parse_rdf((HEAD + text).encode(), pyoxigraph.RdfFormat.TURTLE))
    return check_document(document, gates or ("always", "complete"))  # type: ignore[arg-type]


def test_a_finding_names_object_property_value_gate_and_what_to_do() -> None:
    [finding] = check(':s a sbol:Sequence ; sbol:elements "acgx" ; sbol:encoding ' + NASEQ + " .")
    assert finding == Finding(
        "sbol-10405",
        "error",
        "http://lab.example/s",
        "http://lab.example/s has the character 'x' at position 4 of its sbol:elements, whose encoding allows the "
        "IUPAC letters of nucleic acids, '.' and '-' only: mend the elements or the sbol:encoding "
        "(http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html)",
        "http://sbols.org/v2#elements",
        "acgx",
        "always",
    )


def test_a_long_value_is_shortened() -> None:
    finding = finding_of("sbol-1", "complete", iri_term(Iri("http://a")), Problem("x", None, literal_term("a" * 9_999)))
    assert (len(finding.value), finding.severity) == (201, "warning")


def test_only_the_gates_that_are_asked_for_are_reported() -> None:
    text = ':d a sbol:ComponentDefinition ; sbol:sequence :gone ; sbol:role "r" .'
    told = {gate: {f.rule for f in check(text, gate)} for gate in ("always", "compliant", "complete")}
    assert told == {"always": {"sbol-10502", "sbol-10507"}, "compliant": {"sbol-10215"}, "complete": {"sbol-10513"}}


def test_an_absent_target_is_a_warning_and_one_of_another_class_an_error() -> None:
    text = ":d a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:sequence :x ."
    assert [(f.rule, f.severity) for f in check(text)] == [("sbol-10513", "warning")]
    assert [(f.rule, f.severity) for f in check(text + ":x a sbol:Collection .")] == [("sbol-10513", "error")]
    assert [(f.rule, f.severity) for f in check(text + ":x a my:Sequence .")] == [("sbol-10513", "warning")]


def test_a_reference_by_persistent_identity_is_no_dangling_one() -> None:
    text = ":d a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:sequence :s ."
    text += '<http://lab.example/s/1> a sbol:Sequence ; sbol:persistentIdentity :s ; sbol:version "1" ; '
    assert check(text + f'sbol:elements "a" ; sbol:encoding {NASEQ} .') == []


def test_findings_of_one_rule_are_capped_and_the_rest_is_counted() -> None:
    bad = [(Term(f"<http://a/{n}>"), TYPE, iri_term(SBOL2.ComponentDefinition)) for n in range(MAX_PER_RULE + 7)]
    *listed, last = check_document(Document.of(bad), ["always"])
    assert [f.rule for f in listed] == ["sbol-10502"] * MAX_PER_RULE
    assert (last.rule, last.severity, last.message) == (
        "synhub-findings",
        "note",
        "7 more findings are not listed: mend these first",
    )


@pytest.mark.parametrize(
    ("name", "fine"),
    [("ähre_1", True), ("_", True), ("a-b", False), ("1a", False), ("a b", False), ("a\n", False), ("", False)],
)
def test_display_ids_are_letters_of_any_script(name: str, fine: bool) -> None:
    said = [(Term("<http://a>"), TYPE, Term("<http://b/C>")), (Term("<http://a>"), DISPLAY_ID, literal_term(name))]
    assert [f.rule for f in check_document(Document.of(said), ["always"])] == ([] if fine else ["sbol-10204"])


def spans(*pairs: tuple[int, int | None]) -> list[Span]:
    found = [Span(Term(f"<http://l/{n}>"), None, start, end, False) for n, (start, end) in enumerate(pairs)]
    return sorted(found, key=lambda s: (s.start, s.end or 0))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(1, 5), (6, 9)], 0),
        ([(1, 5), (5, 9)], 1),
        ([(1, 9), (2, 3), (4, 5)], 2),
        ([(1, 5), (5, None)], 0),
        ([(1, 5), (4, None)], 1),
        ([(3, 5), (2, None)], 0),
        ([(3, 5), (3, None)], 1),
        ([(4, None), (4, None)], 1),
        ([(4, None), (5, None)], 0),
    ],
)
def test_overlaps_are_found_between_ranges_and_cuts(pairs: list[tuple[int, int | None]], expected: int) -> None:
    assert len(list(overlaps(spans(*pairs)))) == expected


def share_a_letter(left: Span, right: Span) -> bool:
    assert left.end is not None and right.end is not None
    return left.start <= right.end and right.start <= left.end


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), max_size=8))
def test_a_list_has_overlaps_exactly_when_some_two_of_it_overlap(given_spans: list[tuple[int, int]]) -> None:
    found = spans(*((start, start + size) for start, size in given_spans))
    pairs = ((a, b) for n, a in enumerate(found) for b in found[n + 1 :])
    assert bool(list(overlaps(found))) == any(share_a_letter(a, b) for a, b in pairs)


@given(st.text("acgtryswkmbdhvn", max_size=30))
def test_the_other_strand_of_the_other_strand_is_the_sequence(elements: str) -> None:
    assert reverse_complement(reverse_complement(elements)) == elements
    assert agree(elements, elements)
    assert agree(elements, "n" * len(elements))


def test_letters_agree_when_they_can_stand_for_one_base() -> None:
    assert agree("acgu", "acgt") and agree("r", "a") and agree("r", "n") and agree(".", "-")
    assert not agree("r", "c") and not agree("a", "c") and not agree("-", "a")


def chain(length: int) -> Iterator[str]:
    for n in range(length):
        yield f":d{n} a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:component :c{n} ; "
        yield f"prov:wasDerivedFrom :d{(n + 1) % length} . :c{n} a sbol:Component ; sbol:access sbol:public ; "
        yield f"sbol:definition :d{(n + 1) % length} .\n"


def test_a_long_circle_is_told_once_and_quickly() -> None:
    document = Document.of(parse_rdf((HEAD + "".join(chain(3_000))).encode(), pyoxigraph.RdfFormat.TURTLE))
    start = time.perf_counter()
    assert sorted(f.rule for f in check_document(document, ["always"])) == ["sbol-10304", "sbol-10605"]
    assert time.perf_counter() - start < 10
