"""Reading GenBank: records, header lines, qualifiers, and what is refused."""

from pathlib import Path

import pytest

from synhub.errors import InvalidDesign, TooLarge
from synhub.formats.genbank import read_genbank
from synhub.formats.genbank import records as genbank_records
from synhub.formats.genbank.feature_keys import KEYS, TERMS, key_of
from synhub.formats.reading import Options, Reading
from synhub.identity import is_display_id
from synhub.rdf import text_of
from synhub.sbol.graph import Document
from synhub.sbol.ontology import ontology
from synhub.sbol.rules.check import check_document
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, GBCONV, GENBANK, OBO, SBOL2, SO

FIXTURES = Path(__file__).parents[2] / "fixtures" / "genbank"
PLACE = "http://upload.invalid/"


def record(
    location: str = "1..5",
    qualifier: str = '/label="x"',
    locus: str = "T1 20 bp DNA linear SYN 01-JAN-2020",
    sequence: str = "acgtacgtac acgtacgtac",
    end: str = "//\n",
    header: str = "",
) -> str:
    return (
        f"LOCUS       {locus}\n{header}FEATURES             Location/Qualifiers\n     CDS             {location}\n"
        f"                     {qualifier}\nORIGIN\n        1 {sequence}\n{end}"
    )


def read(text: str | bytes) -> Reading:
    return read_genbank(text if isinstance(text, bytes) else text.encode(), Options("f.gb"))


def values(reading: Reading, path: str, predicate: str) -> list[str]:
    """Return what is said of the object whose IRI is PLACE + path, sorted."""
    return sorted(text_of(o) for s, p, o in reading.triples if s == f"<{PLACE}{path}>" and p == f"<{predicate}>")


def refusal(text: str | bytes) -> str:
    with pytest.raises(InvalidDesign) as caught:
        read(text)
    assert caught.value.findings[0]["rule"] in ("synhub-genbank", "synhub-encoding")
    return caught.value.message


# --- what becomes of a record -----------------------------------------------------------------------------


def test_header_lines_become_annotations() -> None:
    reading = read((FIXTURES / "plasmid.gb").read_bytes())
    assert reading.format == "GenBank"
    assert reading.findings == []
    said = {
        p[1 + len(GENBANK.NS) : -1]: text_of(o)
        for s, p, o in reading.triples
        if s == f"<{PLACE}pDemo/2>" and p.startswith(f"<{GENBANK.NS}") and o.startswith('"')
    }
    assert said == {
        "locus": "pDemo",
        "molecule": "ds-DNA",
        "division": "SYN",
        "date": "02-JAN-2024",
        "GInumber": "GI:77",
        "dblink": "BioProject: PRJNA1",
        "keywords": "demonstration; plasmid.",
        "source": "synthetic construct",
        "organism": "synthetic construct other sequences; artificial sequences.",
        "comment": "the first comment, with a second line\n   an indented comment",
        "baseCount": "40 a    20 c     30 g     30 t",
    }
    assert values(reading, "pDemo/2", DCTERMS.description) == [
        "a circular demonstration plasmid whose first part lies over the origin and whose text is longer than a line."
    ]
    assert values(reading, "pDemo/2", SBOL2.type) == [SO.NS + "SO:0000988", BIOPAX.DnaRegion]
    assert values(reading, "pDemo/2", SBOL2.role) == [SO.NS + "SO:0000804"]
    assert values(reading, "pDemo/2", OBO.OBI_0001617) == ["88"]
    assert values(reading, "pDemo/reference0", GENBANK.NS + "consrtm") == ["The Demonstration Consortium"]
    assert values(reading, "pDemo/reference0", GENBANK.NS + "remark") == ["not a real paper"]
    assert values(reading, "pDemo/reference1", GENBANK.NS + "label") == ["2"]
    assert values(reading, "pDemo_seq/2", SBOL2.elements)[0][:20] == "aaagaggagaaaatgcgtaa"
    assert values(reading, "pDemo_seq/2", SBOL2.encoding) == [ENCODING.NUCLEIC_ACID]


def test_qualifiers_are_kept_whole() -> None:
    reading = read((FIXTURES / "plasmid.gb").read_bytes())
    assert values(reading, "pDemo/annotation3/2", GBCONV.NS + "note") == [
        'a=b; the "start" of gfp, in a note that is so long that it needs two lines'
    ]
    assert values(reading, "pDemo/annotation3/2", GBCONV.NS + "translation") == ["MRKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGD"]
    assert values(reading, "pDemo/annotation3/2", GBCONV.NS + "pseudo") == [""]
    assert values(reading, "pDemo/annotation3/2", GBCONV.NS + "codon_start") == ["1"]
    assert values(reading, "pDemo/annotation2/2", GBCONV.NS + "label") == ["BBa_B0034"]


