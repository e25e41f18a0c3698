"""Writing GenBank: records, parts flattened, what is left out, and reading back what was written."""

from pathlib import Path
from string import ascii_letters

import pytest
from formats_sources import source_of
from hypothesis import given, settings
from hypothesis import strategies as st

from synhub.errors import Unwritable
from synhub.formats.designs import Design, Made
from synhub.formats.genbank import parts as genbank_parts
from synhub.formats.genbank import read_genbank, write_genbank
from synhub.formats.genbank.feature_keys import TERMS, role_of
from synhub.formats.reading import Options
from synhub.formats.spans import Span, mapped
from synhub.rdf import Iri, Triple, text_of
from synhub.sbol.graph import parse_rdf_xml
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, GBCONV, GENBANK, SBOL2, SO

FIXTURES = Path(__file__).parents[2] / "fixtures"
PLACE = "http://upload.invalid/"
PROMOTER = Iri(SO.NS + "SO:0000167")
CDS = Iri(SO.NS + "SO:0000316")


class Lab(Design):
    """Designs in the making, with the parts that these tests need."""

    def definition(self, name: str, elements: str = "", *roles: Iri, kind: Iri = BIOPAX.DnaRegion) -> Made:
        made = self.top_level(name, SBOL2.ComponentDefinition)
        self.say_iri(made, SBOL2.type, kind)
        for role in roles:
            self.say_iri(made, SBOL2.role, role)
        if elements:
            encoding = ENCODING.AMINO_ACID if kind == BIOPAX.Protein else ENCODING.NUCLEIC_ACID
            self.say(made, SBOL2.sequence, self.sequence(f"{name}_seq", elements, encoding).term)
        return made

    def sequence(self, name: str, elements: str, encoding: Iri = ENCODING.NUCLEIC_ACID) -> Made:
        made = self.top_level(name, SBOL2.Sequence)
        self.say_text(made, SBOL2.elements, elements)
        self.say_iri(made, SBOL2.encoding, encoding)
        return made

    def annotation(self, owner: Made, name: str, *spans: Span) -> Made:
        made = self.child(owner, name, SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation)
        for span in spans:
            kind = SBOL2.Cut if span.kind == "cut" else SBOL2.Range
            place = self.child(made, "place", kind, SBOL2.location)
            for term, number in (
                ((SBOL2.at, span.start),)
                if span.kind == "cut"
                else (
                    (SBOL2.start, span.start),
                    (SBOL2.end, span.end),
                )
            ):
                self.say_text(place, term, str(number))
            flags = (GBCONV.startLessThan, span.before), (GBCONV.endGreaterThan, span.after)
            for flag, holds in (*flags, (GBCONV.singleBaseRange, span.kind == "within")):
                if holds:
                    self.say_text(place, flag, "true")
            if len(spans) > 1:
                self.say_text(place, GBCONV.position, f"position{span.index}")
            self.say_iri(place, SBOL2.orientation, SBOL2.reverseComplement if span.is_reverse else SBOL2.inline)
        return made

    def part(self, owner: Made, name: str, definition: Made, *spans: Span) -> Made:
        component = self.child(owner, name, SBOL2.Component, SBOL2.component)
        self.say(component, SBOL2.definition, definition.term)
        if spans:
            annotation = self.annotation(owner, f"{name}_place", *spans)
            self.say(annotation, SBOL2.component, component.term)
        return component

    def written(self, *roots: Made) -> str:
        return b"".join(write_genbank(source_of(self.triples, *(root.iri for root in roots)))).decode()


def features(text: str) -> list[str]:
    """Return key and location of every feature in a record."""
    return [" ".join(line.split()) for line in text.splitlines() if line[:5] == " " * 5 and line[5:6] not in (" ", "")]


def comments(text: str) -> list[str]:
    """Return the comments of a record, each as one line."""
    head = text.partition("FEATURES")[0].replace("\n            ", " ")
    return [line[12:] for line in head.splitlines() if line.startswith("COMMENT")]


# --- the lines --------------------------------------------------------------------------------------------


