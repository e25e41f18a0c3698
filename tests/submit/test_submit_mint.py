"""Minting: what an uploaded object is called in its new place, and what follows it."""

import os
import time
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import InvalidDesign
from synhub.identity import display_id_from
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.sbol.graph import Document, parse_rdf_xml
from synhub.submit.mint import Target, mint
from synhub.submit.naming import common_namespace
from synhub.submit.prepared import Prepared, PreparedObject
from synhub.vocab import DCTERMS, OBO, PROV, RDF, SBH, SBOL2

REPLAYED = "http://localhost:7777/"
SBOL = SBOL2.NS
TARGET = Target("http://reg.example/", "bob", "lab", Iri("http://reg.example/user/bob/lab/lab_collection/5"))
HOME = "http://reg.example/user/bob/lab/"
CORPUS = Path(os.environ.get("SYNHUB_CORPUS") or Path(__file__).parents[2].parent / "shared" / "corpus")
TAG = Term("<http://tag.example/number>")
NOTE = "http://lab.example/terms#note"
SKOLEM = "/.bnode/0123456789abcdef0123456789abcdef"


def node(text: str) -> Term:
    return iri_term(Iri(text))


def thing(iri: str, *, kind: str = "ComponentDefinition", **values: str) -> list[Triple]:
    """An object with its naming properties (`pid`, `display_id`, `version`), as far as given."""
    subject = node(iri)
    triples = [(subject, node(RDF.type), node(kind if ":" in kind else SBOL + kind))]
    if "pid" in values:
        triples.append((subject, node(SBOL2.persistentIdentity), node(values["pid"])))
    if "display_id" in values:
        triples.append((subject, node(SBOL2.displayId), literal_term(values["display_id"])))
    if "version" in values:
        triples.append((subject, node(SBOL2.version), literal_term(values["version"])))
    return triples


def compliant(pid: str, version: str | None = "1", kind: str = "ComponentDefinition") -> list[Triple]:
    display_id = pid.replace("#", "/").rsplit("/", 1)[1]
    if version is None:
        return thing(pid, pid=pid, display_id=display_id, kind=kind)
    return thing(f"{pid}/{version}", pid=pid, display_id=display_id, version=version, kind=kind)


def link(subject: str, predicate: str, value: str) -> Triple:
    return (node(subject), node(predicate), node(value))


def minted(*triples: Triple | list[Triple], target: Target = TARGET) -> Prepared:
    flat: list[Triple] = []
    for item in triples:
        flat += item if isinstance(item, list) else [item]
    return mint(Document.of(flat), target)


def places(prepared: Prepared) -> dict[str, str]:
    """Original -> minted, both without what all share."""
    return {o.original: o.minted.removeprefix(HOME) for o in prepared.objects}


def values(prepared: Prepared, subject: str, predicate: str) -> list[str]:
    key = (node(HOME + subject), node(predicate))
    return sorted(t[2] for o in prepared.objects for t in o.triples if t[:2] == key)


# --- top levels ---


def test_compliant_object_keeps_display_id_and_version() -> None:
    prepared = minted(compliant("http://lab.example/designs/pTet", "1.2"))
    (item,) = prepared.objects
    assert item == PreparedObject(
        original=Iri("http://lab.example/designs/pTet/1.2"),
        minted=Iri(HOME + "pTet/1.2"),
        persistent_identity=Iri(HOME + "pTet"),
        type=SBOL2.ComponentDefinition,
        origin="foreign",
        triples=[
            (node(HOME + "pTet/1.2"), node(SBOL2.persistentIdentity), node(HOME + "pTet")),
            (node(HOME + "pTet/1.2"), node(SBOL2.displayId), Term('"pTet"')),
            (node(HOME + "pTet/1.2"), node(SBOL2.version), Term('"1.2"')),
            (node(HOME + "pTet/1.2"), node(RDF.type), node(SBOL2.ComponentDefinition)),
        ],
        identified=[Iri(HOME + "pTet/1.2")],
        nested=[],
    )
    assert prepared.findings == []


