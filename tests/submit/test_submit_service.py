"""Submissions end to end below HTTP: real child, real store, all modes, equality, copies."""

import os
import signal
import time

import pytest
from submit_lab import ALICE, FIXTURES, FOREIGN, LAB, P1, P2, PREFIX, ROOT, Lab, component, document, part

from synhub.errors import BadRequest, Conflict, FieldErrors, InvalidDesign
from synhub.rdf import Iri, iri_term, literal_term
from synhub.vocab import DCTERMS, OBO, PROV, SBH, SBOL2


def test_a_new_submission_stamps_every_identified_object(lab: Lab) -> None:
    lab.submit(document(part("http://x.org/d/p1/1", more=component("http://x.org/d/p1", "http://x.org/d/p2/1"))))

    stored = lab.stored(P1)
    for subject in (P1, LAB + "p1/c/1"):
        assert (f"<{subject}>", iri_term(SBH.ownedBy), f"<{ALICE}>") in stored
        assert (f"<{subject}>", iri_term(SBH.topLevel), f"<{P1}>") in stored


def test_the_root_collection_says_what_the_form_said(lab: Lab) -> None:
    job = lab.submit(FOREIGN, citations="123,456")

    said = {(p, o) for s, p, o in lab.stored(ROOT)}
    assert (iri_term(DCTERMS.title), '"Lab"') in said
    assert (iri_term(DCTERMS.description), '"A lab"') in said
    assert (iri_term(DCTERMS.created), literal_term(job.created)) in said
    assert {(iri_term(OBO.OBI_0001617), '"123"'), (iri_term(OBO.OBI_0001617), '"456"')} <= said
    assert lab.members() == {P1, P2}
    assert (iri_term(OBO.OBI_0001617), '"123"') in {(p, o) for _, p, o in lab.stored(P1)}


def test_no_file_makes_an_empty_collection(lab: Lab) -> None:
    lab.submit(None)

    assert lab.members() == set()
    assert lab.titles(ROOT) == ['"Lab"']


def test_mode_0_refuses_an_id_and_version_in_use(lab: Lab) -> None:
    lab.submit(FOREIGN)

    with pytest.raises(Conflict, match=r"\ASubmission id and version already in use\Z"):
        lab.submit(document(part("http://x.org/d/p3/1")))
    assert lab.stored(LAB + "p3/1") == []


def test_mode_0_of_another_version_keeps_equal_objects_and_refuses_different_ones(lab: Lab) -> None:
    lab.submit(FOREIGN)
    lab.submit(document(part("http://x.org/d/p1/1")), version="2")

    assert lab.members(LAB + "lab_collection/2") == {P1}
    with pytest.raises(Conflict, match="Submission terminated"):
        lab.submit(document(part("http://x.org/d/p1/1", "changed")), version="3")
    assert lab.titles(P1) == ['"a part"']


def test_replacing_version_1_leaves_version_2_intact(lab: Lab) -> None:
    lab.submit(FOREIGN)
    lab.submit(document(part("http://x.org/d/p1/1"), part("http://x.org/d/p3/1")), version="2")

    job = lab.submit(document(part("http://x.org/d/p4/1")), overwrite_merge="1")

    assert lab.members() == {LAB + "p4/1"}
    assert lab.members(LAB + "lab_collection/2") == {P1, LAB + "p3/1"}
    assert lab.stored(P1) and lab.stored(LAB + "p3/1")
    assert lab.stored(P2) == []
    assert job.report["removed"] == 1
    assert [f["subject"] for f in job.report["findings"] if f["rule"] == "synhub-stays"] == [P1]


def test_mode_1_replaces_an_object_of_the_same_name(lab: Lab) -> None:
    lab.submit(FOREIGN)
    lab.submit(document(part("http://x.org/d/p1/1", "new text")), overwrite_merge="1", name="Lab again")

    assert lab.titles(P1) == ['"new text"']
    assert lab.titles(ROOT) == ['"Lab again"']
    assert lab.members() == {P1}


