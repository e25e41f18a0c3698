"""FASTA in and out."""

import os
from pathlib import Path

import pytest
from formats_sources import groups_of, source_of
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import InvalidDesign, TooLarge, Unwritable
from synhub.formats import fasta
from synhub.formats.designs import Design
from synhub.formats.fasta import read_fasta, write_fasta
from synhub.formats.reading import Options, Reading
from synhub.rdf import Iri, Triple, iri_term, text_of
from synhub.sbol.graph import parse_rdf_xml
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, RDF, SBOL2, SO

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fasta"
CORPUS = Path(os.environ.get("SYNHUB_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
CD = "http://upload.invalid/"


def values(triples: list[Triple], display_id: str, predicate: str) -> list[str]:
    subject = f"<{CD}{display_id}/1>"
    return [text_of(o) for s, p, o in triples if s == subject and p == f"<{predicate}>"]


def value(reading: Reading, display_id: str, predicate: str) -> str:
    [only] = values(reading.triples, display_id, predicate)
    return only


def sequences(triples: list[Triple]) -> dict[str, str]:
    """displayId -> elements"""
    return {s[1:-1].split("/")[-2]: text_of(o) for s, p, o in triples if p == f"<{SBOL2.elements}>"}


def written(triples: list[Triple], *roots: str) -> str:
    return b"".join(write_fasta(source_of(triples, *roots))).decode()


def test_a_record_becomes_a_component_definition_and_its_sequence() -> None:
    reading = read_fasta(b">pTet Tet promoter\nacGT\nAC\n", Options())
    assert reading.format == "FASTA (DNA)"
    assert reading.findings == []
    assert value(reading, "pTet", RDF.type) == SBOL2.ComponentDefinition
    assert value(reading, "pTet", SBOL2.type) == BIOPAX.DnaRegion
    assert value(reading, "pTet", SBOL2.role) == SO.sequence_feature
    assert value(reading, "pTet", SBOL2.sequence) == f"{CD}pTet_seq/1"
    assert value(reading, "pTet", DCTERMS.description) == "Tet promoter"
    assert values(reading.triples, "pTet", DCTERMS.title) == []
    assert value(reading, "pTet_seq", SBOL2.elements) == "acGTAC"
    assert value(reading, "pTet_seq", SBOL2.encoding) == ENCODING.NUCLEIC_ACID


def test_sequence_only_makes_sequences_named_by_the_record() -> None:
    reading = read_fasta(b">x_seq: text\nACGT", Options(sequence_only=True))
    assert sequences(reading.triples) == {"x_seq": "ACGT"}
    assert value(reading, "x_seq", DCTERMS.description) == "text"
    assert not any(o == iri_term(SBOL2.ComponentDefinition) for _, _, o in reading.triples)


@pytest.mark.parametrize(
    ("header", "display_id", "title", "description"),
    [
        ("a b c", "a", [], ["b c"]),
        (" a : b : c", "a", [], ["b : c"]),
        ("a: b", "a", [], ["b"]),
        ("chr1:5-9 part", "chr1_5_9", ["chr1:5-9"], ["part"]),
        ("2x", "_2x", ["2x"], []),
        ("x_seq y", "x", [], ["y"]),
        ("Lac promoter sequence 1 (4 bp)", "Lac_promoter", ["Lac promoter"], []),
        ("P : Lac promoter (4 bp)", "P", [], ["Lac promoter"]),
        ("P of (5 bp)", "P", [], ["of (5 bp)"]),
        ("gi|12|x.1| y", "gi_12_x_1_", ["gi|12|x.1|"], ["y"]),
    ],
)
def test_nothing_of_a_header_is_lost(header: str, display_id: str, title: list[str], description: list[str]) -> None:
    triples = read_fasta(f">{header}\nACGT".encode(), Options()).triples
    assert values(triples, display_id, SBOL2.displayId) == [display_id]
    assert values(triples, display_id, DCTERMS.title) == title
    assert values(triples, display_id, DCTERMS.description) == description


@pytest.mark.parametrize(
    ("name", "elements", "kind", "region"),
    [
        ("x.fasta", "ACGTNNRY" * 3 + "ACGTACGTACGT", "protein", BIOPAX.Protein),  # 6 of 36 are R or Y
        ("x.fasta", "ACGT" * 9 + "NNRY", "DNA", BIOPAX.DnaRegion),
        ("x.fasta", "acgu", "RNA", BIOPAX.RnaRegion),
        ("x.fasta", "ACGTU", "DNA", BIOPAX.DnaRegion),
        ("x.fasta", "MKV*", "protein", BIOPAX.Protein),
        ("x.fasta", "AC-GT", "DNA", BIOPAX.DnaRegion),
        ("x.fasta", "M-UOJ", "protein", BIOPAX.Protein),
        ("x.faa", "GATTACA", "protein", BIOPAX.Protein),
        ("x.FNA", "RRRYYY", "DNA", BIOPAX.DnaRegion),
        ("x.frn", "AAA", "RNA", BIOPAX.RnaRegion),
    ],
)
def test_ending_and_then_letters_say_which_molecule_it_is(name: str, elements: str, kind: str, region: str) -> None:
    reading = read_fasta(f">x\n{elements}".encode(), Options(name))
    assert reading.format == f"FASTA ({kind})"
    assert value(reading, "x", SBOL2.type) == region
    assert value(reading, "x_seq", SBOL2.elements) == elements


def test_equal_names_are_numbered_with_a_note() -> None:
    reading = read_fasta(b">a\nAC\n>a\nGT\n", Options())
    assert sequences(reading.triples) == {"a_seq": "AC", "a_2_seq": "GT"}
    [note] = reading.findings
    assert (note.rule, note.severity, note.subject) == ("synhub-fasta", "note", f"{CD}a_2/1")
    assert note.message == "line 3: another record is called 'a': this one became a_2"


def test_semicolons_begin_comments_or_records_of_a_file_without_any_other() -> None:
    comments = read_fasta(b"; head\n>a\n; one\nACGT\n", Options()).triples
    assert values(comments, "a", "http://www.w3.org/2000/01/rdf-schema#comment") == ["one"]
    old = read_fasta(b";a text\n; one\nAC\n;b\nGT\n", Options()).triples
    assert sequences(old) == {"a_seq": "AC", "b_seq": "GT"}
    assert values(old, "a", "http://www.w3.org/2000/01/rdf-schema#comment") == ["one"]


def test_blanks_line_ends_and_marks_are_no_part_of_a_sequence() -> None:
    assert sequences(read_fasta(b"\xef\xbb\xbf>a\r\nAC GT\r\n\r\n ac\tgt\r\n", Options()).triples) == {
        "a_seq": "ACGTacgt"
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b">a\nAC\n>b\n\n>c\nGT", "line 3: the record 'b' has no sequence"),
        (b">a\nAC\n>b", "line 3: the record 'b' has no sequence"),
        (b">a\nACGT\nMK1V", "line 3, column 3: '1' is no letter of a protein sequence"),
        (b">\n<html>", "line 2, column 1: '<' is no letter .* is this an HTML page"),
        (b"; only\n; comments", "line 1: the record 'only' has no sequence"),
        (b";x\nACGT\n>a\nACGT", "line 2: a sequence without a header"),
    ],
)
def test_broken_files_are_refused_by_line(data: bytes, message: str) -> None:
    with pytest.raises(InvalidDesign, match=message) as caught:
        read_fasta(data, Options("x.fasta"))
    assert caught.value.findings[0]["rule"] == "synhub-fasta"