def test_unversioned_object_gets_the_default_version_and_a_note() -> None:
    prepared = minted(compliant("http://lab.example/designs/noVer", None))
    assert places(prepared) == {"http://lab.example/designs/noVer": "noVer/5"}
    (finding,) = prepared.findings
    assert finding.rule == "synhub-renamed"
    assert finding.severity == "note"
    assert finding.subject == "http://lab.example/designs/noVer"
    assert finding.message == f"stored as {HOME}noVer/5: it has no version"


def test_ill_formed_version_becomes_the_default() -> None:
    prepared = minted(thing("http://x.org/a/P/v1", pid="http://x.org/a/P", display_id="P", version="v1"))
    assert places(prepared) == {"http://x.org/a/P/v1": "P/5"}
    assert "'v1'" in prepared.findings[0].message


def test_other_objects_take_the_display_id_from_what_follows_the_common_namespace() -> None:
    prepared = minted(
        thing("http://parts.example/Part:BBa_1#feature7", display_id="not the IRI"),
        thing("http://parts.example/Part:BBa_2"),
        thing("http://parts.example/Part:2nd/1", version="1"),
    )
    assert places(prepared) == {
        "http://parts.example/Part:2nd/1": "_2nd/1",
        "http://parts.example/Part:BBa_1#feature7": "BBa_1_feature7/5",
        "http://parts.example/Part:BBa_2": "BBa_2/5",
    }
    assert len(prepared.findings) == 3


def test_objects_without_a_common_namespace_take_the_last_segment() -> None:
    prepared = minted(thing("http://a.org/x/P"), thing("urn:example:Q"), thing("http://b.org/R/"))
    assert sorted(places(prepared).values()) == ["P/5", "Q/5", "R/5"]


def test_compliant_objects_of_two_namespaces_keep_their_display_ids() -> None:
    prepared = minted(compliant("http://lab.example/one/a/P1"), compliant("http://lab.example/one/b/P2"))
    assert sorted(places(prepared).values()) == ["P1/1", "P2/1"]
    assert prepared.findings == []


@pytest.mark.parametrize("iri", ["http://x.org/", "http://x.org/a#", "http://x.org//:", "urn:x:é"])
def test_every_iri_gives_a_display_id(iri: str) -> None:
    (item,) = minted(thing(iri)).objects
    assert item.minted.startswith(HOME)
    assert item.minted.removeprefix(HOME).split("/")[0].isidentifier()


def test_type_is_the_sbol_class_among_several() -> None:
    triples = [*compliant("http://x.org/P"), link("http://x.org/P/1", RDF.type, "http://igem.example/Coding")]
    assert minted(triples).objects[0].type == SBOL2.ComponentDefinition


def test_generic_top_level_is_minted_like_any_other() -> None:
    (item,) = minted(compliant("http://x.org/strain", kind="http://lab.example/terms#Strain")).objects
    assert (item.minted, item.type) == (HOME + "strain/1", "http://lab.example/terms#Strain")


# --- clashes ---


def test_clashes_are_numbered_in_the_order_of_the_original_iris() -> None:
    prepared = minted(
        compliant("http://c.org/P"),
        compliant("http://a.org/P"),
        compliant("http://b.org/P"),
        compliant("http://d.org/P_2"),
    )
    assert places(prepared) == {
        "http://a.org/P/1": "P/1",
        "http://b.org/P/1": "P_3/1",
        "http://c.org/P/1": "P_4/1",
        "http://d.org/P_2/1": "P_2/1",
    }
    assert [f.subject for f in prepared.findings] == ["http://b.org/P/1", "http://c.org/P/1"]


def test_versions_of_one_object_stay_together_when_numbered() -> None:
    prepared = minted(
        compliant("http://a.org/P", "1"), compliant("http://b.org/P", "1"), compliant("http://b.org/P", "2")
    )
    assert list(places(prepared).values()) == ["P/1", "P_2/1", "P_2/2"]


def test_object_does_not_become_a_version_of_a_different_object() -> None:
    prepared = minted(compliant("http://a.org/P", "1"), compliant("http://b.org/P", "2"))
    assert list(places(prepared).values()) == ["P/1", "P_2/2"]