def test_a_small_record() -> None:
    lab = Lab()
    made = lab.definition("pX", "acgt" * 16, SO_ENGINEERED)
    lab.say_text(made, DCTERMS.description, "what it is")
    lab.say_text(made, DCTERMS.created, "2024-03-07T10:00:00Z")
    lab.say_iri(made, SBOL2.type, Iri(SO.NS + "SO:0000988"))
    place = lab.annotation(made, "annotation0", Span(2, 9, is_reverse=True))
    lab.say_iri(place, SBOL2.role, CDS)
    lab.say_text(place, Iri(GBCONV.NS + "gene"), 'a "b"')
    assert lab.written(made) == (
        "LOCUS       pX                        64 bp    DNA     circular     07-MAR-2024\n"
        "DEFINITION  what it is\n"
        "ACCESSION   pX\n"
        "VERSION     pX.1\n"
        "FEATURES             Location/Qualifiers\n"
        "     CDS             complement(2..9)\n"
        '                     /gene="a ""b"""\n'
        "ORIGIN\n"
        "        1 acgtacgtac gtacgtacgt acgtacgtac gtacgtacgt acgtacgtac gtacgtacgt\n"
        "       61 acgt\n"
        "//\n"
    )


@pytest.mark.parametrize(
    ("spans", "location"),
    [
        ([Span(15, 20), Span(1, 6)], "join(15..20,1..6)"),
        ([Span(15, 20, is_reverse=True), Span(1, 6, is_reverse=True)], "complement(join(15..20,1..6))"),
        ([Span(1, 2), Span(4, 6), Span(18, 20)], "join(18..20,1..2,4..6)"),
        ([Span(1, 2), Span(12, 14), Span(16, 20)], "join(12..14,16..20,1..2)"),
        ([Span(1, 6), Span(14, 19)], "join(1..6,14..19)"),
        ([Span(1, 6), Span(15, 20, is_reverse=True)], "join(1..6,complement(15..20))"),
        ([Span(1, 20)], "1..20"),
    ],
)
def test_a_feature_of_a_circle_runs_through_the_origin(spans: list[Span], location: str) -> None:
    lab = Lab()
    made = lab.definition("pX", "acgta" * 4)
    lab.say_iri(made, SBOL2.type, SO.circular)
    annotation = lab.annotation(made, "a")
    for span in spans:
        place = lab.child(annotation, "range", SBOL2.Range, SBOL2.location)
        lab.say_text(place, SBOL2.start, str(span.start))
        lab.say_text(place, SBOL2.end, str(span.end))
        lab.say_iri(place, SBOL2.orientation, SBOL2.reverseComplement if span.is_reverse else SBOL2.inline)
    assert features(lab.written(made)) == [f"misc_feature {location}"]


@pytest.mark.parametrize(
    "lines",
    [
        ["Saccharomyces cerevisiae", "Eukaryota; Fungi; Dikarya."],
        ["synthetic construct", "other sequences; artificial sequences."],
        ["recombinant plasmid", "."],
        ["synthetic DNA construct"],
        ["Bacteria"],
    ],
)
def test_a_lineage_has_lines_of_its_own(lines: list[str]) -> None:
    lab = Lab()
    made = lab.definition("pX", "acgt")
    lab.say_text(made, Iri(GENBANK.NS + "organism"), " ".join(lines))
    head = lab.written(made).partition("FEATURES")[0]
    assert head.partition("  ORGANISM  ")[2].splitlines() == [lines[0], *(f"            {line}" for line in lines[1:])]


SO_ENGINEERED = Iri(SO.NS + "SO:0000804")


@pytest.mark.parametrize("name", ["plasmid", "protein", "edge_locations"])
def test_records_come_back_as_the_same_triples(name: str) -> None:
    data = (FIXTURES / "genbank" / f"{name}.gb").read_bytes()
    first = read_genbank(data, Options("f.gb")).triples
    root = next(s for s, _, o in first if o == f"<{SBOL2.ComponentDefinition}>")[1:-1]
    written = b"".join(write_genbank(source_of(first, root)))
    second = read_genbank(written, Options("f.gb")).triples
    if name == "edge_locations":  # the two ways of writing a complemented join are one

        def plain(triples: list[Triple]) -> set[Triple]:
            return {t for t in triples if "/annotation17/" not in t[0]}

        assert plain(second) == plain(first)
    else:
        assert set(second) == set(first)
    assert b"".join(write_genbank(source_of(second, root))) == written


