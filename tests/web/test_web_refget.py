"""refget over HTTP: the standard's vector, parts, what is refused and how, and who may know of a sequence."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import PREFIX, Live, live

ACGT = "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2"  # of the standard
MD5_ACGT = "f1f8f4bf413b16ad135722aa4591043e"
TRUNC512_ACGT = base64.urlsafe_b64decode(ACGT[3:]).hex()
TEXT = "text/vnd.ga4gh.refget.v2.0.0+plain; charset=us-ascii"
LONG = "ttgacaattaatcatcggctcgtataatgtg"
RING = LONG[::-1]
DNA, CIRCULAR = "http://www.biopax.org/release/biopax-level3.owl#DnaRegion", "http://identifiers.org/so/SO:0000988"


def name_of(elements: str) -> str:
    digest = hashlib.sha512(elements.upper().encode()).digest()[:24]
    return "SQ." + base64.urlsafe_b64encode(digest).decode()


def sequence(name: str, elements: str, *types: str) -> str:
    kinds = "".join(f'<sbol:type rdf:resource="{t}"/>' for t in (DNA, *types))
    return f"""
  <sbol:ComponentDefinition rdf:about="http://a/{name}_part/1">
    <sbol:persistentIdentity rdf:resource="http://a/{name}_part"/><sbol:displayId>{name}_part</sbol:displayId>
    <sbol:version>1</sbol:version>{kinds}<sbol:sequence rdf:resource="http://a/{name}/1"/>
  </sbol:ComponentDefinition>
  <sbol:Sequence rdf:about="http://a/{name}/1">
    <sbol:persistentIdentity rdf:resource="http://a/{name}"/><sbol:displayId>{name}</sbol:displayId>
    <sbol:version>1</sbol:version><sbol:elements>{elements}</sbol:elements>
    <sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>
  </sbol:Sequence>"""


def document(*sequences: str) -> bytes:
    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#">
{"".join(sequences)}</rdf:RDF>""".encode()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("refget")
    with live(folder) as instance:
        for user in ("alice", "bob"):
            instance.user(user)
        public = document(sequence("s4", "acGT"), sequence("long", LONG), sequence("ring", RING, CIRCULAR))
        instance.publish("alice", public, "lab")
        private = document(sequence("mine", "gattaca"), sequence("odd", "acgt-acgt"))
        assert instance.submit("bob", private).text == "Successfully uploaded"
        yield instance


@pytest.mark.parametrize(
    "name",
    [ACGT, "ga4gh:" + ACGT, ACGT[3:], MD5_ACGT, MD5_ACGT.upper(), "md5:" + MD5_ACGT, TRUNC512_ACGT],
)
def test_every_name_of_the_standard_finds_the_letters_in_upper_case(hub: Live, name: str) -> None:
    answer = hub.get(f"/sequence/{name}")

    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "ACGT", TEXT)
    assert (answer.headers["content-length"], answer.headers["accept-ranges"]) == ("4", "bytes")


@pytest.mark.parametrize(
    ("query", "letters"),
    [("start=10&end=10", ""), ("start=10&end=20", "atcatcggct"), ("start=26", "atgtg"), ("end=5", "ttgac"), ("", LONG)],
)
def test_start_and_end_cut_a_part(hub: Live, query: str, letters: str) -> None:
    answer = hub.get(f"/sequence/{name_of(LONG)}?{query}")

    assert (answer.status_code, answer.text) == (200, letters.upper())
    assert answer.headers["accept-ranges"] == ("none" if query else "bytes")


@pytest.mark.parametrize(
    ("header", "status", "letters"),
    [
        ("bytes=10-19", 206, "atcatcggct"),
        ("bytes=0-0", 206, "t"),
        ("bytes=26-", 206, "atgtg"),
        ("bytes=26-9999", 206, "atgtg"),
        ("bytes=0-30", 200, LONG),
        ("bytes=0-9999", 200, LONG),
    ],
)
def test_the_header_range_cuts_a_part(hub: Live, header: str, status: int, letters: str) -> None:
    answer = hub.get(f"/sequence/{name_of(LONG)}", headers={"Range": header})

    assert (answer.status_code, answer.text) == (status, letters.upper())
    if status == 206:
        start = LONG.index(letters)
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(letters) - 1}/31"