def test_unversioned_object_beside_the_default_version_of_itself_is_numbered() -> None:
    prepared = minted(compliant("http://a.org/P", None), compliant("http://a.org/P", "5"))
    assert list(places(prepared).values()) == ["P/5", "P_2/5"]


SUB = Target("http://reg.example/", "bob", "lab", Iri(HOME + "sub/5"))


def test_the_iri_of_any_target_collection_is_taken_for_all_but_itself() -> None:
    prepared = minted(
        compliant("http://a.org/sub", "5"),
        compliant("http://a.org/lab_collection", "5", "Collection"),
        thing(HOME + "sub", kind="Collection"),
        compliant("http://reg.example/public/lab/sub", "5", "Collection"),
        target=SUB,
    )
    assert {o.original: o.minted.removeprefix(HOME) for o in prepared.objects} == {
        "http://a.org/sub/5": "sub_2/5",
        "http://a.org/lab_collection/5": "lab_collection_2/5",
        HOME + "sub": "sub_4/5",
        "http://reg.example/public/lab/sub/5": "sub_3/5",
    }
    itself = minted(compliant(HOME + "sub", "5", "Collection"), compliant(HOME + "sub", "6"), target=SUB)
    assert [(o.original, o.minted) for o in itself.objects] == [
        (HOME + "sub/5", HOME + "sub/5"),
        (HOME + "sub/6", HOME + "sub/6"),
    ]


def test_the_target_collection_is_never_something_else() -> None:
    for target, iri in ((TARGET, HOME + "lab_collection"), (SUB, HOME + "sub")):
        with pytest.raises(InvalidDesign, match="give that object another IRI"):
            minted(compliant(iri, "5"), target=target)


def test_root_collection_is_taken_for_all_but_itself() -> None:
    prepared = minted(
        compliant("http://a.org/lab_collection", "5", "Collection"),
        compliant("http://reg.example/public/lab/lab_collection", "5", "Collection"),
    )
    assert list(places(prepared).values()) == ["lab_collection_2/5", "lab_collection_3/5"]
    inside = minted(compliant(HOME + "lab_collection", "5", "Collection"))
    assert list(places(inside).values()) == ["lab_collection/5"]
    assert inside.findings == []


def test_compliant_version_names_the_others_of_its_identity() -> None:
    prepared = minted(compliant("http://a.org/d/x/P", "2"), thing("http://a.org/d/x/P"), compliant("http://a.org/d/Q"))
    assert sorted(places(prepared).values()) == ["P/2", "P/5", "Q/1"]


@pytest.mark.slow
def test_many_clashes_take_linear_time() -> None:
    triples = [triple for number in range(10_000) for triple in compliant(f"http://{number}.org/P")]
    started = time.perf_counter()
    prepared = minted(triples)
    assert time.perf_counter() - started < 5  # 0.5 s; 20 s when every number is looked for from the start
    assert len({o.minted for o in prepared.objects}) == 10_000


# --- objects of this registry ---


def test_object_inside_the_target_namespace_keeps_its_iri() -> None:
    prepared = minted(thing(HOME + "pTet/7", pid="http://elsewhere.org/x", display_id="other", version="3"))
    (item,) = prepared.objects
    assert (item.origin, item.original, item.minted) == ("inside", HOME + "pTet/7", HOME + "pTet/7")
    assert values(prepared, "pTet/7", SBOL2.displayId) == ['"pTet"']
    assert values(prepared, "pTet/7", SBOL2.version) == ['"7"']
    assert values(prepared, "pTet/7", SBOL2.persistentIdentity) == [f"<{HOME}pTet>"]


@pytest.mark.parametrize(
    ("iri", "origin"),
    [
        ("http://reg.example/public/lab/pTet/1", "elsewhere"),
        ("http://reg.example/user/eve/lab/pTet/1", "elsewhere"),
        ("http://reg.example/user/bob/lab2/pTet/1", "elsewhere"),
        ("http://reg.example/about/pTet/1", "foreign"),
        ("http://reg.example.evil/user/bob/lab/pTet/1", "foreign"),
        ("https://reg.example/user/bob/lab/pTet/1", "foreign"),
    ],
)
def test_origin(iri: str, origin: str) -> None:
    (item,) = minted(compliant(iri.removesuffix("/1"))).objects
    assert (item.origin, item.minted) == (origin, HOME + "pTet/1")


