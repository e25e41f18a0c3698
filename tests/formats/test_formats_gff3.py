"""GFF3 in and out."""

import os
from collections import Counter
from pathlib import Path

import pytest
from formats_sources import groups_of, source_of
from hypothesis import given, settings
from hypothesis import strategies as st

from synhub.errors import InvalidDesign, TooLarge, Unwritable
from synhub.formats.designs import Design, Made
from synhub.formats.gff3 import read as gff3
from synhub.formats.gff3 import read_gff3, write_gff3
from synhub.formats.gff3.lines import Line, format_line, parse_line
from synhub.formats.reading import Options
from synhub.formats.source import MemorySource
from synhub.rdf import Iri, Triple, text_of
from synhub.sbol.graph import parse_rdf_xml
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, GFF3, RDF, SBOL2, SO

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gff3"
CORPUS = Path(os.environ.get("SYNHUB_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
BASE = "http://upload.invalid/"
SHORT = (
    (BASE, ""),
    ("http://sbols.org/v2#", ""),
    ("http://sbolstandard.org/gff3#", "gff3:"),
    ("http://purl.org/dc/terms/", "dcterms:"),
    ("http://identifiers.org/so/", ""),
    ("http://www.biopax.org/release/biopax-level3.owl#", ""),
)
COMPLIANCE = ("persistentIdentity", "displayId", "version", RDF.type)
HEAD = "##gff-version 3\n"


def said(triples: list[Triple], *display_ids: str) -> set[str]:
    """What is said of some objects, in short, but for what makes them compliant."""
    lines = set()
    for triple in triples:
        texts = [str(term) for term in triple]
        for namespace, prefix in SHORT:
            texts = [text.replace(namespace, prefix).strip("<>") for text in texts]
        subject, predicate, value = texts
        if subject in {f"{name}/1" for name in display_ids} and predicate not in COMPLIANCE:
            lines.add(f"{subject.removesuffix('/1')} {predicate} {value}")
    return lines


def read(name: str) -> list[Triple]:
    return read_gff3((FIXTURES / name).read_bytes(), Options(name)).triples


def written(triples: list[Triple], *roots: str) -> str:
    return b"".join(write_gff3(source_of(triples, *(f"{BASE}{root}/1" for root in roots)))).decode()


def test_features_become_annotations_with_all_their_lines_and_parents() -> None:
    triples = read("gene.gff3")
    assert said(triples, "ctg123/gene1", "ctg123/mRNA2", "ctg123/mRNA2/Range", "ctg123/exon1") == {
        "ctg123/gene1 role SO:0000704",
        'ctg123/gene1 dcterms:title "EDEN"',
        'ctg123/gene1 dcterms:description "first, second"',
        'ctg123/gene1 gff3:Dbxref "lab:1"',
        'ctg123/gene1 gff3:Dbxref "lab:2"',
        'ctg123/gene1 gff3:source "lab"',
        "ctg123/gene1 location ctg123/gene1/Range/1",
        "ctg123/mRNA2 role SO:0000234",
        'ctg123/mRNA2 dcterms:title "EDEN.2"',
        'ctg123/mRNA2 gff3:source "lab"',
        'ctg123/mRNA2 gff3:score "0.5"',
        "ctg123/mRNA2 gff3:Parent ctg123/gene1/1",
        "ctg123/mRNA2 location ctg123/mRNA2/Range/1",
        'ctg123/mRNA2/Range start "11"',
        'ctg123/mRNA2/Range end "70"',
        "ctg123/mRNA2/Range orientation inline",
        "ctg123/exon1 role SO:0000147",
        'ctg123/exon1 gff3:source "lab"',
        "ctg123/exon1 gff3:Parent ctg123/mRNA1/1",
        "ctg123/exon1 gff3:Parent ctg123/mRNA2/1",
        "ctg123/exon1 location ctg123/exon1/Range/1",
    }
    assert said(triples, "ctg123/cds1", "ctg123/cds1/Range", "ctg123/cds1/Range1") == {
        "ctg123/cds1 role SO:0000316",
        'ctg123/cds1 dcterms:title "edenprotein"',
        'ctg123/cds1 gff3:source "lab"',
        'ctg123/cds1 gff3:phase "0"',
        "ctg123/cds1 gff3:Parent ctg123/mRNA1/1",
        "ctg123/cds1 location ctg123/cds1/Range/1",
        "ctg123/cds1 location ctg123/cds1/Range1/1",
        'ctg123/cds1/Range start "14"',
        'ctg123/cds1/Range end "30"',
        "ctg123/cds1/Range orientation inline",
        'ctg123/cds1/Range1 start "51"',
        'ctg123/cds1/Range1 end "63"',
        "ctg123/cds1/Range1 orientation inline",
        'ctg123/cds1/Range1 gff3:phase "1"',
    }
    assert said(triples, "ctg123/term_1") >= {
        "ctg123/term_1 role SO:0000141",
        'ctg123/term_1 gff3:ID "term 1"',
        'ctg123/term_1 gff3:source "other"',
    }


def test_sequences_become_component_definitions() -> None:
    triples = read("gene.gff3")
    about = {line for line in said(triples, "ctg123") if " sequenceAnnotation " not in line}
    assert about == {
        "ctg123 type DnaRegion",
        "ctg123 role SO:0000110",
        "ctg123 sequence ctg123_seq/1",
        'ctg123 gff3:directive "##species https://lab.example/organism"',
    }
    assert sum(" sequenceAnnotation " in line for line in said(triples, "ctg123")) == 7
    assert sequences(triples)["ctg123"].startswith("acgtacgtaaATGgcatgc")


def test_every_column_is_decoded_and_what_is_unknown_is_kept() -> None:
    reading = read_gff3((FIXTURES / "escapes.gff3").read_bytes(), Options())
    assert said(reading.triples, "chr_1/x_y", "chr_1/x_y/Range") == {
        "chr_1/x_y role SO:0000704",
        'chr_1/x_y dcterms:title "50% of A&B"',
        'chr_1/x_y gff3:ID "x;y"',
        'chr_1/x_y gff3:comment "comma, equals= and ä"',
        'chr_1/x_y gff3:Alias "a,b"',
        'chr_1/x_y gff3:Alias "c"',
        'chr_1/x_y gff3:source "a\\tb"',
        "chr_1/x_y location chr_1/x_y/Range/1",
        'chr_1/x_y/Range start "1"',
        'chr_1/x_y/Range end "9"',
        'chr_1/x_y/Range gff3:strand "?"',
    }
    assert said(reading.triples, "chr_1/SequenceAnnotation5") == {
        "chr_1/SequenceAnnotation5 role SO:0000110",
        'chr_1/SequenceAnnotation5 gff3:type "flux_capacitor"',
        'chr_1/SequenceAnnotation5 gff3:score "1e-5"',
        "chr_1/SequenceAnnotation5 location chr_1/SequenceAnnotation5/Range/1",
    }
    assert 'chr_1/p gff3:odd_name "1"' in said(reading.triples, "chr_1/p")
    assert {'chr_1 dcterms:title "chr/1"', 'chr_1 gff3:seqid "chr/1"'} <= said(reading.triples, "chr_1")
    assert [(f.rule, f.severity, f.message) for f in reading.findings] == [
        ("synhub-gff3", "note", "the Sequence Ontology has no term 'flux_capacitor': taken for a sequence_feature"),
    ]


def test_the_line_about_a_whole_sequence_describes_its_component_definition() -> None:
    triples = read("circular.gff3")
    assert {line for line in said(triples, "pLab") if " sequence" not in line} == {
        "pLab type DnaRegion",
        "pLab type SO:0000988",
        "pLab role SO:0000155",
        'pLab dcterms:title "Lab plasmid"',
        'pLab dcterms:description "a small one"',
        'pLab gff3:copies "20"',
    }
    assert said(triples, "pep") == {"pep type Protein", "pep sequence pep_seq/1"}
    assert said(triples, "pLab/ori/Range", "pLab/ori/Range1") == {
        'pLab/ori/Range start "16"',
        'pLab/ori/Range end "20"',
        "pLab/ori/Range orientation inline",
        'pLab/ori/Range1 start "1"',
        'pLab/ori/Range1 end "4"',
        "pLab/ori/Range1 orientation inline",
    }


LINE = "a\t.\tgene\t1\t9\t.\t+\t.\tID=g"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("##gff-version 2\n", "line 1: '##gff-version 2': only version 3 is read"),
        (HEAD, "neither a feature nor a sequence"),
        (HEAD + LINE.replace("\t", " "), "line 2: a feature has nine columns with tabs between them, here are 1"),
        (HEAD + LINE.replace("\t1\t", "\tx\t"), "line 2: the start is 'x', where a whole number from 1 to"),
        (HEAD + LINE.replace("\t1\t", "\t0\t"), "line 2: the start is '0'"),
        (HEAD + LINE.replace("\t9\t", "\t99999999999\t"), "line 2: the end is '99999999999'"),
        (HEAD + LINE.replace("\t1\t", "\t10\t"), "line 2: the start 10 is behind the end 9"),
        (HEAD + LINE.replace("+", "plus"), "line 2: the strand is 'plus'"),
        (HEAD + LINE.replace("+\t.", "+\t3"), "line 2: the phase is '3'"),
        (HEAD + LINE.replace("a\t.", ".\t."), "line 2: the first column is empty"),
        (HEAD + LINE + ";Parent=h", "line 2: no feature of a has the ID 'h', which Parent names"),
        (HEAD + LINE + ";Parent=g", "line 2: features are parts of themselves, or of others more than 64 levels deep"),
        (HEAD + LINE + ";Parent=h\n" + LINE.replace("=g", "=h;Parent=g"), "line 2: features are parts of themselves"),
        (HEAD + LINE + ";Note=%00", r"line 2: an escape stands for the control character '\\x00'"),
        (HEAD + "##FASTA\n>%01\nACGT\n", r"line 3: an escape stands for the control character '\\x01'"),
        (HEAD + LINE.removesuffix("\tID=g"), "line 2: .* nine columns with tabs between them, here are 8"),
        (HEAD + "##sequence-region a one 9\n", "line 2: .* is not '##sequence-region name start end'"),
        (HEAD + LINE + "\n##FASTA\n>a\nAC1T\n", "line 5, column 3: '1' is no letter"),
        (HEAD + "##FASTA\n>a\nACGT\n>a\nACGT\n", "line 5: the sequence 'a' is there twice, in line 3, too"),
    ],
)
def test_broken_files_are_refused_by_line(text: str, message: str) -> None:
    with pytest.raises(InvalidDesign, match=message):
        read_gff3(text.encode(), Options())