def test_a_part_goes_over_the_origin_of_what_is_circular_only(hub: Live) -> None:
    assert hub.get(f"/sequence/{name_of(RING)}?start=29&end=3").text == (RING[29:] + RING[:3]).upper()
    refused = hub.get(f"/sequence/{name_of(LONG)}?start=29&end=3")
    words = "start=29 lies behind end=3, and the sequence is not circular"
    assert (refused.status_code, refused.json()["detail"]) == (416, words)


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("start=0&end=abc", {}, 400),
        ("start=-1", {}, 400),
        ("start=4294967296", {}, 400),
        ("start=31&end=32", {}, 416),
        ("start=32", {}, 400),
        ("end=32", {}, 416),
        ("start=0&end=10", {"Range": "bytes=0-9"}, 400),
        ("", {"Range": "units=1-2"}, 400),
        ("", {"Range": "bytes=ab-19"}, 400),
        ("", {"Range": "bytes=1-2,4-5"}, 400),
        ("", {"Range": "bytes=5-1"}, 416),
        ("", {"Range": "bytes=31-40"}, 416),
        ("", {"Accept": "text/embl"}, 406),
        ("start=0&end=abc", {"Accept": "embl/some_json"}, 406),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_status(
    hub: Live, query: str, headers: dict[str, str], status: int
) -> None:
    answer = hub.get(f"/sequence/{name_of(LONG)}?{query}", headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("accept", ["text/vnd.ga4gh.refget.v2.0.0+plain", "text/plain", "*/*", "text/html, */*;q=0.1"])
def test_accept_may_be_wider_than_the_type(hub: Live, accept: str) -> None:
    assert hub.get(f"/sequence/{ACGT}", headers={"Accept": accept}).headers["content-type"] == TEXT


@pytest.mark.parametrize("name", ["garbage", "0" * 32, "SQ." + "a" * 32, name_of("acgt-acgt"), "md5:" + "0" * 31])
def test_an_unknown_name_is_404_whatever_else_is_asked(hub: Live, name: str) -> None:
    for rest in ("", "/metadata", "?start=abc"):
        answer = hub.get(f"/sequence/{name}{rest}", "bob", headers={"Accept": "text/embl"})
        assert (answer.status_code, answer.json()["detail"]) == (404, f"{name} not found")


def test_who_may_not_read_a_sequence_does_not_learn_that_it_is_there(hub: Live) -> None:
    name, absent = name_of("gattaca"), name_of("gattacc")
    assert hub.get(f"/sequence/{name}", "bob").text == "GATTACA"
    for who in (None, "alice"):
        for rest in ("", "/metadata", "?start=3&end=1"):
            answer, other = hub.get(f"/sequence/{name}{rest}", who), hub.get(f"/sequence/{absent}{rest}", who)
            assert (answer.status_code, answer.text) == (404, other.text.replace(absent, name))


def test_metadata_has_the_digests_the_length_and_the_iris(hub: Live) -> None:
    answer = hub.get(f"/sequence/{MD5_ACGT}/metadata", headers={"Accept": "*/*"})

    assert answer.headers["content-type"] == "application/vnd.ga4gh.refget.v2.0.0+json; charset=us-ascii"
    assert answer.json() == {
        "metadata": {
            "md5": MD5_ACGT,
            "ga4gh": ACGT,
            "trunc512": TRUNC512_ACGT,
            "length": 4,
            "aliases": [{"alias": PREFIX + "public/lab/s4/1", "naming_authority": PREFIX}],
        }
    }


def test_service_info_says_what_is_supported(hub: Live) -> None:
    about = hub.get("/sequence/service-info", headers={"Accept": "application/json"}).json()

    assert about["type"] == {"group": "org.ga4gh", "artifact": "refget", "version": "2.0.0"}
    assert about["refget"] == {
        "circular_supported": True,
        "algorithms": ["md5", "ga4gh", "trunc512"],
        "identifier_types": [],
        "subsequence_limit": None,
    }


def test_a_count_of_sequences_is_still_a_count(hub: Live) -> None:
    assert hub.get("/Sequence/count").text == "3"


def test_the_digest_is_the_validator(hub: Live) -> None:
    answer = hub.get(f"/sequence/{ACGT}", headers={"If-None-Match": f'"{ACGT}"'})

    assert (answer.status_code, answer.content) == (304, b"")


def test_a_co_owner_of_a_collection_reads_its_sequences(hub: Live) -> None:
    name = name_of("gattacatt")
    private = document(sequence("ours", "gattacatt"))
    assert hub.submit("bob", private, {"id": "ours"}).text == "Successfully uploaded"
    collection = f"{PREFIX}user/bob/ours/ours_collection/1"
    assert hub.get(f"/sequence/{name}", "alice").status_code == 404

    data = {"user": PREFIX + "user/alice", "uri": collection}
    answer = hub.request("POST", "/user/bob/ours/ours_collection/1/addOwner", "bob", data=data)
    assert answer.status_code == 200, answer.text

    assert hub.get(f"/sequence/{name}", "alice").text == "GATTACATT"
    assert hub.get(f"/sequence/{name}").status_code == 404