def test_object_from_elsewhere_carries_its_original_and_the_way_back() -> None:
    top = "http://reg.example/public/lib/unit"
    prepared = minted(
        compliant(top),
        compliant(top + "/c1", kind="Component"),
        link(top + "/1", SBOL + "component", top + "/c1/1"),
        link(top + "/1", SBH.topLevel, top + "/1"),
        link(top + "/1", NOTE, "http://lab.example/designs/pTet"),
        compliant("http://lab.example/designs/pTet"),
    )
    item = next(o for o in prepared.objects if o.origin == "elsewhere")
    assert item.renames == {
        HOME + "unit/1": top + "/1",
        HOME + "unit": top,
        HOME + "unit/c1/1": top + "/c1/1",
        HOME + "unit/c1": top + "/c1",
    }
    expected = [*compliant(top), *compliant(top + "/c1", kind="Component")]
    expected.append(link(top + "/1", SBOL + "component", top + "/c1/1"))
    expected.append(link(top + "/1", NOTE, "http://lab.example/designs/pTet"))
    assert set(item.original_triples) == set(expected)
    assert all(o.original_triples == [] and o.renames == {} for o in prepared.objects if o is not item)


# --- children and nested annotations ---


def test_child_lies_below_its_owner_in_the_owners_version() -> None:
    top = "http://lab.example/d/unit"
    prepared = minted(
        compliant(top, "3"),
        thing("http://strange.org/annotation", kind="SequenceAnnotation", display_id="a1", version="1"),
        link(top + "/3", SBOL + "sequenceAnnotation", "http://strange.org/annotation"),
        thing(top + "/a1/range", kind="Range"),
        link("http://strange.org/annotation", SBOL + "location", top + "/a1/range"),
    )
    (item,) = prepared.objects
    assert item.identified == [HOME + "unit/3", HOME + "unit/a1/3", HOME + "unit/a1/range/3"]
    assert values(prepared, "unit/a1/range/3", SBOL2.persistentIdentity) == [f"<{HOME}unit/a1/range>"]
    assert values(prepared, "unit/a1/range/3", SBOL2.displayId) == ['"range"']
    assert values(prepared, "unit/a1/range/3", SBOL2.version) == ['"3"']
    assert values(prepared, "unit/a1/3", SBOL + "location") == [f"<{HOME}unit/a1/range/3>"]


def test_children_without_usable_display_ids_are_named_by_iri_then_by_class() -> None:
    top = "http://lab.example/d/unit"
    kids = {
        top + "/same/1": "x",
        "http://o.org/same": "x",
        "http://o.org/2b": "not one",
        f"{top}{SKOLEM}": None,
    }
    triples = compliant(top)
    for iri, display_id in kids.items():
        named = {} if display_id is None else {"display_id": display_id}
        triples += [*thing(iri, kind="Component", **named), link(top + "/1", SBOL + "component", iri)]
    (item,) = minted(triples).objects
    assert sorted(i.removeprefix(HOME + "unit/") for i in item.identified) == [
        "1",
        "Component/1",
        "_2b/1",
        "same/1",
        "same_2/1",
    ]


def test_nested_annotation_lies_below_its_owner_and_gets_no_names() -> None:
    top = "http://lab.example/d/plasmid"
    nested = "http://lab.example/d/plasmid/reference0"
    prepared = minted(
        compliant(top),
        link(top + "/1", NOTE, nested),
        thing(nested, kind="http://lab.example/terms#Reference"),
        link(nested, NOTE, top + "/1"),
    )
    (item,) = prepared.objects
    assert (item.identified, item.nested) == ([HOME + "plasmid/1"], [HOME + "plasmid/reference0/1"])
    assert set(item.triples[4:]) == {
        link(HOME + "plasmid/1", NOTE, HOME + "plasmid/reference0/1"),
        link(HOME + "plasmid/reference0/1", RDF.type, "http://lab.example/terms#Reference"),
        link(HOME + "plasmid/reference0/1", NOTE, HOME + "plasmid/1"),
    } | {(node(HOME + "plasmid/1"), node(RDF.type), node(SBOL2.ComponentDefinition))} - set(item.triples[:4])