def test_dna_endings_refuse_amino_acids() -> None:
    with pytest.raises(InvalidDesign, match="line 2, column 2: 'L' is no letter of a DNA sequence"):
        read_fasta(b">a\nAL", Options("x.fna"))


def test_too_many_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fasta, "MAX_RECORDS", 2)
    with pytest.raises(TooLarge, match="line 5: more than 2 records"):
        read_fasta(b">a\nA\n>b\nA\n>c\nA\n", Options())


def test_endless_headers_are_refused() -> None:
    with pytest.raises(TooLarge, match="line 1: a header of more than 100000 characters"):
        read_fasta(b">" + b"a" * 100_001 + b"\nACGT", Options())


def library() -> list[Triple]:
    """A collection of a part with a title, a protein without, and a collection that holds a third."""
    design = Design(CD)
    top = design.top_level("top", SBOL2.Collection)
    below = design.top_level("below", SBOL2.Collection)
    for owner, name, title, encoding, elements in (
        (top, "gfpX", "GFP\ncoding X", ENCODING.NUCLEIC_ACID, "acgt" * 27),
        (top, "prot", "", ENCODING.AMINO_ACID, "MRKG"),
        (below, "smile", "", ENCODING.SMILES, "CCO"),
        (below, "empty", "", ENCODING.NUCLEIC_ACID, ""),
    ):
        part = design.top_level(name, SBOL2.ComponentDefinition)
        sequence = design.top_level(f"{name}_seq", SBOL2.Sequence)
        design.say(owner, SBOL2.member, part.term)
        design.say(part, SBOL2.sequence, sequence.term)
        design.say_iri(sequence, SBOL2.encoding, encoding)
        design.say_text(sequence, SBOL2.elements, elements)
        if title:
            design.say_text(part, DCTERMS.title, title)
            design.say_text(sequence, DCTERMS.title, f"{title} sequence")
    design.say(top, SBOL2.member, below.term)
    design.say(below, SBOL2.member, top.term)
    return design.triples