def test_too_many_features_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gff3, "MAX_FEATURES", 1)
    with pytest.raises(TooLarge, match="line 3: more than 1 features"):
        read_gff3(f"{HEAD}{LINE}\n{LINE}\n".encode(), Options())


def test_one_id_of_two_types_is_two_features() -> None:
    reading = read_gff3((HEAD + LINE + "\n" + LINE.replace("gene", "CDS")).encode(), Options())
    assert {"a/g role SO:0000704", "a/g_2 role SO:0000316"} <= said(reading.triples, "a/g", "a/g_2")
    assert "the ID 'g' is that of a feature of another type, too" in reading.findings[0].message


def test_a_sequence_that_only_its_own_line_describes_keeps_its_length() -> None:
    text = f"{HEAD}##sequence-region c 1 50\nc\t.\tplasmid\t1\t50\t.\t.\t.\tID=c;Name=Circle;Is_circular=true\n"
    triples = read_gff3(text.encode(), Options()).triples
    assert {'c gff3:region "1 50"', 'c dcterms:title "Circle"', "c role SO:0000155"} <= said(triples, "c")
    assert written(triples, "c") == text


def test_an_odd_attribute_does_not_become_one_of_the_specification() -> None:
    triples = read_gff3(f"{HEAD}{LINE};Is circular=true;x y=2\n".encode(), Options()).triples
    assert {'a/g gff3:is_circular "true"', 'a/g gff3:x_y "2"'} <= said(triples, "a/g")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).map(str.strip)