def test_merging_adds_objects_and_keeps_the_collection_s_texts(lab: Lab) -> None:
    lab.submit(FOREIGN)

    lab.submit(
        document(part("http://x.org/d/p1/1"), part("http://x.org/d/p3/1")),
        overwrite_merge="2", rootCollections=ROOT, name="other", description="other",
    )  # fmt: skip

    assert lab.members() == {P1, P2, LAB + "p3/1"}
    assert lab.titles(ROOT) == ['"Lab"']


def test_merging_refuses_a_changed_object_and_names_it(lab: Lab) -> None:
    lab.submit(FOREIGN)

    with pytest.raises(Conflict) as refused:
        lab.submit(
            document(part("http://x.org/d/p3/1"), part("http://x.org/d/p1/1", "changed")),
            overwrite_merge="2", rootCollections=ROOT,
        )  # fmt: skip

    assert str(refused.value) == (
        "Submission terminated.\nA submission with this id already exists, and it includes an object: "
        f"{P1} that is already in this repository and has different content"
    )
    assert lab.stored(LAB + "p3/1") == []


def test_replacing_a_collection_refuses_to_change_what_another_one_holds_and_says_so(lab: Lab) -> None:
    lab.submit(FOREIGN)
    lab.submit(document(part(P1)), id="other")

    with pytest.raises(Conflict) as refused:
        lab.submit(document(part("http://x.org/d/p1/1", "changed")), overwrite_merge="1")

    assert str(refused.value) == (
        "Submission terminated.\nA submission with this id already exists, and it includes an object: "
        f"{P1} that is already in this repository and has different content\n"
        "It is not replaced with the collection, as another collection holds it or this one does not: submit with"
        " overwrite_merge=3, or take it out of the other one"
    )


def test_merge_replace_keeps_what_the_server_added(lab: Lab) -> None:
    lab.submit(document(part("http://x.org/d/p1/1")), citations="77")
    notes = "<sbh:mutableNotes>mine</sbh:mutableNotes>"
    lab.submit(document(part("http://x.org/d/p1/1", "v2", notes)), overwrite_merge="3", rootCollections=ROOT)

    lab.submit(document(part("http://x.org/d/p1/1", "v3")), overwrite_merge="3", rootCollections=ROOT)

    said = {(p, o) for s, p, o in lab.stored(P1)}
    assert lab.titles(P1) == ['"v3"']
    assert (iri_term(SBH.mutableNotes), '"mine"') in said
    assert (iri_term(OBO.OBI_0001617), '"77"') in said
    assert (iri_term(SBH.ownedBy), f"<{ALICE}>") in said


def test_adding_to_what_is_not_one_s_own_collection_is_refused_with_the_classic_words(lab: Lab) -> None:
    lab.submit(FOREIGN)

    for target in (ROOT.replace("lab_collection", "no_collection"), ROOT.replace("alice", "bob"), P1, "nonsense"):
        with pytest.raises(Conflict, match="Submission id and version do not exist"):
            lab.submit(FOREIGN, overwrite_merge="2", rootCollections=target)
    with pytest.raises(Conflict, match="do not exist"):
        lab.submit(FOREIGN, user="bob", overwrite_merge="2", rootCollections=ROOT)


def test_a_downloaded_object_that_is_equal_becomes_a_member_not_a_copy(lab: Lab) -> None:
    lab.submit(FOREIGN)

    job = lab.submit(document(part(P1)), id="other")

    assert lab.members(PREFIX + "user/alice/other/other_collection/1") == {P1}
    assert lab.stored(PREFIX + "user/alice/other/p1/1") == []
    assert job.report["kept"] == 1