def test_former_blank_nodes_move_with_their_owner() -> None:
    top = "http://lab.example/d/P"
    prepared = minted(
        compliant(top),
        link(top + "/1", NOTE, f"{top}/1{SKOLEM}"),
        link(f"{top}/1{SKOLEM}", NOTE, f"{top}/1{SKOLEM}{SKOLEM}"),
        (node(f"{top}/1{SKOLEM}{SKOLEM}"), node(NOTE), Term('"deep"')),
    )
    assert prepared.objects[0].nested == [f"{HOME}P/1{SKOLEM}", f"{HOME}P/1{SKOLEM}{SKOLEM}"]


def test_former_blank_nodes_with_equal_hashes_written_by_hand_do_not_merge() -> None:
    top = "http://lab.example/d/P"
    blanks = [f"http://one.org{SKOLEM}", f"http://two.org{SKOLEM}"]
    notes = [(node(blank), node(NOTE), literal_term(blank)) for blank in blanks]
    prepared = minted(compliant(top), *(link(top + "/1", NOTE, blank) for blank in blanks), notes)
    assert prepared.objects[0].nested == [f"{HOME}P/1{SKOLEM}", f"{HOME}P/1{SKOLEM}-2"]


# --- what follows ---


def test_references_follow_with_and_without_version() -> None:
    prepared = minted(
        compliant("http://x.org/d/P"),
        compliant("http://x.org/d/Q"),
        compliant("http://x.org/d/U", None),
        link("http://x.org/d/P/1", SBOL + "sequence", "http://x.org/d/Q/1"),
        link("http://x.org/d/P/1", SBOL + "sequence", "http://x.org/d/Q"),
        link("http://x.org/d/P/1", SBOL + "sequence", "http://x.org/d/Q/2"),
        link("http://x.org/d/P/1", SBOL + "sequence", "http://x.org/d/U"),
        link("http://x.org/d/P/1", NOTE, "http://x.org/d/Q"),
    )
    assert values(prepared, "P/1", SBOL + "sequence") == sorted(
        [f"<{HOME}Q/1>", f"<{HOME}Q>", "<http://x.org/d/Q/2>", f"<{HOME}U/5>"]
    )
    assert values(prepared, "P/1", NOTE) == [f"<{HOME}Q>"]


def test_persistent_identity_that_several_objects_claim_leads_to_the_latest_version() -> None:
    shared = "http://x.org/d/shared"
    prepared = minted(
        thing("http://x.org/d/old", pid=shared, version="1.9"),
        thing("http://x.org/d/new", pid=shared, version="1.10"),
        thing("http://x.org/d/other", pid=shared, version="1.2"),
        compliant("http://x.org/d/P"),
        link("http://x.org/d/P/1", NOTE, shared),
    )
    assert values(prepared, "P/1", NOTE) == [f"<{HOME}new>"]


def test_was_derived_from_follows_between_top_levels_of_a_moved_document_only() -> None:
    elsewhere = "http://reg.example/public/lib/old"
    derived = PROV.wasDerivedFrom
    prepared = minted(
        compliant("http://x.org/P"),
        compliant("http://x.org/Q"),
        compliant(elsewhere),
        compliant("http://x.org/P/c", kind="Component"),
        link("http://x.org/P/1", SBOL + "component", "http://x.org/P/c/1"),
        link("http://x.org/P/1", derived, "http://x.org/Q/1"),
        link("http://x.org/P/1", derived, elsewhere + "/1"),
        link("http://x.org/P/1", derived, "http://gone.org/R"),
        link("http://x.org/P/c/1", derived, "http://x.org/Q/1"),
    )
    assert values(prepared, "P/1", derived) == sorted([f"<{HOME}Q/1>", f"<{elsewhere}/1>", "<http://gone.org/R>"])
    assert values(prepared, "P/c/1", derived) == ["<http://x.org/Q/1>"]