@given(TEXT.filter(bool), TEXT.filter(bool), TEXT.filter(lambda t: t not in ("", ".")), TEXT, TEXT)
def test_lines_are_read_as_they_were_written(seqid: str, source: str, kind: str, name: str, alias: str) -> None:
    seqid = seqid if seqid != "." else "x"
    line = Line(seqid, source, kind, 3, 7, ".", "-", "2", (("Name", name), ("Alias", alias), ("Alias", "a,b;c=d&%")))
    assert parse_line(format_line(line), 1) == line


def test_blanks_around_a_value_and_several_values_come_back() -> None:
    attributes = (("label", "a, b"), ("label", "c"), ("note", " x "), ("note", " "), ("Alias", "y "), ("Alias", " z"))
    line = Line("s", "my tool ", "gene", 3, 7, ".", "-", ".", attributes)
    text = format_line(line)
    assert text.endswith("\tlabel=a%2C b;label=c;note=%20x%20;note=%20;Alias=y%20,%20z")
    assert parse_line(text, 1) == line


def sequences(triples: list[Triple]) -> dict[str, str]:
    return {s.split("/")[-2].removesuffix("_seq"): text_of(o) for s, p, o in triples if p == f"<{SBOL2.elements}>"}


def features(triples: list[Triple]) -> Counter[tuple[str, ...]]:
    """Every annotation: its definition, title, roles, and where it lies."""
    by: dict[str, dict[str, list[str]]] = {}
    for s, p, o in triples:
        by.setdefault(s[1:-1], {}).setdefault(p[1:-1], []).append(text_of(o))
    found: Counter[tuple[str, ...]] = Counter()
    for subject, about in by.items():
        for annotation in about.get(SBOL2.sequenceAnnotation, ()):
            of = by[annotation]
            places = sorted(
                " ".join(str(by[place].get(p, [""])[0]) for p in (SBOL2.start, SBOL2.end, SBOL2.at, SBOL2.orientation))
                for place in of.get(SBOL2.location, ())
            )
            name = subject.split("/")[-2]
            found[(name, *of.get(DCTERMS.title, [""]), *sorted(of.get(SBOL2.role, ())), *places)] += 1
    return found


