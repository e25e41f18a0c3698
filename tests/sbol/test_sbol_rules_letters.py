"""Comparing the letters of parts and wholes is bounded, whatever the document."""

from synhub.model import Finding
from synhub.rdf import Term, Triple
from synhub.sbol.graph import Document
from synhub.sbol.rules.check import check_document

SBOL = "http://sbols.org/v2#"
TYPE = Term("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>")
NUCLEIC = Term("<http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html>")


def _about(name: str, cls: str, *said: tuple[str, str]) -> list[Triple]:
    me = Term(f"<http://x.org/{name}>")
    return [(me, TYPE, Term(f"<{SBOL}{cls}>")), *((me, Term(f"<{SBOL}{p}>"), Term(o)) for p, o in said)]


def _used(times: int, part: str, whole: str) -> list[Finding]:
    """Return what rule sbol-10520 says of a whole that has the same part in its first place again and again."""
    triples = [
        *_about("P", "ComponentDefinition", ("sequence", "<http://x.org/Ps>")),
        *_about("Ps", "Sequence", ("elements", f'"{part}"'), ("encoding", NUCLEIC)),
        *_about("Ws", "Sequence", ("elements", f'"{whole}"'), ("encoding", NUCLEIC)),
        *_about("W", "ComponentDefinition", ("sequence", "<http://x.org/Ws>")),
    ]
    for n in range(times):
        triples += _about(f"c{n}", "Component", ("definition", "<http://x.org/P>"))
        triples += _about(
            f"a{n}", "SequenceAnnotation", ("component", f"<http://x.org/c{n}>"), ("location", f"<http://x.org/r{n}>")
        )
        triples += _about(f"r{n}", "Range", ("start", '"1"'), ("end", f'"{len(part)}"'))
        triples += [
            (Term("<http://x.org/W>"), Term(f"<{SBOL}component>"), Term(f"<http://x.org/c{n}>")),
            (Term("<http://x.org/W>"), Term(f"<{SBOL}sequenceAnnotation>"), Term(f"<http://x.org/a{n}>")),
        ]
    return [f for f in check_document(Document.of(triples), ["best_practice"]) if f.rule == "sbol-10520"]


def test_a_part_that_fits_each_time_is_no_finding() -> None:
    assert _used(20, "acgtn" * 2_000, "acgta" * 2_000) == []


def test_a_part_that_differs_only_at_its_end_is_found() -> None:
    (found,) = _used(1, "acgtn" * 2_000 + "a", "acgta" * 2_000 + "c")
    assert (found.severity, found.subject, found.value) == ("warning", "http://x.org/W", "http://x.org/a0")


def test_a_large_part_used_very_often_is_compared_up_to_a_limit_and_the_rest_is_named() -> None:
    (note,) = _used(400, "a" * 300_000, "a" * 300_000)
    assert (note.severity, note.subject) == ("note", "http://x.org/W")
    assert "100000000" in note.message


def test_a_large_part_that_never_fits_is_told_from_its_beginning() -> None:
    found = _used(300, "a" * 300_000, "c" * 300_000)
    assert {f.severity for f in found} == {"warning"}
    assert len(found) == 300