def test_attachment_of_this_registry_takes_its_download_address_along() -> None:
    ours, foreign = "http://reg.example/public/lib/att", "http://other.org/public/lib/att9"
    prepared = minted(
        compliant(ours, kind="Attachment"),
        compliant(foreign, kind="Attachment"),
        link(ours + "/1", SBOL2.source, ours + "/1/download"),
        link(foreign + "/1", SBOL2.source, foreign + "/1/download"),
        (node(ours + "/1"), node(SBOL2.hash), Term('"abc"')),
    )
    assert values(prepared, "att/1", SBOL2.source) == [f"<{HOME}att/1/download>"]
    assert values(prepared, "att9/1", SBOL2.source) == [f"<{foreign}/1/download>"]
    assert values(prepared, "att/1", SBOL2.hash) == ['"abc"']


def test_stamps_of_the_upload_are_dropped_and_classes_never_rewritten() -> None:
    prepared = minted(
        compliant("http://x.org/P"),
        link("http://x.org/P/1", SBH.ownedBy, "http://reg.example/user/eve"),
        link("http://x.org/P/1", SBH.topLevel, "http://x.org/P/1"),
        (node("http://x.org/P/1"), node(DCTERMS.title), Term('"Grün"')),
        thing(SBOL2.ComponentDefinition, display_id="trap"),
    )
    item = next(o for o in prepared.objects if o.original == "http://x.org/P/1")
    assert {p for _, p, _ in item.triples} == {
        node(p) for p in (RDF.type, SBOL2.persistentIdentity, SBOL2.displayId, SBOL2.version, DCTERMS.title)
    }
    assert values(prepared, "P/1", RDF.type) == [f"<{SBOL2.ComponentDefinition}>"]
    assert values(prepared, "P/1", DCTERMS.title) == ['"Grün"']


def test_subject_that_belongs_to_nothing_is_refused_not_lost() -> None:
    with pytest.raises(InvalidDesign, match=r"http://x\.org/orphan") as caught:
        minted(thing("http://x.org/orphan", kind="Range"))
    assert caught.value.findings[0]["rule"] == "sbol-10202"


def test_squashing_and_namespaces() -> None:
    assert display_id_from("2/pTet-Ω") == "_2_pTet__"
    assert common_namespace(["http://x.org/a/P1", "http://x.org/ab/P2"]) == "http://x.org/"
    assert common_namespace(["http://x.org/a", "http://x.org/a/b"]) == "http://x.org/"
    assert common_namespace(["http://x.org/a", "http://y.org/a"]) == ""
    assert common_namespace(["urn:a", "urn:b"]) == ""
    assert common_namespace([]) == ""


# --- properties of any document ---

HOSTS = ("http://a.org/", "http://a.org/d/", "http://b.org/x#", "http://reg.example/public/lib/", HOME)
NAMES = ("P", "Q", "P_2", "lab_collection")
VERSIONS = ("1", "2.0", "5", None)