def test_a_changed_part_brings_its_parents_along(lab: Lab) -> None:
    """A downloaded composite with one changed part, submitted elsewhere, keeps the change."""
    parent = LAB + "parent/1"
    lab.submit(
        document(
            part("http://x.org/d/p1/1"),
            part("http://x.org/d/p2/1"),
            part("http://x.org/d/parent/1", more=component("http://x.org/d/parent", "http://x.org/d/p1/1")),
        )
    )

    lab.submit(document(part(P1, "changed"), part(P2), part(parent, more=component(LAB + "parent", P1))), id="other")

    other = PREFIX + "user/alice/other/"
    assert lab.members(other + "other_collection/1") == {other + "p1/1", P2, other + "parent/1"}
    copy = lab.stored(other + "parent/1")
    assert (f"<{other}parent/c/1>", iri_term(Iri(SBOL2.NS + "definition")), f"<{other}p1/1>") in copy
    assert (f"<{other}p1/1>", iri_term(PROV.wasDerivedFrom), f"<{P1}>") in lab.stored(other + "p1/1")
    assert lab.titles(other + "p1/1") == ['"changed"']
    assert lab.titles(P1) == ['"a part"']


def test_what_the_caller_cannot_read_is_treated_like_what_does_not_exist(lab: Lab) -> None:
    lab.submit(FOREIGN)
    absent = LAB.replace("lab/", "gone/") + "p1/1"

    secret = lab.submit(document(part(P1)), user="bob", id="a")
    nothing = lab.submit(document(part(absent)), user="bob", id="b")

    words = [[(f["rule"], f["severity"]) for f in job.report["findings"]] for job in (secret, nothing)]
    assert words[0] == words[1]
    assert secret.report["minted"] == {P1: PREFIX + "user/bob/a/p1/1"}
    assert nothing.report["minted"] == {absent: PREFIX + "user/bob/b/p1/1"}


def test_submitting_the_download_again_changes_nothing(lab: Lab) -> None:
    lab.submit((FIXTURES / "device.xml").read_bytes())
    before = {t for iri in [ROOT, *lab.members()] for t in lab.stored(iri)}

    job = lab.submit((FIXTURES / "device.xml").read_bytes(), overwrite_merge="2", rootCollections=ROOT)

    assert {t for iri in [ROOT, *lab.members()] for t in lab.stored(iri)} == before
    assert job.report["created"] == job.report["replaced"] == 0


def test_collection_choices_gain_every_top_level(lab: Lab) -> None:
    lab.submit(None, id="fav")
    fav = PREFIX + "user/alice/fav/fav_collection/1"

    lab.submit(FOREIGN, collectionChoices=fav)

    assert lab.members(fav) == {P1, P2}
    with pytest.raises(BadRequest, match="not a collection of yours"):
        lab.submit(FOREIGN, id="more", collectionChoices=PREFIX + "user/bob/x/x_collection/1")


def test_an_invalid_document_changes_nothing_and_names_the_rule(lab: Lab) -> None:
    with pytest.raises(InvalidDesign) as refused:
        lab.submit(b"<rdf:RDF")

    assert "sbol-10105" in str(refused.value)
    assert str(refused.value).rstrip().endswith("Validation failed.")
    assert lab.stored(ROOT) == []


def test_all_wrong_fields_are_named_at_once(lab: Lab) -> None:
    with pytest.raises(FieldErrors) as refused:
        lab.submit(None, id="", version="x", name="", description="", citations="a")

    assert refused.value.messages == [
        "Please enter an id for your submission",
        "Collection id is invalid. An id is a string of characters that MUST be composed of only alphanumeric or"
        " underscore characters and MUST NOT begin with a digit.",
        "Version is invalid. A version is a string of characters that MUST be composed of only alphanumeric"
        " characters, underscores, hyphens, or periods and MUST begin with a digit.",
        "Please enter a name for your submission",
        "Please enter a brief description for your submission",
        "Citations must be comma separated Pubmed IDs",
    ]
    assert list(lab.journal.folder.iterdir()) == []


def test_nine_submissions_at_once_all_arrive(lab: Lab) -> None:
    futures = [lab.start(document(part(f"http://x.org/d/p{n}/1")), id=f"lab{n}") for n in range(9)]

    assert [f.result(timeout=60).state for f in futures] == ["done"] * 9
    for n in range(9):
        assert lab.members(f"{PREFIX}user/alice/lab{n}/lab{n}_collection/1") == {f"{PREFIX}user/alice/lab{n}/p{n}/1"}