@pytest.mark.parametrize(
    ("root", "text"),
    [
        ("gfpX", ">GFP coding X sequence 1 (108 bp)\n" + ("acgt" * 18)[:70] + "\n" + ("acgt" * 27)[70:]),
        ("gfpX_seq", ">GFP coding X sequence (108 bp)\n" + ("acgt" * 18)[:70] + "\n" + ("acgt" * 27)[70:]),
        ("prot", ">prot sequence 1 (4 aa)\nMRKG"),
        ("prot_seq", ">prot_seq (4 aa)\nMRKG"),
        ("smile_seq", ">smile_seq (3 undefined)\nCCO"),
        ("below", ">smile_seq (3 undefined)\nCCO"),
    ],
)
def test_objects_are_written_in_the_classic_words(root: str, text: str) -> None:
    triples = [t for t in library() if not (root == "below" and t[2] == f"<{CD}top/1>")]
    assert written(triples, f"{CD}{root}/1") == text


def test_a_collection_is_its_members_sequences_once_each_with_those_of_collections_below() -> None:
    roots = [f"{CD}{name}/1" for name in ("top", "gfpX", "gfpX_seq", "prot", "below")]
    headers = [line for line in written(library(), *roots).splitlines() if line.startswith(">")]
    assert headers == [
        ">gfpX_seq : GFP coding X sequence (108 bp)",
        ">prot_seq (4 aa)",
        ">smile_seq (3 undefined)",
    ]


def test_what_has_no_sequence_is_refused_with_the_reason() -> None:
    design = Design(CD)
    bare = design.top_level("bare", SBOL2.ComponentDefinition)
    lost = design.top_level("lost", SBOL2.ComponentDefinition)
    design.say_iri(lost, SBOL2.sequence, Iri(f"{CD}lost_seq/1"))
    top = design.top_level("top", SBOL2.Collection)
    missing = f"{CD}lost_seq/1 is not at hand: it is not stored here, or not open to who asks"
    for roots, message in (
        ([bare.iri], f"{CD}bare/1 has no sequence."),
        ([lost.iri], f"{CD}lost/1 has no sequence. {missing}."),
        ([top.iri, bare.iri, lost.iri], f"{CD}top/1 has no member with a sequence."),
        ([f"{CD}empty_seq/1"], f"{CD}empty_seq/1 has no elements."),
    ):
        with pytest.raises(Unwritable) as caught:
            written([*design.triples, *library()], *roots)
        assert caught.value.message == message