@st.composite
def documents(draw: st.DrawFn) -> list[Triple]:
    """Top levels of several hosts, compliant or not, with children, annotations, blanks, references."""
    triples: dict[Triple, None] = {}
    subjects: list[str] = []
    identities: list[str] = []
    keys = draw(
        st.sets(st.tuples(st.sampled_from(HOSTS), st.sampled_from(NAMES), st.sampled_from(VERSIONS)), max_size=6)
    )
    keys.discard((HOME, "lab_collection", "5"))  # the target itself: only a collection may have its IRI
    for host, name, version in sorted(keys, key=str):
        pid = host + name
        top = pid if version is None else f"{pid}/{version}"
        triples |= dict.fromkeys(compliant_or_not(draw, host, name, version))
        subjects.append(top)
        identities.append(pid)
        for number in range(draw(st.integers(0, 3))):
            child = draw(
                st.sampled_from([f"{pid}/c{number}", f"http://k.org/{name}{number}", f"{top}{SKOLEM}{number}"])
            )
            child = child if child not in subjects else f"{top}/other{number}"
            named = draw(
                st.sampled_from([{}, {"display_id": "c"}, {"display_id": f"c{number}"}, {"display_id": "4 x"}])
            )
            triples |= dict.fromkeys(thing(child, kind="Component", **named))
            triples[link(top, SBOL + "component", child)] = None
            subjects.append(child)
        if draw(st.booleans()):
            nested = draw(st.sampled_from([f"{pid}/c1/note", f"http://n.org/{len(subjects)}/c1", f"{top}{SKOLEM}"]))
            if nested not in subjects:
                triples |= dict.fromkeys([link(top, NOTE, nested), link(nested, NOTE + "2", top)])
                subjects.append(nested)
    predicates = st.sampled_from([SBOL + "sequence", PROV.wasDerivedFrom, NOTE + "3"])
    for _ in range(draw(st.integers(0, 6)) if subjects else 0):
        value = draw(st.sampled_from([*subjects, *identities, "http://out.org/x"]))
        source = draw(st.sampled_from(subjects))
        if NOTE + "2" not in {p[1:-1] for s, p, _ in triples if s == node(value)}:
            triples[link(source, draw(predicates), value)] = None
    for number, subject in enumerate(subjects):
        triples[(node(subject), TAG, literal_term(str(number)))] = None
        triples[link(subject, SBH.topLevel, "http://old.org/stamp")] = None
    return list(triples)


def compliant_or_not(draw: st.DrawFn, host: str, name: str, version: str | None) -> list[Triple]:
    iri = host + name if version is None else f"{host}{name}/{version}"
    if draw(st.integers(0, 3)):
        named = {"pid": host + name, "display_id": name}
        return thing(iri, **named) if version is None else thing(iri, **named, version=version)
    return thing(iri) if version is None else thing(iri, version=version)


def tags(triples: list[Triple]) -> dict[str, Term]:
    return {o: s for s, p, o in triples if p == TAG}


def everything(prepared: Prepared) -> list[Triple]:
    return [t for item in prepared.objects for t in item.triples]


def undone(triples: list[Triple], new: list[Triple]) -> set[Triple]:
    """The minted triples in their old IRIs, found by the tags; naming properties left out."""
    old_of = {subject: tags(triples)[number] for number, subject in tags(new).items()}
    stated = {s: o for s, p, o in triples if p == node(SBOL2.persistentIdentity)}
    old_version = {s: o[1:-1] for s, p, o in triples if p == node(SBOL2.version)}
    for s, p, o in new:
        if p == node(SBOL2.persistentIdentity):
            old = old_of[s]
            base = (
                Term(old.removesuffix(f"/{old_version[old]}>").removesuffix(">") + ">") if old in old_version else old
            )
            old_of[o] = stated.get(old, base)
    names = {node(p) for p in (SBOL2.persistentIdentity, SBOL2.displayId, SBOL2.version)}
    return {(old_of[s], p, o if p in (node(RDF.type), TAG) else old_of.get(o, o)) for s, p, o in new if p not in names}


def said(triples: list[Triple]) -> set[Triple]:
    dropped = {node(p) for p in (SBOL2.persistentIdentity, SBOL2.displayId, SBOL2.version, SBH.topLevel, SBH.ownedBy)}
    return {t for t in triples if t[1] not in dropped}


@given(documents(), st.randoms(use_true_random=False))
def test_minting_depends_on_the_triples_not_on_their_order(triples: list[Triple], random: Random) -> None:
    shuffled = list(triples)
    random.shuffle(shuffled)
    one, two = mint(Document.of(triples), TARGET), mint(Document.of(shuffled), TARGET)
    assert [(o.original, o.minted, set(o.triples)) for o in one.objects] == [
        (o.original, o.minted, set(o.triples)) for o in two.objects
    ]
    assert one.findings == two.findings