def test_the_date_is_never_that_of_today() -> None:
    lab = Lab()
    assert " 01-JAN-1980\n" in lab.written(lab.definition("pX", "acgt"))
    dated = lab.definition("pY", "acgt")
    lab.say_text(dated, GENBANK.date, "7-May-2026")
    assert "  7-MAY-2026\n" in lab.written(dated)


def test_case_of_the_sequence_is_kept() -> None:
    lab = Lab()
    assert "        1 acGT\n" in lab.written(lab.definition("pX", "acGT"))


def test_a_long_display_id_is_whole_in_accession() -> None:
    lab = Lab()
    text = lab.written(lab.definition("a_name_longer_than_fifteen", "acgt"))
    assert text.startswith("LOCUS       a_name_longer_t")
    assert "ACCESSION   a_name_longer_than_fifteen\n" in text


# --- which objects ----------------------------------------------------------------------------------------


def test_a_sequence_alone_is_a_record() -> None:
    lab = Lab()
    text = lab.written(lab.sequence("s", "acgu"))
    assert "   RNA " in text.splitlines()[0]
    assert comments(text) == ["synhub: a sequence, here without a ComponentDefinition"]


def test_a_child_brings_its_top_level() -> None:
    lab = Lab()
    made = lab.definition("pX", "acgt")
    place = lab.annotation(made, "annotation0", Span(1, 2))
    assert lab.written(place) == lab.written(made)


def test_a_collection_has_a_record_for_every_member_that_can_have_one() -> None:
    lab = Lab()
    collection = lab.top_level("c", SBOL2.Collection)
    first, bare, second = (
        lab.definition("a", "acgt"),
        lab.definition("bare"),
        lab.definition("z", "MKV", kind=BIOPAX.Protein),
    )
    text = lab.written(collection, first, bare, second)
    assert [line.split()[1] for line in text.splitlines() if line.startswith("LOCUS")] == ["a", "z"]
    assert comments(text) == [f"synhub: left out: ComponentDefinition {PLACE}bare/1 does not have an IUPAC sequence."]
    assert "  3 aa " in text


def test_a_collection_has_records_of_sequences_that_no_member_has() -> None:
    lab = Lab()
    collection, loose, owner = (
        lab.top_level("c", SBOL2.Collection),
        lab.sequence("s", "acgt"),
        lab.definition("a", "ac"),
    )
    owned = lab.sequence("b_seq", "acg")
    other = lab.definition("b")
    lab.say_iri(other, SBOL2.sequence, owned.persistent_identity)
    text = lab.written(collection, loose, owned, owner, other)
    assert [line.split()[1] for line in text.splitlines() if line.startswith("LOCUS")] == ["a", "b", "s"]


def test_a_member_of_another_class_is_named_in_a_comment() -> None:
    lab = Lab()
    collection, module = lab.top_level("c", SBOL2.Collection), lab.top_level("m", Iri(SBOL2.NS + "ModuleDefinition"))
    assert comments(lab.written(collection, lab.definition("a", "acgt"), module)) == [
        f"synhub: left out: {PLACE}m/1 is of class ModuleDefinition, for which GenBank has no record."
    ]


def test_a_collection_without_records_is_refused_with_the_first_reason() -> None:
    lab = Lab()
    collection, module = lab.top_level("c", SBOL2.Collection), lab.top_level("m", Iri(SBOL2.NS + "ModuleDefinition"))
    reason = f"{PLACE}m/1 is of class ModuleDefinition, for which GenBank has no record."
    with pytest.raises(Unwritable) as caught:
        lab.written(collection, module, lab.definition("bare"))
    words = f"{PLACE}c/1 has no member that GenBank has a record for."
    assert caught.value.message == f"{words} The first of 2: {reason}"


