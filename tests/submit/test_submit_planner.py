"""What a submission does to memberships, to the collection it adds to, and to what is kept or copied."""

import pytest
from submit_lab import FOREIGN, LAB, P1, P2, PREFIX, ROOT, Lab, collection, component, document, part

from synhub.errors import BadRequest, InvalidDesign
from synhub.rdf import Iri, Term, iri_term
from synhub.vocab import DC, OBO, PROV, SBH, SBOL2

SUB = LAB + "sub/1"
OTHER = PREFIX + "user/alice/other/"
OTHER_ROOT = OTHER + "other_collection/1"
FOREIGN_SUB = document(part("http://x.org/d/p1/1"), collection("http://x.org/d/sub/1", "http://x.org/d/p1/1"))


def title(text: str) -> str:
    return f"<dcterms:title>{text}</dcterms:title>"


def source(text: str) -> str:
    return f'<prov:wasDerivedFrom rdf:resource="http://s.org/{text}"/>'


def values(lab: Lab, subject: str, predicate: Iri) -> list[Term]:
    return [o for s, p, o in lab.stored(subject) if s == f"<{subject}>" and p == iri_term(predicate)]


# --- collectionChoices --------------------------------------------------------------------------------------------


def test_a_choice_that_the_submission_removes_is_refused(lab: Lab) -> None:
    lab.submit(FOREIGN_SUB)

    with pytest.raises(BadRequest, match=r"removes with the collection .* leave it out of collectionChoices"):
        lab.submit(document(part("http://x.org/d/p3/1")), overwrite_merge="1", collectionChoices=SUB)

    assert lab.members() == {P1, SUB}
    assert lab.members(SUB) == {P1}
    assert lab.orphans() == []


def test_a_choice_that_is_uploaded_again_has_its_new_members_and_the_others(lab: Lab) -> None:
    for mode in ("1", "3"):
        lab.submit(FOREIGN_SUB, overwrite_merge="1")
        lab.submit(
            document(part("http://x.org/d/p2/1"), collection(SUB, more=title("new"))),
            overwrite_merge=mode, rootCollections=ROOT, collectionChoices=SUB,
        )  # fmt: skip

        assert lab.members(SUB) == {P2}
        assert lab.titles(SUB) == ['"new"']
        assert lab.orphans() == []


def test_a_choice_that_an_equal_collection_keeps_gains_the_members_too(lab: Lab) -> None:
    lab.submit(FOREIGN_SUB)

    lab.submit(
        document(part("http://x.org/d/p2/1"), collection(SUB, P1)),
        overwrite_merge="3", rootCollections=ROOT, collectionChoices=SUB,
    )  # fmt: skip

    assert lab.members(SUB) == {P1, P2}


def test_a_choice_that_the_upload_turns_into_a_part_is_refused(lab: Lab) -> None:
    lab.submit(FOREIGN_SUB)

    with pytest.raises(BadRequest, match=r"which the upload replaces by a http://sbols\.org/v2#ComponentDefinition"):
        lab.submit(document(part(SUB)), overwrite_merge="3", rootCollections=ROOT, collectionChoices=SUB)

    assert lab.members(SUB) == {P1}


def test_the_replaced_collection_as_its_own_choice_changes_nothing(lab: Lab) -> None:
    lab.submit(FOREIGN)

    lab.submit(document(part("http://x.org/d/p3/1")), overwrite_merge="1", collectionChoices=ROOT)

    assert lab.members() == {LAB + "p3/1"}
    assert lab.titles(ROOT) == ['"Lab"']


# --- the collection that is added to --------------------------------------------------------------------------------


def test_a_part_named_like_the_target_collection_gets_another_name(lab: Lab) -> None:
    for mode in ("2", "3"):
        lab.submit(FOREIGN_SUB, overwrite_merge="1")

        job = lab.submit(document(part("http://y.org/d/sub/1", "precious")), overwrite_merge=mode, rootCollections=SUB)

        assert job.report["minted"] == {"http://y.org/d/sub/1": LAB + "sub_2/1"}
        assert lab.titles(LAB + "sub_2/1") == ['"precious"']
        assert lab.members(SUB) == {P1, LAB + "sub_2/1"}


def test_a_part_with_the_iri_of_the_target_collection_is_refused(lab: Lab) -> None:
    with pytest.raises(InvalidDesign, match="give that object another IRI"):
        lab.submit(document(part(ROOT)))

    assert lab.stored(ROOT) == []