@pytest.mark.parametrize("name", ["gene.gff3", "escapes.gff3", "circular.gff3"])
def test_what_was_read_is_written_and_reads_back_to_the_same_triples(name: str) -> None:
    triples = read(name)
    again = read_gff3(written(triples).encode(), Options()).triples
    assert unnamed(triples) == unnamed(again)


def unnamed(triples: list[Triple]) -> set[Triple]:
    """Everything but the IDs, which a file of several sequences prefixes, and directives, which are of no feature."""
    return {t for t in triples if not t[1].endswith(("gff3#ID>", "gff3#directive>"))}


ROLES = st.sampled_from(["SO:0000167", "SO:0000316", "SO:0000141", "SO:0000110", "SO:0000139"])
PLACES = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), min_size=1, max_size=3, unique_by=lambda p: p[0])
ANNOTATION = st.tuples(ROLES, TEXT, PLACES, st.sampled_from([None, SBOL2.inline, SBOL2.reverseComplement]))
MOLECULES = {
    BIOPAX.DnaRegion: ("acgtn", ENCODING.NUCLEIC_ACID),
    BIOPAX.RnaRegion: ("acgu", ENCODING.NUCLEIC_ACID),
    BIOPAX.Protein: ("ACDMK", ENCODING.AMINO_ACID),
}


def add_part(design: Design, name: str, kind: Iri, elements: str) -> Made:
    part = design.top_level(name, SBOL2.ComponentDefinition)
    sequence = design.top_level(f"{name}_seq", SBOL2.Sequence)
    design.say_iri(part, SBOL2.type, kind)
    design.say_iri(part, SBOL2.role, SO.sequence_feature)
    design.say(part, SBOL2.sequence, sequence.term)
    design.say_text(sequence, SBOL2.elements, elements)
    design.say_iri(sequence, SBOL2.encoding, MOLECULES[kind][1])
    return part