def test_other_classes_are_refused_in_the_classic_words() -> None:
    design = Design(CD)
    file = design.top_level("m", SBOL2.Attachment)
    with pytest.raises(Unwritable) as caught:
        written(design.triples, file.iri)
    assert caught.value.message == (
        f"{CD}m/1 is a http://sbols.org/v2#Attachment FASTA conversion not supported for this type."
    )


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
LETTERS = st.one_of(st.text("acgtACGTN", min_size=1, max_size=200), st.text("ACDEFGHIKLMNPQRSTVWY*-", min_size=1))


@given(st.dictionaries(NAMES, LETTERS, min_size=1, max_size=5))
def test_a_written_collection_reads_back_to_the_same_ids_and_sequences(content: dict[str, str]) -> None:
    design = Design(CD)
    collection = design.top_level("the collection itself", SBOL2.Collection)
    for name, elements in content.items():
        sequence = design.top_level(name, SBOL2.Sequence)
        design.say(collection, SBOL2.member, sequence.term)
        design.say_text(sequence, SBOL2.elements, elements)
        design.say_iri(sequence, SBOL2.encoding, ENCODING.NUCLEIC_ACID)
    source = source_of(design.triples, collection.iri)
    again = read_fasta(b"".join(write_fasta(source)), Options(sequence_only=True)).triples
    assert sequences(again) == content


@given(st.dictionaries(NAMES.filter(lambda name: not name.endswith("_seq")), LETTERS, min_size=1, max_size=5))
def test_what_was_read_is_written_and_reads_back_to_the_same_objects(content: dict[str, str]) -> None:
    data = "".join(f">{name} some text\n{elements}\n" for name, elements in content.items())
    first = read_fasta(data.encode(), Options()).triples
    text = "\n".join(written(first, f"{CD}{name}/1") for name in content)
    again = read_fasta(text.encode(), Options()).triples
    assert sequences(again) == sequences(first)


def test_the_reference_librarys_files_hold_the_same_sequences() -> None:
    """It writes every Sequence of a document as `> displayId : description`, 79 columns wide."""
    folder = CORPUS / "oracle" / "sbol2_to_fasta"
    if not folder.is_dir():
        pytest.skip(f"no corpus at {CORPUS}: set SYNHUB_CORPUS")
    oracles = sorted(folder.glob("p*.fasta"))[:6]
    assert len(oracles) == 6
    for oracle in oracles:
        triples = parse_rdf_xml((CORPUS / "SBOL2" / oracle.name.removesuffix(".fasta")).read_bytes())
        everything = Design(CD)
        collection = everything.top_level("everything", SBOL2.Collection)
        members = list(groups_of(triples))
        for member in members:
            everything.say_iri(collection, SBOL2.member, member)
        ours = written(triples + everything.triples, collection.iri, *members)
        assert read(ours) == read(oracle.read_text()) != {}


def read(text: str) -> dict[str, str]:
    return sequences(read_fasta(text.encode(), Options(sequence_only=True)).triples)


@pytest.mark.parametrize(
    ("name", "kinds", "content"),
    [
        (
            "mixed.fasta",
            "DNA, protein, RNA",
            {
                "pTet_lib_tet_seq": "tccctatcagtgatagagattgacatccctatcagtgatagagatactgagcac",
                "B0034_seq": "aaagaggagaaa",
                "his_tag_seq": "MGSSHHHHHHSSGLVPRGSH*",
                "siRNA_1_seq": "GCAAGCUGACCCUGAAGUU",
                "B0034_2_seq": "AAAGAGGAGAAATACTAG",
            },
        ),
        ("semicolons.fasta", "DNA", {"alpha_seq": "ACGTACGTACGN", "beta_seq": "ttttgggg"}),
        ("letters.faa", "protein", {"peptide_seq": "GATTACAGATTACA"}),
    ],
)
def test_the_fixtures_are_read(name: str, kinds: str, content: dict[str, str]) -> None:
    reading = read_fasta((FIXTURES / name).read_bytes(), Options(name))
    assert reading.format == f"FASTA ({kinds})"
    assert sequences(reading.triples) == content