def test_mode_3_replaces_what_the_upload_says_about_the_collection_less_its_texts(lab: Lab) -> None:
    lab.submit(document(part("http://x.org/d/p1/1"), collection(ROOT, more=source("old"))), citations="7")
    notes = "<sbh:mutableNotes>mine</sbh:mutableNotes>"

    job = lab.submit(
        document(collection(ROOT, more=title("other") + source("new") + notes)),
        overwrite_merge="3", rootCollections=ROOT,
    )  # fmt: skip

    assert lab.titles(ROOT) == ['"Lab"']
    assert values(lab, ROOT, PROV.wasDerivedFrom) == ["<http://s.org/new>"]
    assert values(lab, ROOT, SBH.mutableNotes) == ['"mine"']
    assert values(lab, ROOT, OBO.OBI_0001617) == ['"7"']
    assert values(lab, ROOT, DC.creator) == ['"Alice A"']
    assert values(lab, ROOT, SBH.ownedBy) == [f"<{PREFIX}user/alice>"]
    assert lab.members() == {P1}
    assert job.report["replaced"] == 1
    assert lab.notes(job, "synhub-not-taken") == {
        ROOT: "not taken from the upload: <http://purl.org/dc/terms/title>; the collection keeps its own"
    }
    assert lab.orphans() == []


def test_mode_2_leaves_the_collection_and_names_what_it_did_not_take(lab: Lab) -> None:
    lab.submit(FOREIGN)
    before = set(lab.stored(ROOT))

    job = lab.submit(
        document(part("http://x.org/d/p3/1"), collection(ROOT, more=title("other") + source("new"))),
        overwrite_merge="2", rootCollections=ROOT,
    )  # fmt: skip

    assert set(lab.stored(ROOT)) - before == {(f"<{ROOT}>", iri_term(SBOL2.member), f"<{LAB}p3/1>")}
    assert before <= set(lab.stored(ROOT))
    assert lab.notes(job, "synhub-not-taken")[ROOT].startswith(
        "not taken from the upload: <http://purl.org/dc/terms/title>, <http://www.w3.org/ns/prov#wasDerivedFrom>; "
    )


def test_the_download_of_a_collection_changes_nothing_in_modes_2_and_3(lab: Lab) -> None:
    lab.submit(FOREIGN_SUB, citations="7")
    before = [lab.stored(iri) for iri in (ROOT, SUB, P1)]
    download = lab.download(ROOT, SUB, P1)

    for mode in ("2", "3"):
        job = lab.submit(download, overwrite_merge=mode, rootCollections=ROOT, name="x", description="y")

        assert [lab.stored(iri) for iri in (ROOT, SUB, P1)] == before
        assert (job.report["created"], job.report["replaced"], job.report["kept"]) == (0, 0, 2)
        assert lab.notes(job, "synhub-not-taken") == {}


def test_a_new_collection_takes_annotations_with_their_nested_ones_and_says_that_the_form_won(lab: Lab) -> None:
    nested = """<prov:qualifiedX><prov:X rdf:about="http://x.org/n"><dcterms:title>deep</dcterms:title></prov:X>
      </prov:qualifiedX>"""

    job = lab.submit(document(collection(ROOT, more=title("other") + nested)))

    assert lab.titles(ROOT) == ['"Lab"']
    assert '"deep"' in {o for s, _, o in lab.stored(ROOT) if s != f"<{ROOT}>"}
    assert list(lab.notes(job, "synhub-not-taken")) == [ROOT]
    assert lab.orphans() == []


# --- kept and copied --------------------------------------------------------------------------------------------------


def test_a_copied_version_has_its_own_persistent_identity(lab: Lab) -> None:
    """References without a version go where the latest version goes."""
    p1_2 = LAB + "p1/2"
    user = LAB + "user/1"
    refers = component(LAB + "user", LAB + "p1")
    lab.submit(document(part("http://x.org/d/p1/1"), part("http://x.org/d/p1/2"), part(user, more=refers)))

    lab.submit(document(part(P1, "changed"), part(p1_2), part(user, more=refers)), id="other")
    assert values(lab, OTHER + "p1/1", SBOL2.persistentIdentity) == [f"<{OTHER}p1>"]
    assert lab.members(OTHER_ROOT) == {OTHER + "p1/1", p1_2, user}

    job = lab.submit(document(part(P1), part(p1_2, "changed"), part(user, more=refers)), id="third")
    third = PREFIX + "user/alice/third/"
    assert lab.members(third + "third_collection/1") == {P1, third + "p1/2", third + "user/1"}
    assert values(lab, third + "p1/2", SBOL2.persistentIdentity) == [f"<{third}p1>"]
    definition = (f"<{third}user/c/1>", iri_term(Iri(SBOL2.NS + "definition")), f"<{third}p1>")
    assert definition in lab.stored(third + "user/1")
    assert lab.notes(job, "synhub-copied")[user] == (f"copied to {third}user/1: it refers to an object that is copied")


def test_a_version_less_reference_of_a_copy_stays_with_a_kept_latest_version(lab: Lab) -> None:
    user, refers = LAB + "user/1", component(LAB + "user", LAB + "p1")
    lab.submit(document(part("http://x.org/d/p1/1"), part("http://x.org/d/p1/10"), part(user, more=refers)))

    lab.submit(document(part(P1, "changed"), part(LAB + "p1/10"), part(user, "changed", refers)), id="other")

    definition = (f"<{OTHER}user/c/1>", iri_term(Iri(SBOL2.NS + "definition")), f"<{LAB}p1>")
    assert definition in lab.stored(OTHER + "user/1")