def annotate(design: Design, part: Made, name: str, places: list[tuple[int, int]], orientation: Iri | None) -> Made:
    annotation = design.child(part, name, SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation)
    for start, more in places:
        location = design.child(annotation, "Range", SBOL2.Range, SBOL2.location)
        design.say_text(location, SBOL2.start, str(start))
        design.say_text(location, SBOL2.end, str(start + more))
        if orientation:
            design.say_iri(location, SBOL2.orientation, orientation)
    return annotation


@settings(max_examples=50)
@given(st.sampled_from(list(MOLECULES)), st.data(), st.lists(ANNOTATION, max_size=4))
def test_a_written_design_reads_back_to_the_same_features_and_sequences(
    kind: Iri, data: st.DataObject, annotations: list[tuple[str, str, list[tuple[int, int]], Iri | None]]
) -> None:
    design = Design(BASE)
    elements = data.draw(st.text(MOLECULES[kind][0], min_size=80, max_size=200))
    part = add_part(design, "part", kind, elements)
    for role, title, places, orientation in annotations:
        annotation = annotate(design, part, "a", places, orientation)
        design.say_iri(annotation, SBOL2.role, Iri(SO.NS + role))
        if title:
            design.say_text(annotation, DCTERMS.title, title)
    again = read_gff3(written(design.triples, "part").encode(), Options()).triples
    assert features(again) == features(design.triples)
    assert sequences(again) == sequences(design.triples)
    assert {t for t in again if t[1] == f"<{SBOL2.type}>"} == {t for t in design.triples if t[1] == f"<{SBOL2.type}>"}


def test_parts_of_parts_are_turned_and_moved_with_their_part() -> None:
    design = Design(BASE)
    inner = add_part(design, "inner", BIOPAX.DnaRegion, "acgtacgtac")
    annotate(design, inner, "first", [(1, 2)], SBOL2.inline)
    annotate(design, inner, "second", [(5, 0), (7, 1)], SBOL2.reverseComplement)
    annotate(design, inner, "anywhere", [(9, 1)], None)
    outer = add_part(design, "outer", BIOPAX.DnaRegion, "acgt" * 10)
    for name, start, orientation in (("ahead", 11, SBOL2.inline), ("back", 31, SBOL2.reverseComplement)):
        annotation = annotate(design, outer, name, [(start, 9)], orientation)
        component = design.child(outer, f"{name}_part", SBOL2.Component, SBOL2.component)
        design.say(component, SBOL2.definition, inner.term)
        design.say(annotation, SBOL2.component, component.term)
    lines = [line.split("\t") for line in written(design.triples, "outer").splitlines() if "\t" in line]
    assert [(line[3], line[4], line[6], line[8]) for line in lines] == [
        ("11", "20", "+", "ID=inner"),
        ("11", "13", "+", "ID=first;Parent=inner"),
        ("15", "15", "-", "ID=second;Parent=inner"),
        ("17", "18", "-", "ID=second;Parent=inner"),
        ("19", "20", ".", "ID=anywhere;Parent=inner"),
        ("31", "40", "-", "ID=inner_2"),
        ("31", "32", ".", "ID=anywhere_2;Parent=inner_2"),
        ("33", "34", "+", "ID=second_2;Parent=inner_2"),
        ("36", "36", "+", "ID=second_2;Parent=inner_2"),
        ("38", "40", "-", "ID=first_2;Parent=inner_2"),
    ]


def test_ranges_that_meet_at_the_origin_are_one_line() -> None:
    lines = [line.split("\t")[2:5] for line in written(read("circular.gff3")).splitlines() if "\t" in line]
    assert ["origin_of_replication", "16", "24"] in lines


def test_coding_sequences_without_phases_get_those_of_their_frame() -> None:
    design = Design(BASE)
    part = add_part(design, "part", BIOPAX.DnaRegion, "acgt" * 10)
    for name, orientation in (("f", SBOL2.inline), ("r", SBOL2.reverseComplement)):
        annotation = annotate(design, part, name, [(1, 3), (11, 4)], orientation)
        design.say_iri(annotation, SBOL2.role, Iri(SO.NS + "SO:0000316"))
    lines = [line.split("\t") for line in written(design.triples, "part").splitlines() if "\t" in line]
    assert [(line[3], line[7], line[8]) for line in lines] == [
        ("1", "0", "ID=f"),
        ("11", "2", "ID=f"),
        ("1", "1", "ID=r"),
        ("11", "0", "ID=r"),
    ]