def test_a_member_without_record_is_named_and_not_a_child_that_refers_to_it() -> None:
    lab = Lab()
    collection, module = lab.top_level("c", SBOL2.Collection), lab.top_level("m", Iri(SBOL2.NS + "ModuleDefinition"))
    child = lab.child(module, "f", Iri(SBOL2.NS + "FunctionalComponent"), Iri(SBOL2.NS + "functionalComponent"))
    lab.say(child, Iri("http://example.org/within"), module.term)
    with pytest.raises(Unwritable, match=r"/m/1 is of class ModuleDefinition"):
        lab.written(collection, module)


def test_a_sequence_that_is_not_there_is_named() -> None:
    lab = Lab()
    bare, made = lab.definition("bare"), lab.definition("a", "acgt")
    for definition in (bare, made):
        lab.say_iri(definition, SBOL2.sequence, Iri(f"{PLACE}b/1"))
    missing = f"{PLACE}b/1 is not at hand: it is not stored here, or not open to who asks"
    with pytest.raises(Unwritable) as caught:
        lab.written(bare)
    assert caught.value.message == f"ComponentDefinition {bare.iri} does not have an IUPAC sequence. {missing}."
    assert f"synhub: {missing}" in " ".join(lab.written(made).split())


def test_another_object_has_the_records_of_what_travels_along() -> None:
    lab = Lab()
    module = lab.top_level("m", Iri(SBOL2.NS + "ModuleDefinition"))
    inner, outer = lab.definition("inner", "ac"), lab.definition("outer", "acgt")
    lab.part(outer, "c", inner, Span(1, 2))
    text = lab.written(module)
    assert [line.split()[1] for line in text.splitlines() if line.startswith("LOCUS")] == ["outer"]


def test_what_has_no_record_is_refused_in_the_classic_words() -> None:
    lab = Lab()
    bare = lab.definition("bare")
    drug = lab.definition("drug", "acgt", kind=Iri(BIOPAX.NS + "SmallMolecule"))
    smiles = lab.sequence("smiles", "CCO", ENCODING.SMILES)
    for root, message in (
        (bare, f"ComponentDefinition {PLACE}bare/1 does not have an IUPAC sequence."),
        (drug, f"ComponentDefinition {PLACE}drug/1 is not DNA or RNA type."),
        (smiles, f"Sequence {PLACE}smiles/1 is not an IUPAC sequence."),
    ):
        with pytest.raises(Unwritable) as caught:
            lab.written(root)
        assert caught.value.message == message


# --- parts ------------------------------------------------------------------------------------------------


def test_parts_of_parts_are_flattened_and_turned_over() -> None:
    lab = Lab()
    site = lab.definition("site", "acgt")
    inner = lab.definition("inner", "acgtacgtac", CDS)
    lab.part(inner, "s", site, Span(2, 5))
    lab.annotation(inner, "begin", Span(1, 3, before=True))
    outer = lab.definition("outer", "acgtacgtac" * 4)
    lab.part(outer, "forward", inner, Span(11, 20))
    lab.part(outer, "reverse", inner, Span(31, 40, is_reverse=True))
    text = lab.written(outer)
    assert features(text) == [
        "CDS 11..20",
        "misc_feature <11..13",
        "misc_feature 12..15",
        "CDS complement(31..40)",
        "misc_feature complement(38..>40)",
        "misc_feature complement(36..39)",
    ]
    assert text.count('/label="inner"') == 2
    assert text.count('/label="site"') == 2