def test_unknown_keys_and_titles() -> None:
    reading = read((FIXTURES / "plasmid.gb").read_bytes())
    assert values(reading, "pDemo/annotation4/2", GBCONV.featureType) == ["Misc._Feature"]
    assert values(reading, "pDemo/annotation4/2", SBOL2.role) == [SO.NS + "SO:0000110"]
    assert values(reading, "pDemo/annotation4/2", DCTERMS.title) == ["ape"]
    assert values(reading, "pDemo/annotation3/2", DCTERMS.title) == ["gfp"]


def test_a_feature_over_the_origin_has_two_ranges() -> None:
    reading = read((FIXTURES / "plasmid.gb").read_bytes())
    place = "pDemo/annotation1"
    assert values(reading, f"{place}/2", GBCONV.stradlesOrigin) == ["true"]
    ends = [
        (values(reading, f"{place}/range{n}/2", SBOL2.start), values(reading, f"{place}/range{n}/2", SBOL2.end))
        for n in (0, 1)
    ]
    assert ends == [(["100"], ["120"]), (["1"], ["12"])]


def test_a_protein_is_one() -> None:
    reading = read((FIXTURES / "protein.gb").read_bytes())
    assert values(reading, "INSB_CHAIN/1", SBOL2.type) == [BIOPAX.Protein]
    assert values(reading, "INSB_CHAIN/1", SBOL2.role) == []
    assert values(reading, "INSB_CHAIN_seq/1", SBOL2.encoding) == [ENCODING.AMINO_ACID]
    assert values(reading, "INSB_CHAIN_seq/1", SBOL2.elements) == ["FVNQHLCGSHLVEALYLVCGERGFFYTPKT"]
    assert values(reading, "INSB_CHAIN/annotation1/1", GBCONV.multiRangeType) == ["bond"]


def test_an_rna_has_its_type() -> None:
    reading = read(record(locus="T1 20 bp mRNA linear SYN 01-JAN-2020", sequence="acguacguac acguacguac"))
    assert values(reading, "T1/1", SBOL2.type) == [SO.NS + "SO:0000987", BIOPAX.RnaRegion]


def test_the_only_feature_gives_its_role() -> None:
    assert values(read(record()), "T1/1", SBOL2.role) == [SO.NS + "SO:0000316"]


def test_features_are_counted_through_the_file_and_names_are_made_unique() -> None:
    reading = read((FIXTURES / "two_records.gb").read_bytes())
    assert values(reading, "BBa_J23101/annotation0/1", DCTERMS.title) == ["constitutive promoter"]
    assert values(reading, "BBa_B0034/annotation1/1", DCTERMS.title) == ["strong RBS"]
    assert values(reading, "BBa_B0034_2/annotation2/1", DCTERMS.title) == ["the same name again"]
    assert values(reading, "BBa_B0034_2/1", SBOL2.sequence) == [f"{PLACE}BBa_B0034_2_seq/1"]
    (note,) = reading.findings
    assert (note.severity, note.subject) == ("note", f"{PLACE}BBa_B0034_2/1")
    assert "line 18" in note.message


def test_every_object_is_compliant_and_owned() -> None:
    document = Document.of(read((FIXTURES / "edge_locations.gb").read_bytes()).triples)
    assert document.orphans == []
    assert len(document.top_levels) == 2
    for subject, said in document.subjects.items():
        (display_id,) = said["<http://sbols.org/v2#displayId>"]  # type: ignore[index]
        (identity,) = said["<http://sbols.org/v2#persistentIdentity>"]  # type: ignore[index]
        assert is_display_id(text_of(display_id))
        assert text_of(identity).endswith("/" + text_of(display_id))
        assert subject == f"<{text_of(identity)}/1>"


@pytest.mark.parametrize("name", ["plasmid", "protein", "two_records", "edge_locations"])
def test_what_is_read_keeps_every_rule(name: str) -> None:
    reading = read((FIXTURES / f"{name}.gb").read_bytes())
    assert check_document(Document.of(reading.triples)) == []