def test_what_has_no_column_is_said_in_comments() -> None:
    design = Design(BASE)
    part = add_part(design, "part", BIOPAX.DnaRegion, "acgt")
    annotation = design.child(part, "vague", SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation)
    design.child(annotation, "somewhere", SBOL2.GenericLocation, SBOL2.location)
    cut = annotate(design, part, "cut", [], None)
    at = design.child(cut, "Cut", SBOL2.Cut, SBOL2.location)
    design.say_text(at, SBOL2.at, "2")
    component = design.child(part, "loose", SBOL2.Component, SBOL2.component)
    design.say(component, SBOL2.definition, part.term)
    design.child(part, "order", SBOL2.SequenceConstraint, SBOL2.sequenceConstraint)
    text = written(design.triples, "part")
    assert text == (
        "##gff-version 3\n##sequence-region part 1 4\n"
        "part\t.\tsequence_feature\t2\t2\t.\t.\t.\tID=cut;sbol_location=Cut\n"
        "# left out of part: loose: components that no annotation places\n"
        "# left out of part: order: constraints between components\n"
        "# left out of part: part/vague/somewhere: a location without positions\n"
        "##FASTA\n>part\nacgt\n"
    )
    assert said(read_gff3(text.encode(), Options()).triples, "part/cut/Cut") == {'part/cut/Cut at "2"'}


def test_an_object_without_definitions_is_a_header_and_a_remark() -> None:
    design = Design(BASE)
    design.top_level("s", SBOL2.Sequence)
    remark = f"# left out of {BASE}s/1: it has no component, and only those have features\n"
    assert written(design.triples, "s") == HEAD + remark


def test_what_has_neither_features_nor_sequence_is_refused_with_the_reason() -> None:
    design = Design(BASE)
    drug = design.top_level("glucose", SBOL2.ComponentDefinition)
    design.say_iri(drug, SBOL2.type, Iri(BIOPAX.NS + "SmallMolecule"))
    bare = design.top_level("bare", SBOL2.ComponentDefinition)
    design.say_iri(bare, SBOL2.type, BIOPAX.DnaRegion)
    design.say_iri(bare, SBOL2.sequence, Iri(BASE + "elsewhere/1"))
    set_ = design.top_level("set", SBOL2.Collection)
    vague = "bare: it has neither a sequence nor features"
    missing = f"bare: its sequence: {BASE}elsewhere/1 is not at hand: it is not stored here, or not open to who asks"
    for roots, reason in (
        ([drug.iri], ". glucose: it is neither DNA nor RNA nor a protein."),
        ([bare.iri], f". {missing}. {vague}."),
        ([set_.iri, drug.iri, bare.iri], ". glucose: it is neither DNA nor RNA nor a protein."),
    ):
        with pytest.raises(Unwritable) as caught:
            next(write_gff3(source_of(design.triples, *roots)))
        assert caught.value.message == f"{roots[0]} has nothing that GFF3 has lines for{reason}"
    alone = [triple for triple in design.triples if triple[0] == set_.term]
    with pytest.raises(Unwritable, match=": no member of it is a component"):
        next(write_gff3(MemorySource([(set_.iri, alone)], [set_.iri], is_collection=True)))


def test_a_sequence_that_is_not_there_is_remarked() -> None:
    design = Design(BASE)
    part = design.top_level("part", SBOL2.ComponentDefinition)
    design.say_iri(part, SBOL2.type, BIOPAX.DnaRegion)
    design.say_iri(part, SBOL2.sequence, Iri(BASE + "part_seq/1"))
    annotate(design, part, "a", [(2, 1)], None)
    missing = f"{BASE}part_seq/1 is not at hand: it is not stored here, or not open to who asks"
    assert written(design.triples, "part") == (
        f"{HEAD}##sequence-region part 1 3\npart\t.\tsequence_feature\t2\t3\t.\t.\t.\tID=a\n"
        f"# left out of part: its sequence: {missing}\n"
    )