@pytest.mark.parametrize(
    ("span", "pieces", "expected"),
    [
        (Span(2, 4), [Span(11, 20)], [Span(12, 14)]),
        (Span(2, 4), [Span(11, 20, is_reverse=True)], [Span(17, 19, is_reverse=True)]),
        (Span(4, 7), [Span(11, 15), Span(31, 35)], [Span(14, 15), Span(31, 32)]),
        (
            Span(4, 7, is_reverse=True),
            [Span(11, 15), Span(31, 35)],
            [Span(31, 32, is_reverse=True), Span(14, 15, is_reverse=True)],
        ),
        (
            Span(4, 7),
            [Span(31, 35, is_reverse=True), Span(11, 15, is_reverse=True)],
            [Span(31, 32, is_reverse=True), Span(14, 15, is_reverse=True)],
        ),
        (Span(3, 4, "cut"), [Span(11, 20)], [Span(13, 14, "cut")]),
        (Span(3, 4, "cut"), [Span(11, 20, is_reverse=True)], [Span(17, 18, "cut", is_reverse=True)]),
        (Span(8, 15), [Span(11, 20)], [Span(18, 20)]),
        (Span(18, 25), [Span(11, 20)], []),
    ],
)
def test_spans_of_a_part_move_to_the_whole(span: Span, pieces: list[Span], expected: list[Span]) -> None:
    assert list(mapped(span, pieces)) == expected


def test_a_part_of_itself_is_cut_with_a_comment() -> None:
    lab = Lab()
    made = lab.definition("pX", "acgtacgt")
    lab.part(made, "self", made, Span(1, 8))
    text = lab.written(made)
    assert features(text) == ["misc_feature 1..8"]
    assert comments(text) == ["synhub: pX is a part of itself: the inner one is not listed"]


def test_parts_that_double_at_every_level_end_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genbank_parts, "MAX_FLATTENED", 50)
    lab = Lab()
    below = lab.definition("p0", "acgt")
    for level in range(1, 30):
        above = lab.definition(f"p{level}", "acgt")
        lab.part(above, "one", below, Span(1, 4))
        lab.part(above, "two", below, Span(1, 4))
        below = above
    text = lab.written(below)
    assert len(features(text)) == 52
    assert comments(text) == ["synhub: only the first 50 features of parts are listed, which is the limit"]


def test_what_a_record_cannot_carry_is_said() -> None:
    lab = Lab()
    made = lab.definition("pX", "acgtacgt", PROMOTER)
    lab.say_text(made, DCTERMS.title, "the name")
    lab.say_text(made, DCTERMS.description, "the text")
    lab.say(made, SBOL2.sequence, lab.sequence("other", "acgt").term)
    lab.part(made, "loose", lab.definition("far"))
    vague = lab.annotation(made, "vague")
    lab.child(vague, "somewhere", SBOL2.GenericLocation, SBOL2.location)
    lab.annotation(made, "beyond", Span(7, 12))
    lab.child(made, "rule", SBOL2.SequenceConstraint, SBOL2.sequenceConstraint)
    lab.say_iri(made, Iri("http://www.w3.org/ns/prov#wasDerivedFrom"), Iri("http://example.org/x"))
    lab.say_text(made, Iri("http://wiki.synbiohub.org/wiki/Terms/synbiohub#ownedBy"), "me")
    gone = lab.child(made, "gone", SBOL2.Component, SBOL2.component)
    lab.say_iri(gone, SBOL2.definition, Iri("http://example.org/gone"))
    lab.say(lab.annotation(made, "gone_place", Span(1, 2)), SBOL2.component, gone.term)
    assert comments(lab.written(made)) == [
        "synhub: name: the name",
        "synhub: role: SO:0000167 (promoter)",
        f"synhub: component loose ({PLACE}far/1) has no place on the sequence",
        "synhub: 1 sequence constraints are left out",
        "synhub: statements of http://www.w3.org/ns/prov# are left out",
        "synhub: pX/vague has a location without positions, which is left out",
        "synhub: http://example.org/gone, the definition of gone, is not at hand",
        "synhub: pX/beyond reaches outside the sequence: what is outside is left out",
        "synhub: of 2 sequences only other is here",
    ]


def test_remarks_are_not_made_twice() -> None:
    lab = Lab()
    made = lab.definition("pX", "acgt", PROMOTER)
    lab.say_text(made, GENBANK.comment, "mine\n synhub: role: SO:0000167 (promoter)")
    assert comments(lab.written(made)) == ["mine", "synhub: role: SO:0000167 (promoter)"]


