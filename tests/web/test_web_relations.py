"""`…/uses`, `…/twins`, their counts and `/autocomplete` over HTTP: rows, pages, links, limits."""

from collections.abc import Iterator

import pytest
from live import PREFIX, Live, live

PARTS = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">
%s
</rdf:RDF>"""
PART = """<sbol:ComponentDefinition rdf:about="http://x.org/{0}/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/{0}"/><sbol:displayId>{0}</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>{1}</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
  <sbol:sequence rdf:resource="http://x.org/{2}/1"/>
</sbol:ComponentDefinition>"""
SEQUENCE = """<sbol:Sequence rdf:about="http://x.org/{0}/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/{0}"/><sbol:displayId>{0}</sbol:displayId>
  <sbol:version>1</sbol:version><sbol:elements>{1}</sbol:elements>
  <sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>
</sbol:Sequence>"""
DESIGN = (
    PARTS
    % "\n".join(
        [
            PART.format("pLac", "Lac promoter &lt;b&gt;", "acgt_seq"),
            PART.format("pTwin", "Twin promoter", "same_seq"),
            PART.format("rOther", "Other_RBS", "long_seq"),
            SEQUENCE.format("acgt_seq", "acgt"),
            SEQUENCE.format("same_seq", "ACGT"),
            SEQUENCE.format("long_seq", "acgtacgt"),
        ]
    ).encode()
)
COLLECTION = f"{PREFIX}public/kit/kit_collection/1"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("relations"), search_limit=2) as running:
        running.user("alice")
        running.publish("alice", DESIGN, "kit")
        assert running.submit("alice", DESIGN).status_code == 200
        yield running


def names(instance: Live, path: str, who: str | None = None) -> list[str]:
    answer = instance.get(path, who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    return [row["uri"].removeprefix(PREFIX) for row in answer.json()]


def test_uses_are_classic_rows_and_counted(instance: Live) -> None:
    answer = instance.get("/public/kit/acgt_seq/1/uses")
    assert answer.json()[1] == {
        "type": "http://sbols.org/v2#ComponentDefinition",
        "uri": f"{PREFIX}public/kit/pLac/1",
        "name": "Lac promoter <b>",
        "description": "",
        "displayId": "pLac",
        "version": "1",
        "sbolType": "http://www.biopax.org/release/biopax-level3.owl#DnaRegion",
        "role": None,
        "percentMatch": "",
        "strandAlignment": "",
        "CIGAR": "",
    }
    assert [row["uri"] for row in answer.json()] == [COLLECTION, f"{PREFIX}public/kit/pLac/1"]
    count = instance.get("/public/kit/acgt_seq/1/usesCount")
    assert (count.text, count.headers["content-type"]) == ("2", "text/plain; charset=utf-8")


@pytest.mark.parametrize("path", ["/public/kit/pLac", "/public/kit/pLac/1"])
def test_versions_may_be_left_out(instance: Live, path: str) -> None:
    assert names(instance, f"{path}/twins") == ["public/kit/pTwin/1"]
    assert names(instance, f"{path}/uses/") == ["public/kit/kit_collection/1"]
    assert instance.get(f"{path}/TwinsCount").text == "1"


def test_pages_of_a_relation_are_those_of_a_search(instance: Live) -> None:
    assert names(instance, "/public/kit/acgt_seq/1/uses?offset=1") == ["public/kit/pLac/1"]
    assert names(instance, "/public/kit/acgt_seq/1/uses?limit=0") == []
    refused = instance.get("/public/kit/acgt_seq/1/uses?limit=x")
    assert refused.status_code == 400
    assert refused.text == "limit='x' is not a number; write digits only, such as limit=50"
    assert instance.get("/public/kit/acgt_seq/1/usesCount?limit=1").text == "2"


def test_a_page_over_the_limit_is_cut_and_links_to_the_rest(instance: Live) -> None:
    answer = instance.get("/user/alice/lab/pLac/1/twins?limit=9", "alice")
    assert [row["displayId"] for row in answer.json()] == ["pLac", "pTwin"]
    assert answer.headers["link"] == '</user/alice/lab/pLac/1/twins?offset=2&limit=7>; rel="next"'
    assert names(instance, "/user/alice/lab/pLac/1/twins?offset=2&limit=7", "alice") == ["user/alice/lab/pTwin/1"]
    assert instance.get("/user/alice/lab/pLac/1/twinsCount", "alice").text == "3"


def test_a_share_link_opens_the_relations_inside_the_collection(instance: Live) -> None:
    secret = instance.share("alice", "/user/alice/lab/lab_collection/1")
    shared = f"/user/alice/lab/pLac/1/{secret}/share"
    assert names(instance, f"{shared}/uses") == ["user/alice/lab/lab_collection/1"]
    assert instance.get(f"{shared}/twinsCount").text == "3"
    assert names(instance, "/user/alice/lab/pLac/1/twins") == []
    page = instance.get(f"{shared}/twins?offset=1", headers={"Accept": "text/html"}).text
    assert f'"/user/alice/lab/pTwin/1/{secret}/share"' in page
    assert '"/public/kit/pTwin/1"' in page


def test_a_browser_gets_a_page(instance: Live) -> None:
    page = instance.get("/public/kit/pTwin/1/twins", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Twins of pTwin</h1>" in page.text
    assert "1 found, 1 to 1" in page.text
    assert 'href="/public/kit/pLac/1">Lac promoter &lt;b&gt;</a>' in page.text
    nothing = instance.get("/public/kit/none/1/uses", headers={"Accept": "text/html"})
    assert (nothing.status_code, "Nothing found." in nothing.text) == (200, True)


def test_names_are_completed_within_what_the_caller_reads(instance: Live) -> None:
    answer = instance.get("/autocomplete/Lac%20prom")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == [{"name": "Lac promoter <b>", "uri": f"{PREFIX}public/kit/pLac/1"}]
    assert names(instance, "/autocomplete/rbs_oth", "alice") == ["public/kit/rOther/1", "user/alice/lab/rOther/1"]
    assert names(instance, "/autocomplete/promoter?limit=1") == ["public/kit/pLac/1"]
    assert names(instance, "/autocomplete/%25") == []


def test_limits_of_completion_are_answered_with_their_number(instance: Live) -> None:
    for query, words in (("a?limit=51", "limit=51 is not served"), ("a" * 101, "write up to 100")):
        answer = instance.get(f"/autocomplete/{query}")
        assert answer.status_code == 400
        assert words in answer.text