def test_no_base_of_a_feature_lies_behind_the_sequence() -> None:
    design = Design(BASE)
    part = add_part(design, "part", BIOPAX.DnaRegion, "acgt")
    annotate(design, part, "a", [(3, 6)], None)
    annotate(design, part, "b", [(8, 1)], None)
    assert written(design.triples, "part") == (
        f"{HEAD}##sequence-region part 1 4\npart\t.\tsequence_feature\t3\t4\t.\t.\t.\tID=a\n"
        "# left out of part: part/a/Range: what of it lies outside the part that it belongs to\n"
        "# left out of part: part/b/Range: what of it lies outside the part that it belongs to\n"
        "##FASTA\n>part\nacgt\n"
    )


def test_a_collection_is_its_members_with_ids_of_their_own() -> None:
    design = Design(BASE)
    collection = design.top_level("all", SBOL2.Collection)
    for name in ("one", "two"):
        part = add_part(design, name, BIOPAX.DnaRegion, "acgt" * 3)
        annotation = annotate(design, part, "a", [(1, 3)], SBOL2.inline)
        design.say_iri(annotation, SBOL2.role, SO.sequence_feature)
        design.say(collection, SBOL2.member, part.term)
    text = written(design.triples, "all", "one", "two")
    assert [line.split("\t")[-1] for line in text.splitlines() if "\t" in line] == ["ID=one.a", "ID=two.a"]
    again = read_gff3(text.encode(), Options()).triples
    assert features(again) == features(design.triples)
    assert sequences(again) == sequences(design.triples)


def test_the_reference_library_writes_the_same_features_and_sequences() -> None:
    """It writes only the first Range of an annotation, and says nothing of a sequence itself."""
    folder = CORPUS / "oracle" / "sbol2_to_gff3"
    if not folder.is_dir():
        pytest.skip(f"no corpus at {CORPUS}: set SYNHUB_CORPUS")
    oracles = sorted(folder.glob("p*.gff3"))[::4]
    assert len(oracles) == 4
    for oracle in oracles:
        triples = parse_rdf_xml((CORPUS / "SBOL2" / oracle.name.removesuffix(".gff3")).read_bytes())
        source = MemorySource(groups_of(triples).items(), [Iri("http://all.example/")], is_collection=False)
        ours = columns(b"".join(write_gff3(source)).decode())
        theirs = columns(oracle.read_text())
        assert theirs - ours == set()
        assert {line[5] for line in ours - theirs} <= {
            line[5] for line in theirs if len(line) > 2
        }  # further lines of the same IDs


def columns(text: str) -> set[tuple[str, ...]]:
    """Everything of a file: the columns that both write, of every feature, and the letters of every sequence."""
    found: set[tuple[str, ...]] = set()
    body, _, tail = text.replace("##FASTA\n", "").partition("\n>")
    for line in filter(lambda line: "\t" in line, body.split("\n")):
        parsed = parse_line(line, 1)
        if parsed.value("ID") != parsed.seqid:
            place = (parsed.seqid, str(parsed.start), str(parsed.end), parsed.strand, parsed.type)
            found.add((*place, parsed.value("ID"), parsed.value("Name")))
    for record in tail.split("\n>"):
        name, _, rows = record.partition("\n")
        found.add((name, "".join(rows.split())))
    return found


def test_features_may_be_64_levels_deep() -> None:
    chain = [LINE, *(f"{LINE.removesuffix('g')}g{n};Parent=g{n - 1 or ''}" for n in range(1, 66))]
    shuffled = [*chain[1:65:2], *chain[:65:2]]
    assert len(read_gff3((HEAD + "\n".join(shuffled)).encode(), Options()).triples) > 64
    with pytest.raises(InvalidDesign, match="line 67: features are parts of themselves, or of others more than 64"):
        read_gff3((HEAD + "\n".join(chain)).encode(), Options())


def test_a_feature_may_be_a_part_of_several() -> None:
    lines = [LINE, LINE + "1;Parent=g", LINE + "2;Parent=g,g1"]
    triples = read_gff3((HEAD + "\n".join(reversed(lines))).encode(), Options()).triples
    assert sum(p == f"<{GFF3.NS}Parent>" for _, p, _ in triples) == 3