def test_a_composite_design_has_its_parts_as_features() -> None:
    triples = parse_rdf_xml((FIXTURES / "sbol2" / "device.xml").read_bytes())
    text = b"".join(write_genbank(source_of(triples, "http://lab.example/parts/gfp_device/1"))).decode()
    assert features(text) == ["promoter 1..35", "RBS 44..55", "CDS 62..781", "terminator 790..918"]
    assert comments(text) == ["synhub: name: GFP device", "synhub: 3 sequence constraints are left out"]


# --- what is written reads back ---------------------------------------------------------------------------

LENGTH = 300
OWN = {"featureType", "multiRangeType", "stradlesOrigin", "location"}
tags = st.text(ascii_letters + "_", min_size=1, max_size=8).filter(lambda tag: tag not in OWN)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=150)
tricky = st.sampled_from(
    ['""', ' "', "=", "a=b", "/", "//", "x " * 60, " x ", '"' * 5, "word" * 40 + " y", "\u2028", "12"]
)


@st.composite
def places(draw: st.DrawFn) -> list[Span]:
    found = []
    for index in range(draw(st.integers(1, 4))):
        start = draw(st.integers(1, LENGTH - 1))
        kind = draw(st.sampled_from(["range", "cut", "within"]))
        end = start + 1 if kind == "cut" else draw(st.integers(start + (kind == "within"), LENGTH))
        flags = (draw(st.booleans()), draw(st.booleans())) if kind == "range" else (False, False)
        found.append(Span(start, end, kind, *flags, draw(st.booleans()), index))  # type: ignore[arg-type]
    return found


@st.composite
def designs(draw: st.DrawFn) -> tuple[Lab, Made]:
    lab = Lab()
    made = lab.definition("pX", draw(st.text("acgtnACGTRY", min_size=LENGTH, max_size=LENGTH)), SO_ENGINEERED)
    shape = draw(st.sampled_from(["SO:0000987", "SO:0000988"]))
    lab.say_iri(made, SBOL2.type, Iri(SO.NS + shape))
    for number in range(draw(st.integers(2, 4))):
        spans = draw(places())
        feature = lab.annotation(made, f"annotation{number}", *spans)
        key = draw(st.sampled_from(["CDS", "promoter", "gap", "-10_signal", "5'_UTR", "Misc._Feature"]))
        lab.say_iri(feature, SBOL2.role, role_of(key) or Iri(SO.NS + "SO:0000110"))
        if key not in TERMS or key == "gap":
            lab.say_text(feature, GBCONV.featureType, key)
        if len(spans) > 1:
            lab.say_text(feature, GBCONV.multiRangeType, draw(st.sampled_from(["join", "order", "bond"])))
        for tag in draw(st.lists(tags, max_size=4)):
            lab.say_text(feature, Iri(GBCONV.NS + tag), draw(st.one_of(texts, tricky)))
    return lab, made


def shown(triples: list[Triple]) -> tuple[set[str], dict[str, object]]:
    """Return sequence and shape, and for every annotation what it says and its locations, names of these left aside."""
    said: dict[str, set[tuple[str, str]]] = {}
    for s, p, o in triples:
        said.setdefault(s[1:-1], set()).add((p[1:-1], text_of(o)))
    aside = {SBOL2.displayId, SBOL2.persistentIdentity, DCTERMS.title, SBOL2.location}
    found: dict[str, object] = {}
    for subject, facts in said.items():
        if "/annotation" in subject and subject.count("/") == 5:
            owned = [frozenset(f for f in said[o] if f[0] not in aside) for p, o in facts if p == SBOL2.location]
            found[subject] = {f for f in facts if f[0] not in aside}, sorted(map(sorted, owned))
    whole = {o for facts in said.values() for p, o in facts if p in (SBOL2.elements, SBOL2.type)}
    return whole, found


@settings(max_examples=25)
@given(designs())
def test_what_is_written_reads_back_to_the_same_features_and_sequence(made: tuple[Lab, Made]) -> None:
    check_round_trip(*made)


def check_round_trip(lab: Lab, root: Made) -> None:
    reading = read_genbank(lab.written(root).encode(), Options("f.gb"))
    assert shown(reading.triples) == shown(lab.triples)
    assert reading.findings == []