@given(documents())
def test_minting_what_was_minted_changes_nothing(triples: list[Triple]) -> None:
    once = mint(Document.of(triples), TARGET)
    twice = mint(Document.of(everything(once)), TARGET)
    assert all(o.origin == "inside" and o.minted == o.original for o in twice.objects)
    assert {o.minted: set(o.triples) for o in twice.objects} == {o.minted: set(o.triples) for o in once.objects}
    assert twice.findings == []


@given(documents())
def test_no_triple_and_no_subject_is_lost(triples: list[Triple]) -> None:
    prepared = mint(Document.of(triples), TARGET)
    new = everything(prepared)
    subjects = [iri for item in prepared.objects for iri in item.identified + item.nested]
    assert len(subjects) == len(set(subjects)) == len(tags(triples))
    assert {s[1:-1] for s, _, _ in new} == set(subjects)
    assert undone(triples, new) == said(triples)


EXPECTED = ("it has no version", "has the displayId 'characterization_protocol'")


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["SBOL2", "igem_parts"])
def test_corpus_comes_back_when_the_renaming_is_undone(folder: str) -> None:
    if not (CORPUS / folder).is_dir():
        pytest.skip(f"no corpus folder {CORPUS / folder}")
    files = sorted((CORPUS / folder).iterdir())
    assert len(files) > 90
    for file in files:
        triples = parse_rdf_xml(file.read_bytes())
        numbers = {s: None for s, _, _ in triples}
        triples += [(s, TAG, literal_term(str(n))) for n, s in enumerate(numbers)]
        prepared = mint(Document.of(triples), TARGET)
        assert undone(triples, everything(prepared)) == said(triples), file.name
        assert all(o.minted.startswith(HOME) for o in prepared.objects), file.name
        assert not [f for f in prepared.findings if not f.message.endswith(EXPECTED)], file.name


@pytest.mark.parametrize(
    ("name", "version"), [("parts", "1"), ("fresh", "1"), ("cited", "1"), ("quoted", "1"), ("unver", "5")]
)
def test_minted_objects_are_what_synbiohub_stored(name: str, version: str) -> None:
    folder = Path(os.environ.get("SYNHUB_RECORDINGS") or CORPUS.parent / "reference" / "recordings") / "stored"
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}")
    stored = set()
    added = (SBH.ownedBy, SBH.topLevel, OBO.OBI_0001617)
    for line in (folder / f"{name}.nt").read_text().splitlines():
        subject, predicate, rest = line.split(None, 2)
        if predicate[1:-1] not in added and f"/{name}_collection" not in subject:
            stored.add((subject, predicate, rest.removesuffix(".").rstrip()))
    document = Document.of(parse_rdf_xml((folder / f"{name}.submitted.xml").read_bytes()))
    prepared = mint(
        document, Target(REPLAYED, "alice", name, Iri(f"{REPLAYED}user/alice/{name}/{name}_collection/{version}"))
    )
    assert set(everything(prepared)) == stored


def test_a_display_id_over_255_characters_is_not_well_formed() -> None:
    first, second = "a" * 300 + "1", "a" * 300 + "2"
    prepared = minted(compliant(f"http://x.org/{first}"), compliant(f"http://x.org/{second}"))
    names = sorted(item.persistent_identity.removeprefix(HOME) for item in prepared.objects)
    assert names == ["a" * 239, "a" * 239 + "_2"]
    assert {finding.rule for finding in prepared.findings} == {"synhub-renamed"}


def _chain(levels: int) -> list[Triple]:
    top = compliant("http://x.org/top")
    names = ["http://x.org/top/1", *(f"http://x.org/n{n}" for n in range(levels))]
    links = [link(owner, NOTE, part) for owner, part in pairwise(names)]
    return [*top, *links, (node(names[-1]), TAG, literal_term("end"))]


def test_annotations_nest_at_most_64_deep() -> None:
    (top,) = minted(_chain(64)).objects
    assert len(top.nested) == 64
    with pytest.raises(InvalidDesign, match="more than 64 deep: let them refer to each other") as raised:
        minted(_chain(65))
    assert raised.value.findings[0]["rule"] == "synhub-nesting"
    with pytest.raises(InvalidDesign):
        minted(_chain(20_000))