def test_a_location_that_spans_cannot_say_is_kept_as_text() -> None:
    reading = read((FIXTURES / "edge_locations.gb").read_bytes())
    kept = sorted(text_of(o) for _, p, o in reading.triples if p == f"<{GBCONV.location}>")
    assert kept == [
        "(2.5)..10",
        "10^15",
        "J00194.1:1..9",
        "complement(order(complement(1..2),5..6))",
        "gap(20)",
        "join(1..5,gap(unk100),7..9)",
        "join(J00194.1:1..9,3..4)",
        "one-of(3,5)..10",
        "order(1..2,join(4..5,8..9))",
    ]


def test_positions_of_a_complemented_join_count_backwards() -> None:
    reading = read(record("complement(join(1..5,7..9))"))
    positions = {
        n: (
            values(reading, f"T1/annotation0/range{n}/1", SBOL2.start),
            values(reading, f"T1/annotation0/range{n}/1", GBCONV.position),
        )
        for n in (0, 1)
    }
    assert positions == {0: (["1"], ["position1"]), 1: (["7"], ["position0"])}


def test_a_key_that_is_not_the_one_of_its_term_is_kept() -> None:
    assert values(read(record().replace("CDS", "gap")), "T1/annotation0/1", GBCONV.featureType) == ["gap"]


def test_a_qualifier_with_a_name_of_ours_is_told_apart() -> None:
    reading = read(record(qualifier='/featureType="primer"'))
    assert values(reading, "T1/annotation0/1", GBCONV.featureType) == []
    assert values(reading, "T1/annotation0/1", GBCONV.NS + "featureType_") == ["primer"]


# --- names and versions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("", "T1/1"),
        ("ACCESSION   U49845\n", "U49845/1"),
        ("ACCESSION   U49845\nVERSION     U49845.3\n", "U49845/3"),
        ("ACCESSION   pX\nVERSION     pX.1.0.2\n", "pX/1.0.2"),
        ("ACCESSION   .\nVERSION     .\n", "T1/1"),
        ("ACCESSION   pX\nVERSION     pX.draft\n", "pX/1"),
        ("ACCESSION   2-oxo\n", "_2_oxo/1"),
    ],
)
def test_accession_and_version_name_the_design(header: str, path: str) -> None:
    assert values(read(record(header=header)), path, GENBANK.locus) == ["T1"]


def test_a_version_of_another_accession_is_a_warning() -> None:
    reading = read(record(header="ACCESSION   AB\nVERSION     CD.2\n"))
    assert values(reading, "AB/2", GENBANK.NS + "version") == ["CD.2"]
    assert [finding.severity for finding in reading.findings] == ["warning"]


@pytest.mark.parametrize(
    ("locus", "said"),
    [
        ("Exported File           20 bp ds-DNA    circular SYN 12-MAR-2014", ("Exported File", "ds-DNA", "SYN", True)),
        ("pX      20 bp    DNA     circular UNA 4-FEB-2013", ("pX", "DNA", "UNA", True)),
        ("IMG_1 20 bp DNA linear  29-MAR-2016", ("IMG_1", "DNA", "", False)),
        ("short 20 bp", ("short", "", "", False)),
        ("pX 20 bp DNA CIRCULAR", ("pX", "DNA", "", True)),
        ("name_only", ("name_only", "", "", False)),
    ],
)
def test_locus_lines_of_many_tools(locus: str, said: tuple[str, str, str, bool]) -> None:
    found = genbank_records.parse_locus(f"LOCUS       {locus}")
    assert (found.name, found.molecule, found.division, found.is_circular) == said
    assert found.length in (20, None)


# --- encodings, lines, structure --------------------------------------------------------------------------


def test_encodings_and_line_ends_make_no_difference() -> None:
    expected = read(record()).triples
    text = record()
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        text.replace("\n", "\r").encode(),
        text.replace("\n", "\r\n").encode(),
        text.replace("LOCUS", "locus").replace("FEATURES", "features").replace("ORIGIN", "origin").encode(),
        text.replace("     CDS             ", "\tCDS\t").replace(" " * 21, "\t\t\t").encode(),
    ):
        reading = read(data)
        assert reading.triples == expected
        assert reading.findings == []


def test_latin_1_is_read_with_a_warning() -> None:
    reading = read(record(qualifier='/label="café"').encode("latin-1"))
    assert values(reading, "T1/annotation0/1", GBCONV.NS + "label") == ["café"]
    (warning,) = reading.findings
    assert warning.severity == "warning"
    assert "0xE9 in line 4" in warning.message


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (record(locus="T1 99 bp DNA"), "LOCUS says 99 symbols, the sequence has 20"),
        (record(end=""), "the line // at the end of the record is missing"),
        (f"From: somebody\n\n{record()}", "what stands before the record, 'From: somebody', is left out"),
        ("LOCUS       T1 20 bp DNA\n//\n", "the record has no sequence"),
    ],
)
def test_what_is_only_odd_is_a_warning(text: str, warning: str) -> None:
    (finding,) = read(text).findings
    assert finding.severity == "warning"
    assert warning in finding.message


