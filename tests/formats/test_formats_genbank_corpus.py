"""GenBank on real files: as libSBOLj reads and writes them, and as Biopython reads what is written here."""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from formats_sources import groups_of, source_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_formats_genbank_write import FIXTURES, Lab, check_round_trip, designs

from synhub.errors import InvalidDesign, TooLarge, Unwritable
from synhub.formats.designs import Made
from synhub.formats.genbank import read_genbank, write_genbank
from synhub.formats.reading import Options
from synhub.formats.source import MemorySource
from synhub.rdf import Triple
from synhub.sbol.graph import Document, parse_rdf_xml
from synhub.sbol.rules.check import check_document
from synhub.vocab import GENBANK, SBOL2

pytestmark = pytest.mark.slow

ORACLE = "http://oracle.example/"


def read_flat(text: str) -> list[Any]:
    """Read records with Biopython, which takes a while to import."""
    from Bio import SeqIO

    parse: Any = SeqIO.parse
    return list(parse(io.StringIO(text), "genbank"))


def flat_files(corpus: Path) -> Iterator[Path]:
    for folder in ("GenBank", "igem_distribution_gb"):
        yield from sorted(f for f in (corpus / folder).iterdir() if f.suffix in (".gb", ".gbk"))


def designs_of(triples: list[Triple]) -> MemorySource:
    """Everything of a document; asked for are the designs that are parts of no other."""
    parts = {o[1:-1] for _, p, o in triples if p == f"<{SBOL2.definition}>"}
    kind = f"<{SBOL2.ComponentDefinition}>"
    found = [iri for iri, group in groups_of(triples).items() if any(o == kind for _, _, o in group)]
    outer = [iri for iri in found if iri not in parts]
    return source_of(triples, *(outer if len(outer) == 1 else ["http://oracle.example/collection", *outer]))


def bio_records(text: str) -> dict[str, tuple[str, list[tuple[str, str, str]]]]:
    """Return what Biopython reads: for each accession the sequence and key, location and qualifiers of every feature.

    libSBOLj writes its note of a key as a qualifier; that is left aside.
    """
    return {
        record.id.partition(".")[0]: (
            str(record.seq),
            sorted(
                (f.type, str(f.location), str(sorted((k, v) for k, v in f.qualifiers.items() if k != "featureType")))
                for f in record.features
            ),
        )
        for record in read_flat(text)
    }


def test_every_file_is_read(corpus: Path) -> None:
    files = list(flat_files(corpus))
    assert len(files) == 88
    for file in files:
        reading = read_genbank(file.read_bytes(), Options(file.name))
        assert reading.findings == [], file.name
        assert any(p == f"<{SBOL2.elements}>" for _, p, _ in reading.triples), file.name


def test_files_are_read_as_libsbolj_reads_them(corpus: Path) -> None:
    """Whole sets of triples, literals without regard to case (the reference's own normalisation).

    Of pICH42211 libSBOLj loses the BASE COUNT line: it stands behind the features, where it looks for features only.
    """
    exceptions = {"pICH42211.gb": {f"<{GENBANK.baseCount}>"}}

    def folded(triples: list[Triple]) -> set[tuple[str, str, str]]:
        return {(s, p, o.lower() if o[0] == '"' else o) for s, p, o in triples}

    answers = sorted((corpus / "oracle" / "genbank_to_sbol2").iterdir())
    assert len(answers) == 50
    for answer in answers:
        name = answer.name.removesuffix(".xml")
        ours = folded(read_genbank((corpus / "GenBank" / name).read_bytes(), Options(name, ORACLE)).triples)
        theirs = folded(parse_rdf_xml(answer.read_bytes()))
        assert theirs - ours == set(), name
        assert {p for _, p, _ in ours - theirs} == exceptions.get(name, set()), name


def test_designs_are_written_as_libsbolj_writes_them(corpus: Path) -> None:
    """Records, sequences, features, locations and qualifiers are those of the reference, for all 20 that it wrote."""
    answers = sorted((corpus / "oracle" / "sbol2_to_genbank").iterdir())
    assert len(answers) == 20
    for answer in answers:
        triples = parse_rdf_xml((corpus / "SBOL2" / answer.name.removesuffix(".genbank")).read_bytes())
        text = b"".join(write_genbank(designs_of(triples))).decode()
        ours = bio_records(text)  # a warning is an error here
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libSBOLj's dates are not in their column
            theirs = bio_records(answer.read_text())
        assert ours == theirs, answer.name


def test_biopython_reads_every_design_that_is_written(corpus: Path) -> None:
    written = 0
    for file in sorted(f for f in (corpus / "SBOL2").iterdir() if f.suffix in (".xml", ".xmlk")):
        try:
            text = b"".join(write_genbank(designs_of(parse_rdf_xml(file.read_bytes())))).decode()
        except Unwritable:
            continue
        written += 1
        records = read_flat(text)
        assert len(records) == text.count("\nACCESSION"), file.name
        assert sum(len(record.features) for record in records) == _features(text), file.name
    assert written == 59


def _features(text: str) -> int:
    lines = [line for line in text.splitlines() if not line[:9].strip().isdigit()]
    return sum(line.startswith("     ") and line[5] != " " for line in lines)


def test_files_come_back_as_they_were_and_biopython_agrees(corpus: Path) -> None:
    """In a name of LOCUS a blank becomes `_`: other tools cannot read it."""
    for file in flat_files(corpus):
        first = read_genbank(file.read_bytes(), Options(file.name)).triples
        text = b"".join(write_genbank(designs_of(first)))
        second = set(read_genbank(text, Options(file.name)).triples)
        expected = {
            (s, p, o.replace("Exported File", "Exported_File") if p == f"<{GENBANK.locus}>" else o) for s, p, o in first
        }
        assert second == expected, file.name
        (ours,) = read_flat(text.decode())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                (theirs,) = read_flat(file.read_text("latin-1"))
            except ValueError:
                continue  # LOCUS lines that Biopython does not read
        assert ours.seq == theirs.seq, file.name
        for name in ("organism", "taxonomy"):
            assert ours.annotations.get(name) == theirs.annotations.get(name), file.name
        assert [(f.type, str(f.location)) for f in ours.features] == [
            (f.type, str(f.location)) for f in theirs.features
        ], file.name


FLAT = [file.read_bytes() for file in sorted((FIXTURES / "genbank").glob("*.gb"))]
PIECES = [
    b'"',
    b"/",
    b"//",
    b"\n",
    b"\t",
    b"join(",
    b")",
    b",",
    b"..",
    b"<",
    b"99999999999",
    b"LOCUS ",
    b"ORIGIN",
    b"\xff",
    b"\0",
]


@settings(max_examples=1_000)
@given(st.data())
def test_damaged_files_are_read_or_refused(data: st.DataObject) -> None:
    """Nothing but the two errors that callers expect comes out, and what is read keeps the rules of identities."""
    content = data.draw(st.sampled_from(FLAT))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.sampled_from([0, 0, 1, 2, 30, 200])))
        content = content[:start] + data.draw(st.sampled_from(PIECES)) + content[end:]
    try:
        reading = read_genbank(content, Options("f.gb"))
    except (InvalidDesign, TooLarge) as error:
        assert error.message
        return
    errors = [finding for finding in check_document(Document.of(reading.triples)) if finding.severity == "error"]
    assert errors == []


@settings(max_examples=300)
@given(designs())
def test_what_is_written_reads_back(made: tuple[Lab, Made]) -> None:
    check_round_trip(*made)