def test_nine_merges_into_one_collection_lose_no_update(lab: Lab) -> None:
    lab.submit(None)
    futures = [
        lab.start(document(part(f"http://x.org/d/p{n}/1")), overwrite_merge="2", rootCollections=ROOT) for n in range(9)
    ]
    for future in futures:
        future.result(timeout=60)

    assert lab.members() == {f"{LAB}p{n}/1" for n in range(9)}


def test_one_of_two_equal_ids_at_once_wins(lab: Lab) -> None:
    futures = [lab.start(document(part("http://x.org/d/p1/1", f"title {n}"))) for n in range(4)]
    outcomes = [f.exception(timeout=60) for f in futures]

    assert sorted(type(o).__name__ for o in outcomes) == ["Conflict", "Conflict", "Conflict", "NoneType"]


def test_a_repeat_of_a_running_upload_joins_it(lab: Lab) -> None:
    first, second = lab.start(FOREIGN), lab.start(FOREIGN)

    assert first.result(timeout=30).id == second.result(timeout=30).id


def test_a_repeat_after_the_answer_is_a_new_submission(lab: Lab) -> None:
    job = lab.submit(FOREIGN)
    lab.journal.answered(job.id)

    with pytest.raises(Conflict, match="already in use"):
        lab.submit(FOREIGN)


def test_a_repeat_while_the_answer_is_on_its_way_is_a_new_submission(lab: Lab) -> None:
    job = lab.submit(FOREIGN)
    lab.submissions.answering(job.id)

    with pytest.raises(Conflict, match="already in use"):
        lab.submit(FOREIGN)

    lab.submissions.answered(job.id)
    assert lab.journal.get(job.id).answered


def test_a_repeat_of_an_unanswered_job_gets_its_answer(lab: Lab) -> None:
    job = lab.submit(FOREIGN)

    assert lab.submit(FOREIGN).id == job.id


def test_a_collection_named_without_its_version_is_the_latest_one(lab: Lab) -> None:
    for version in ("2", "10", "9"):
        lab.submit(None, version=version)
    lab.submit(None, id="fav", version="3")
    fav = PREFIX + "user/alice/fav/fav_collection"

    lab.submit(
        document(part("http://x.org/d/p1/1")),
        overwrite_merge="2", rootCollections=LAB + "lab_collection", collectionChoices=fav,
    )  # fmt: skip

    assert lab.members(LAB + "lab_collection/10") == {P1}
    assert lab.members(LAB + "lab_collection/9") == set()
    assert lab.members(fav + "/3") == {P1}
    for target in (LAB + "no_collection", LAB + "p1", fav.replace("alice", "bob")):
        with pytest.raises(Conflict, match="Submission id and version do not exist"):
            lab.submit(FOREIGN, overwrite_merge="2", rootCollections=target)


@pytest.mark.parametrize("lanes", ["of its own: the first child is the reader"], indirect=True)
def test_a_document_that_crashes_its_reader_is_a_bad_request(lab: Lab) -> None:
    future = lab.start(document(*(part(f"http://x.org/d/p{n}/1") for n in range(2_000))))
    while not lab.prepare.pids():
        time.sleep(0.001)
    os.kill(lab.prepare.pids()[0], signal.SIGSEGV)

    with pytest.raises(BadRequest, match=r"SIGSEGV.*nothing was stored") as refused:
        future.result(timeout=30)
    assert not isinstance(refused.value, Conflict)
    assert lab.stored(ROOT) == []
    assert lab.submit(FOREIGN).state == "done"


def test_an_object_removed_from_the_upload_loses_its_children(lab: Lab) -> None:
    lab.submit(document(part("http://x.org/d/p1/1", more=component("http://x.org/d/p1", "http://x.org/d/p2/1"))))

    lab.submit(document(part("http://x.org/d/p1/1")), overwrite_merge="3", rootCollections=ROOT)

    assert {s for s, _, _ in lab.stored(P1)} == {f"<{P1}>"}