def test_a_record_with_no_more_than_a_source_needs_no_sequence() -> None:
    text = record("1..20").replace("CDS   ", "source").partition("ORIGIN")[0] + "CONTIG      join(A.1:1..20)\n//\n"
    reading = read(text)
    assert values(reading, "T1/1", SBOL2.sequence) == []
    assert values(reading, "T1/1", GENBANK.NS + "contig") == ["join(A.1:1..20)"]


def test_a_keyword_in_small_letters_continues_the_field_before() -> None:
    reading = read(record(header="COMMENT     one\ntwo\nsource of it\n"))
    assert values(reading, "T1/1", GENBANK.comment) == ["one two source of it"]


def test_unquoted_inner_quotes_are_kept() -> None:
    reading = read(record(qualifier='/note="say "hi"\n                     to "all" of them"'))
    assert values(reading, "T1/annotation0/1", GBCONV.NS + "note") == ['say "hi" to "all" of them']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: there is no record"),
        ("<html>", "'<html>' stands where a record should begin"),
        (record(sequence="ac!<>1ta"), "line 6: '!' in the sequence is no IUPAC nucleotide code"),
        (
            record(end="", sequence="acgt"),
            "line 1: the record is cut short: it has no line //, its sequence has 4 symbols",
        ),
        (record().partition("ORIGIN")[0] + "//\n", "line 1: the record has features and no sequence (no ORIGIN)"),
        (record().partition("ORIGIN")[0] + "CONTIG      join(A.1:1..9)\n//\n", "(CONTIG)"),
        (record(qualifier='/label="x'), "line 4: the quotes of /label of CDS are never closed"),
        (record("5..900"), "line 3: the location '5..900' of CDS is wrong: 900 is outside the sequence"),
        (record("-3..4"), "line 3"),
        (record("0..3"), "0 is outside the sequence, which has 20 symbols"),
        (record("6..2"), "it runs from 6 to 2, over the origin of a linear sequence"),
        (record("20^1"), "20^1 is not between two symbols of a linear sequence"),
        (record("").replace("CDS             \n", "CDS\n"), "line 3: 'CDS' is no feature"),
        (record() + "\0", "NUL"),
        (f"LOCUS       T1 20 bp\nfoo bar\n{record()}", "line 2: 'foo bar' is no header line"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(text: str, message: str) -> None:
    assert message in refusal(text)


def test_a_refusal_leaves_the_name_of_the_file_to_who_has_several() -> None:
    assert refusal("<html>").startswith("line 1: ")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (record("complement(" * 50_000 + "1..2" + ")" * 50_000), "16"),
        (record("join(" + "1..2," * 10_000 + "1..2)"), "10000"),
        (record("1..99999999999999999999"), "2147483647"),
        (record(qualifier='/note="' + "x" * 1_000_001 + '"'), "1000000"),
        (record(qualifier="/note=" + "x" * 1_000_001), "1000000"),
        (record(header="COMMENT     " + "x" * 1_000_001 + "\n"), "1000000"),
    ],
)
def test_limits_are_named(text: str, limit: str) -> None:
    with pytest.raises(TooLarge, match=limit):
        read(text)


def test_the_number_of_features_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genbank_records, "MAX_FEATURES", 3)
    feature = "     CDS             1..5\n"
    assert len(values(read(record().replace(feature, feature * 3)), "T1/1", SBOL2.sequenceAnnotation)) == 3
    with pytest.raises(TooLarge, match="more than 3 features"):
        read(record().replace(feature, feature * 4))


# --- keys -------------------------------------------------------------------------------------------------


def test_every_term_of_the_table_is_one_of_the_ontology() -> None:
    assert {*TERMS.values(), *KEYS} <= ontology("so").names.keys()


def test_terms_without_a_key_take_the_nearest_one_above() -> None:
    assert key_of([SO.NS + "SO:0000316"]) == ("CDS", "")
    assert key_of([SO.NS + "SO:0001203"]) == ("promoter", "SO:0001203")
    assert key_of([SO.NS + "SO:0000804"]) == ("misc_feature", "SO:0000804")
    assert key_of([SO.NS + "SO:0000110"]) == ("misc_feature", "")
    assert key_of([]) == ("misc_feature", "")
