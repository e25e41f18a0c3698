"""FASTA, GFF3 and SBOL 1 through the whole server: submitted, and fetched in the classic words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Live, live

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[2] / "fixtures"
PART = """##gff-version 3
##sequence-region gffPart 1 60
gffPart\tlab\tpromoter\t1\t35\t.\t+\t0\tID=f1;Name=prom one
gffPart\tlab\tCDS\t40\t54\t.\t-\t0\tID=f2;Name=cds two
>gffPart
ttgacaattaatcatcggctcgtataatgtgtggaaaagaggagaaaatgcgtaaaggag
"""
TWO = ">seqOne: first test sequence\nACGTACGTTTGACA\nATTAATC\n>pepTwo\nMRKGEELFTGVVPILVEL\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("flat")) as hub:
        hub.user("alice")
        contents = {
            "gffin": PART.encode(),
            "fain": TWO.encode(),
            "gene": (FIXTURES / "gff3" / "gene.gff3").read_bytes(),
            "old": (FIXTURES / "sbol1" / "device.xml").read_bytes(),
        }
        for collection_id, content in contents.items():
            answer = hub.submit("alice", content, {"id": collection_id})
            assert (answer.status_code, answer.text) == (200, "Successfully uploaded"), answer.text
        yield hub


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "gffin/gffPart/1/fasta",
            ">gffPart sequence 1 (60 bp)\nttgacaattaatcatcggctcgtataatgtgtggaaaagaggagaaaatgcgtaaaggag",
        ),
        ("gffin/gffPart/1/gff", PART.replace(">", "##FASTA\n>")),
        ("fain/seqOne_seq/1/fasta", ">seqOne_seq (21 bp)\nACGTACGTTTGACAATTAATC"),
        ("fain/pepTwo/1/fasta", ">pepTwo sequence 1 (18 aa)\nMRKGEELFTGVVPILVEL"),
        (
            "fain/fain_collection/1/fasta",
            ">pepTwo_seq (18 aa)\nMRKGEELFTGVVPILVEL\n>seqOne_seq (21 bp)\nACGTACGTTTGACAATTAATC",
        ),
        (
            "fain/seqOne_seq/1/gff",
            "##gff-version 3\n# left out of http://hub.example/user/alice/fain/seqOne_seq/1:"
            " it has no component, and only those have features\n",
        ),
        ("old/unit_1/1/fasta", ">Unit sequence 1 (8 bp)\naaaacccc"),
    ],
)
def test_what_was_submitted_is_fetched(lab: Live, path: str, text: str) -> None:
    answer = lab.get(f"/user/alice/{path}", "alice")
    assert (answer.status_code, answer.text) == (200, text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_parents_survive_a_stay_in_a_collection(lab: Live) -> None:
    lines = lab.get("/user/alice/gene/ctg123/1/gff", "alice").text.splitlines()
    columns = {line.split("\t")[-1] for line in lines if "\t" in line}
    assert "ID=exon1;Parent=mRNA1,mRNA2" in columns
    assert "ID=cds1;Name=edenprotein;Parent=mRNA1" in columns


def test_classes_without_sequence_are_refused_in_the_classic_words(lab: Live) -> None:
    answer = lab.get("/user/alice/gene/ctg123/mRNA1/1/fasta", "alice")
    iri = "http://hub.example/user/alice/gene/ctg123/mRNA1/1"
    words = f"{iri} is a http://sbols.org/v2#SequenceAnnotation FASTA conversion not supported for this type."
    assert (answer.status_code, answer.text) == (422, words)


def test_a_file_that_cannot_be_read_says_where(lab: Live) -> None:
    answer = lab.submit("alice", b">a\nAC1T\n", {"id": "bad"})
    assert answer.status_code == 400
    assert "line 2, column 3: '1' is no letter of a protein sequence" in answer.text