def test_what_is_kept_is_not_said_to_be_renamed(lab: Lab) -> None:
    lab.submit(document(part("http://x.org/d/p1/1"), part("http://x.org/d/p2/1")), id="other")

    job = lab.submit(document(part("http://a.org/d/p1/1", "mine"), part(OTHER + "p1/1"), part(OTHER + "p2/1", "mine")))

    assert set(lab.notes(job, "synhub-kept")) == {OTHER + "p1/1"}
    assert lab.notes(job, "synhub-renamed") == {}
    assert lab.notes(job, "synhub-copied")[OTHER + "p2/1"] == f"copied to {P2}: it differs from what is stored"


def test_a_copy_of_what_is_absent_or_unreadable_is_told_in_the_same_words(lab: Lab) -> None:
    lab.submit(FOREIGN)
    absent = LAB.replace("lab/", "gone/") + "p1/1"

    secret = lab.submit(document(part(P1)), user="bob", id="a")
    nothing = lab.submit(document(part(absent)), user="bob", id="b")

    told = [
        [f["message"].replace("bob/b/", "bob/a/") for f in job.report["findings"] if f["rule"].startswith("synhub-")]
        for job in (secret, nothing)
    ]
    assert told[0] == told[1]
    assert f"copied to {PREFIX}user/bob/a/p1/1: there is no such object that you can read" in told[0]


# --- roots and cycles -------------------------------------------------------------------------------------------------


def test_a_downloaded_root_collection_does_not_become_a_member(lab: Lab) -> None:
    lab.submit(FOREIGN_SUB)
    download = lab.download(ROOT, SUB, P1)

    into_sub = lab.submit(download, overwrite_merge="2", rootCollections=SUB)
    assert lab.members(SUB) == {P1}
    assert ROOT in lab.notes(into_sub, "synhub-root")

    lab.submit(download, version="2")
    assert lab.members(LAB + "lab_collection/2") == {SUB, P1}

    elsewhere = lab.submit(download, id="other")
    assert lab.members(OTHER_ROOT) == {SUB, P1}
    assert list(lab.notes(elsewhere, "synhub-root")) == [ROOT]


def test_a_copied_root_collection_becomes_a_member(lab: Lab) -> None:
    lab.submit(FOREIGN)

    lab.submit(lab.download(ROOT, P1, P2), user="bob", id="mine")

    mine = PREFIX + "user/bob/mine/"
    members = {
        o for s, p, o in lab.stored(mine + "mine_collection/1", Iri(PREFIX + "user/bob")) if p.endswith("member>")
    }
    assert members == {f"<{mine}lab_collection/1>", f"<{mine}p1/1>", f"<{mine}p2/1>"}


def test_no_collection_becomes_a_member_of_its_own_member(lab: Lab) -> None:
    outer, inner = LAB + "outer/1", LAB + "inner/1"
    lab.submit(
        document(
            collection("http://x.org/d/outer/1", "http://x.org/d/middle/1"),
            collection("http://x.org/d/middle/1", "http://x.org/d/inner/1"),
            collection("http://x.org/d/inner/1"),
        )
    )

    job = lab.submit(lab.download(outer), overwrite_merge="2", rootCollections=inner)
    assert lab.members(inner) == set()
    assert outer in lab.notes(job, "synhub-cycle")

    said = lab.submit(document(collection(inner, outer, ROOT)), overwrite_merge="3", rootCollections=inner)
    assert lab.members(inner) == set()
    assert set(lab.notes(said, "synhub-cycle")) == {outer, ROOT}


def test_two_choices_in_one_upload_do_not_become_members_of_each_other(lab: Lab) -> None:
    lab.submit(document(collection("http://x.org/d/a/1"), collection("http://x.org/d/b/1")))
    a, b = LAB + "a/1", LAB + "b/1"

    lab.submit(
        document(collection(a), collection(b)),
        overwrite_merge="2", rootCollections=ROOT, collectionChoices=f"{a},{b}",
    )  # fmt: skip

    assert (lab.members(a), lab.members(b)) == ({b}, set())


def test_an_uploaded_collection_that_has_the_new_root_as_member_does_not_become_one(lab: Lab) -> None:
    job = lab.submit(document(collection("http://x.org/d/c/1", ROOT), collection(ROOT)))

    assert lab.members(LAB + "c/1") == {ROOT}
    assert lab.members() == set()
    assert list(lab.notes(job, "synhub-cycle")) == [LAB + "c/1"]


def test_a_collection_that_the_upload_lets_go_of_its_member_may_become_one_of_it(lab: Lab) -> None:
    outer, inner = LAB + "outer/1", LAB + "inner/1"
    lab.submit(document(collection("http://x.org/d/outer/1", inner), collection("http://x.org/d/inner/1")))
    lab.submit(document(collection(outer, inner)), overwrite_merge="3", rootCollections=ROOT)
    assert lab.members(outer) == {inner}

    lab.submit(document(collection(outer)), overwrite_merge="3", rootCollections=inner)

    assert (lab.members(inner), lab.members(outer)) == ({outer}, set())
