"""Sequence searches over HTTP: what is like a sequence, in which order, with which match, and who sees it."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest
from live import PREFIX, Live, live

DNA, PROTEIN = ("http://www.biopax.org/release/biopax-level3.owl#" + n for n in ("DnaRegion", "Protein"))
CIRCULAR = "http://identifiers.org/so/SO:0000988"
NUCLEIC, AMINO = (
    "http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html",
    "http://www.chem.qmul.ac.uk/iupac/AminoAcid/",
)
_RANDOM = random.Random(20)
GENE = "".join(_RANDOM.choice("acgt") for _ in range(400))
RING = "".join(_RANDOM.choice("acgt") for _ in range(300))
SECRET = "".join(_RANDOM.choice("acgt") for _ in range(200))
FRESH = "".join(_RANDOM.choice("acgt") for _ in range(120))
OTHERS = ["".join(_RANDOM.choice("acgt") for _ in range(300)) for _ in range(20)]
GFP = "MSKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKLTLKFICTTGKLPVPWPTL"


def reverse(text: str) -> str:
    return text.translate(str.maketrans("acgt", "tgca"))[::-1]


def changed(text: str, at: list[int]) -> str:
    """The text with other letters at some places."""
    return "".join({"a": "c", "c": "g", "g": "t", "t": "a"}[c] if n in at else c for n, c in enumerate(text))


NEAR = changed(GENE, list(range(5, 400, 20)))  # 20 of 400: 95 %
FAR = changed(GENE, list(range(3, 400, 8)))  # 50 of 400: 87.5 %


def part(name: str, elements: str, *types: str, encoding: str = NUCLEIC) -> str:
    kinds = "".join(f'<sbol:type rdf:resource="{t}"/>' for t in types or (DNA,))
    return f"""
  <sbol:ComponentDefinition rdf:about="http://a/{name}/1">
    <sbol:persistentIdentity rdf:resource="http://a/{name}"/><sbol:displayId>{name}</sbol:displayId>
    <sbol:version>1</sbol:version><dcterms:title>{name} part</dcterms:title>{kinds}
    <sbol:sequence rdf:resource="http://a/{name}_seq/1"/>
  </sbol:ComponentDefinition>
  <sbol:Sequence rdf:about="http://a/{name}_seq/1">
    <sbol:persistentIdentity rdf:resource="http://a/{name}_seq"/><sbol:displayId>{name}_seq</sbol:displayId>
    <sbol:version>1</sbol:version><sbol:elements>{elements}</sbol:elements>
    <sbol:encoding rdf:resource="{encoding}"/>
  </sbol:Sequence>"""


def document(*parts: str) -> bytes:
    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">{"".join(parts)}</rdf:RDF>""".encode()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A public lab; alice has a better match of the gene than anybody may see, and a secret."""
    folder: Path = tmp_path_factory.mktemp("sequences")
    with live(folder) as instance:
        for user in ("alice", "bob"):
            instance.user(user)
        public = [part("near", NEAR), part("far", FAR), part("back", reverse(NEAR))]
        public += [part("plasmid", RING, DNA, CIRCULAR), part("same_ring", RING)]
        public += [part("gfp", GFP, PROTEIN, encoding=AMINO)]
        public += [part(f"other{n}", text) for n, text in enumerate(OTHERS)]
        instance.publish("alice", document(*public), "lab")
        alike = changed(SECRET, [110, 150])
        private = document(part("gene", GENE), part("secret", SECRET), part("alike", alike))
        assert instance.submit("alice", private).text == "Successfully uploaded"
        yield instance


def rows(hub: Live, path: str, who: str | None = None) -> list[tuple[str, str, str]]:
    answer = hub.get(path, who)
    assert answer.status_code == 200, answer.text
    return [(row["displayId"], row["percentMatch"], row["strandAlignment"]) for row in answer.json()]


def found(hub: Live, path: str, who: str | None = None) -> list[str]:
    """The rows, which are as many as are counted."""
    names = [name for name, _, _ in rows(hub, f"/search/{path}", who)]
    assert hub.get(f"/searchCount/{path}", who).text == str(len(names))
    return names


def test_a_global_search_finds_what_aligns_the_best_first(hub: Live) -> None:
    path = f"/search/globalsequence={GENE}&"

    public = [("back", "95.0", "-"), ("near", "95.0", "+"), ("far", "87.5", "+")]
    assert rows(hub, path) == rows(hub, path, "bob") == public
    assert rows(hub, path, "alice") == [("gene", "100.0", "+"), *public]
    assert hub.get(path, "alice").json()[0]["CIGAR"] == "400="


def test_identity_and_lengths_bound_what_is_found(hub: Live) -> None:
    assert found(hub, f"globalsequence={GENE}&id=0.9&") == ["back", "near"]
    assert found(hub, f"globalsequence={GENE}&minseqlength=401&") == []
    assert found(hub, f"globalsequence={GENE}&maxseqlength=399&") == []
    assert found(hub, f"globalsequence={GENE}&maxseqlength=400&id=0.9&") == ["back", "near"]


def test_the_best_are_counted_among_what_the_caller_sees(hub: Live) -> None:
    """alice's gene is nearer than all others, and takes nobody's place."""
    path = f"globalsequence={GENE}&maxaccepts=1&"
    answer = hub.get(f"/search/{path}")

    assert found(hub, path) == found(hub, path, "bob") == ["back"]
    assert answer.headers["x-search-note"] == "the best 1 sequences, as maxaccepts=1 asks for; there may be more"
    assert found(hub, path, "alice") == ["gene"]
    assert found(hub, f"globalsequence={GENE}&maxaccepts=1&near") == ["near"]


def test_an_exact_search_finds_the_other_strand_and_says_so(hub: Live) -> None:
    assert rows(hub, f"/search/sequence={NEAR.upper()}&") == [("back", "100.0", "-"), ("near", "100.0", "+")]
    assert found(hub, f"sequence={GENE}&") == []
    assert found(hub, f"sequence={GENE}&", "alice") == ["gene"]


def test_an_exact_search_is_a_flag_of_every_search_by_letters(hub: Live) -> None:
    assert found(hub, f"globalsequence={NEAR}&search_exact=True&") == ["back", "near"]
    assert found(hub, f"search_exact=true&globalsequence={GENE}&") == []


def test_a_part_is_found_on_both_strands_with_ambiguous_letters_and_errors(hub: Live) -> None:
    piece = GENE[6:25]  # the same in near
    assert found(hub, f"subsequence={piece}&") == found(hub, f"subsequence={reverse(piece)}&")
    assert found(hub, f"subsequence={piece}&") == ["back", "near"]
    ambiguous = "nnn" + piece[3:8] + "ry"[piece[8] in "ct"] + piece[9:]
    assert set(found(hub, f"subsequence={ambiguous}&")) >= {"back", "near"}
    assert found(hub, f"subsequence={GENE[:40]}&") == []
    assert set(found(hub, f"subsequence={GENE[:40]}&id=0.9&")) == {"back", "near"}


def test_a_part_goes_over_the_origin_of_what_is_circular_only(hub: Live) -> None:
    assert set(found(hub, f"subsequence={RING[100:130]}&")) == {"plasmid", "same_ring"}
    assert found(hub, f"subsequence={RING[-15:]}{RING[:15]}&") == ["plasmid"]


def test_a_protein_is_found_by_a_part_of_it(hub: Live) -> None:
    assert found(hub, f"subsequence={GFP[10:30]}&") == ["gfp"]
    assert rows(hub, f"/search/globalsequence={GFP[:20] + 'AA' + GFP[22:]}&") == [("gfp", "96.6", "+")]


def test_a_sequence_goes_with_other_criteria_text_and_pages(hub: Live) -> None:
    path = f"globalsequence={GENE}&"
    assert found(hub, f"objectType=ComponentDefinition&{path}far") == ["far"]
    assert found(hub, f"{path}displayId='near'&") == ["near"]
    assert found(hub, f"objectType=Collection&{path}") == []
    pages = [rows(hub, f"/search/{path}?offset={n}&limit=1") for n in range(4)]
    assert [name for page in pages for name, _, _ in page] == ["back", "near", "far"]
    assert [name for name, _, _ in rows(hub, f"/search/{path}?sort=-name")] == ["near", "far", "back"]
    facets = hub.get(f"/facets/{path}").json()
    assert [(facet["value"], facet["count"]) for facet in facets["types"]] == [
        ("http://sbols.org/v2#ComponentDefinition", 3)
    ]


def test_the_query_says_which_sequences_were_found(hub: Live) -> None:
    shown = hub.get(f"/search/globalsequence={GENE}&?explain=sparql").text

    assert f"<{PREFIX}public/lab/near_seq/1>" in shown
    assert "alice" not in shown
    answer = hub.get("/sparql?query=" + quote(shown), headers={"Accept": "application/sparql-results+json"})
    assert {b["displayId"]["value"] for b in answer.json()["results"]["bindings"]} == {"back", "near", "far"}


def test_what_is_submitted_is_found_at_once(hub: Live) -> None:
    assert found(hub, f"subsequence={FRESH[:60]}&", "bob") == []
    assert hub.submit("bob", document(part("fresh", FRESH)), {"id": "fresh"}).text == "Successfully uploaded"
    assert found(hub, f"subsequence={FRESH[:60]}&", "bob") == ["fresh"]
    assert found(hub, f"subsequence={FRESH[:60]}&") == []


# --- files -----------------------------------------------------------------------------------------------------------


def send(hub: Live, data: bytes, who: str | None = None, name: str = "query.fa") -> httpx.Response:
    return hub.request("POST", "/sequenceQuery", who, files={"file": (name, data)})


def test_a_file_is_kept_under_a_token_that_searches(hub: Live) -> None:
    answer = send(hub, f">one\n{GENE[:200]}\n{GENE[200:]}\n>two\n{GFP}\n".encode())

    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert kept["sequences"] == [
        {"name": "one", "length": 400, "alphabet": "nucleotide"},
        {"name": "two", "length": len(GFP), "alphabet": "protein"},
    ]
    assert answer.headers["location"] == kept["search"] == f"/search/file_search={kept['token']}&"
    assert [name for name, _, _ in rows(hub, kept["search"])] == ["back", "near", "far", "gfp"]
    assert found(hub, f"file_search={kept['token']}&search_exact=true&") == ["gfp"]


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (GENE.encode(), 400),
        (f"  1 {GENE[:60]}\n 61 {GENE[60:]}\n//\n".encode(), 400),
        (document(part("x", GENE)), 400),
    ],
)
def test_letters_and_designs_are_read_as_well(hub: Live, data: bytes, length: int) -> None:
    body = hub.request("POST", "/sequenceQuery", content=data, headers={"Content-Type": "text/plain"})

    assert [record["length"] for record in body.json()["sequences"]] == [length], body.text
    assert [record["length"] for record in send(hub, data).json()["sequences"]] == [length]


def test_a_token_is_its_uploader_s(hub: Live) -> None:
    token = send(hub, GENE.encode(), "alice").json()["token"]

    assert found(hub, f"file_search={token}&", "alice")[0] == "gene"
    for who in (None, "bob"):
        answer, absent = (hub.get(f"/search/file_search={t}&", who) for t in (token, "A" * 32))
        assert (answer.status_code, answer.text) == (400, absent.text.replace("A" * 32, token))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "there are no letters in the file"),
        (b"\x00\x01\xff", "is no sequence"),
        (b"12 34", "no letters"),
        (b"no sequence of anything!", "no sequence of nucleotides or amino acids"),
        (document(), "no sequence in"),
        ("".join(f">s{n}\nacgtacgt{'acgt'[n % 4]}{'a' * n}\n" for n in range(21)).encode(), "at most 20 at once"),
    ],
)
def test_a_file_without_a_sequence_is_refused_with_the_reason(hub: Live, data: bytes, words: str) -> None:
    answer = send(hub, data)

    assert answer.status_code in (400, 413), answer.text
    assert words in answer.json()["detail"]


def test_a_path_is_no_token(hub: Live) -> None:
    answer = hub.get("/search/file_search=" + quote("/etc/passwd", safe="") + "&")

    assert (answer.status_code, "is no token: send the file to POST /sequenceQuery" in answer.text) == (400, True)


# --- the form --------------------------------------------------------------------------------------------------------


def test_the_form_leads_to_the_search(hub: Live) -> None:
    for path in ("/sbsearch", "/sequenceSearch"):
        page = hub.get(path)
        assert (page.status_code, page.text[:15]) == (200, "<!DOCTYPE html>")
        assert 'action="/sbsearch"' in page.text

    def asked(**fields: str) -> str:
        files = {name: (None, value) for name, value in fields.items()}
        answer = hub.request("POST", "/sbsearch", files=files, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return unquote(answer.headers["location"])

    assert asked(sequenceInput=" acgt\nacgt ", searchMethod="global", maxAccepts="50", id="0.9", iddef="") == (
        "/search/globalsequence=acgtacgt&maxaccepts=50&id=0.9&"
    )
    assert asked(sequenceInput="acgtacgt", searchMethod="exact") == "/search/sequence=acgtacgt&"
    assert asked(sequenceInput="acgtacgt", searchMethod="part") == "/search/subsequence=acgtacgt&"
    location = asked(sequenceInput=f">pasted\n{GENE}", searchMethod="global", maxAccepts="2")
    assert [name for name, _, _ in rows(hub, location)] == ["back", "near"]


def test_a_form_without_a_sequence_is_refused(hub: Live) -> None:
    answer = hub.request("POST", "/sbsearch", files={"sequenceInput": (None, " ")}, follow_redirects=False)

    assert (answer.status_code, answer.text) == (400, "There is no sequence: write one, or choose a file")


def test_the_page_shows_the_match_of_each(hub: Live) -> None:
    page = hub.get(f"/search/globalsequence={GENE}&maxaccepts=2&", headers={"Accept": "text/html"}).text

    assert "95.0 % on the reverse strand" in page
    assert "Not all: the best 2 sequences, as maxaccepts=2 asks for; there may be more." in page


# --- similar ---------------------------------------------------------------------------------------------------------

NEAR_PATH = "/public/lab/near/1"


def test_similar_are_the_other_objects_that_align(hub: Live) -> None:
    assert rows(hub, f"{NEAR_PATH}/similar") == [("back", "100.0", "-"), ("far", "82.5", "+")]
    assert hub.get(f"{NEAR_PATH}/similarCount").text == "2"
    assert [name for name, _, _ in rows(hub, f"{NEAR_PATH}/similar", "alice")] == ["back", "gene", "far"]
    assert [name for name, _, _ in rows(hub, f"{NEAR_PATH}/similar?id=0.9")] == ["back"]
    assert [name for name, _, _ in rows(hub, f"{NEAR_PATH}/similar?offset=1&limit=1")] == ["far"]
    assert {name for name, _, _ in rows(hub, "/public/lab/near_seq/1/similar")} == {"near", "back", "far"}
    assert hub.get("/public/lab/near_seq/1/twins").text == "[]"


def test_circular_objects_are_similar_wherever_they_begin(hub: Live) -> None:
    hub.user("erin")
    ring = OTHERS[0]
    turns = [part(f"ring{n}", ring[n:] + ring[:n], DNA, CIRCULAR) for n in (0, 5, 30, 150)]
    linear = [part("line", ring[60:] + ring[:60]), part("line_turned", ring[90:] + ring[:90])]
    assert hub.submit("erin", document(*turns, *linear)).text == "Successfully uploaded"

    for identity in ("0.5", "0.8", "0.95"):
        names = ["line", "line_turned", "other0", "ring0", "ring150", "ring30"]
        alike = rows(hub, f"/user/erin/lab/ring5/1/similar?id={identity}", "erin")
        assert sorted(name for name, percent, _ in alike if percent == "100.0") == names
    names = [name for name, percent, _ in rows(hub, "/user/erin/lab/line/1/similar", "erin") if percent == "100.0"]
    assert sorted(names) == ["ring0", "ring150", "ring30", "ring5"]


def test_what_holds_an_object_is_similar_only_when_the_ends_do_not_count(hub: Live) -> None:
    hub.user("dave")
    unit = document(part("unit", OTHERS[1] + NEAR + OTHERS[2]))
    assert hub.submit("dave", unit).text == "Successfully uploaded"

    assert [name for name, _, _ in rows(hub, f"{NEAR_PATH}/similar", "dave")] == ["back", "far"]
    assert ("unit", "100.0", "+") in rows(hub, f"{NEAR_PATH}/similar?iddef=2", "dave")


@pytest.mark.parametrize(
    "path", ["/public/lab/nothing/1", "/public/lab/lab_collection/1", "/user/alice/lab/secret/1", "/user/carol/lab/x/1"]
)
def test_what_is_not_there_or_not_to_be_seen_or_has_no_sequence_is_similar_to_nothing(hub: Live, path: str) -> None:
    for who in (None, "bob"):
        assert hub.get(f"{path}/similar", who).text == "[]"
        assert hub.get(f"{path}/similarCount", who).text == "0"


def test_a_private_sequence_is_similar_to_nothing_that_a_stranger_asks_about(hub: Live) -> None:
    assert rows(hub, "/user/alice/lab/secret/1/similar", "alice") == [("alike", "99.0", "+")]
    assert found(hub, f"subsequence={SECRET[:50]}&") == []
    assert found(hub, f"subsequence={SECRET[:50]}&", "alice") == ["alike", "secret"]


def test_a_share_link_shows_what_is_similar_and_readable(hub: Live) -> None:
    one = hub.share("alice", "/user/alice/lab/secret/1")
    assert rows(hub, f"/user/alice/lab/secret/1/{one}/share/similar") == []  # it does not open the sequence

    collection = hub.share("alice", "/user/alice/lab/lab_collection/1")
    shared = f"/user/alice/lab/secret/1/{collection}/share"
    for who in (None, "bob"):
        assert rows(hub, f"{shared}/similar", who) == [("alike", "99.0", "+")]
        assert hub.get(f"{shared}/similarCount", who).text == "1"
    assert rows(hub, f"/user/alice/lab/gene/1/{collection}/share/similar?maxaccepts=1") == [("back", "95.0", "-")]


def test_similar_in_a_browser_is_a_page(hub: Live) -> None:
    page = hub.get(f"{NEAR_PATH}/similar", headers={"Accept": "text/html"})

    assert (page.status_code, "Similar of near" in page.text) == (200, True)


@pytest.mark.parametrize(
    ("query", "words"),
    [("id=7", "id=7 is out of range"), ("iddef=x", "iddef='x'"), ("sort=name", "leave sort away")],
)
def test_similar_refuses_options_out_of_range(hub: Live, query: str, words: str) -> None:
    answer = hub.get(f"{NEAR_PATH}/similar?{query}")

    assert (answer.status_code, words in answer.text) == (400, True), answer.text


def test_json_has_the_members_of_a_classic_row(hub: Live) -> None:
    (row, *_) = json.loads(hub.get(f"{NEAR_PATH}/similar").text)

    assert list(row) == [
        *("type", "uri", "name", "description", "displayId", "version", "sbolType", "role"),
        *("percentMatch", "strandAlignment", "CIGAR"),
    ]


def test_what_is_removed_is_found_no_more(hub: Live) -> None:
    gone = document(part("gone", FRESH[::-1]))
    assert hub.submit("bob", gone, {"id": "going"}).text == "Successfully uploaded"
    assert found(hub, f"subsequence={FRESH[::-1][20:80]}&", "bob") == ["gone"]

    assert hub.get("/user/bob/going/going_collection/1/removeCollection", "bob").status_code == 200

    assert found(hub, f"subsequence={FRESH[::-1][20:80]}&", "bob") == []
    assert hub.get("/searchCount/sequence=" + FRESH[::-1] + "&", "bob").text == "0"


def test_a_remote_search_is_the_same_search(hub: Live) -> None:
    path = f"globalsequence={GENE}&maxaccepts=2&"

    assert hub.get(f"/remoteSearch/{path}").json() == hub.get(f"/search/{path}").json()


def test_a_text_that_is_no_sequence_of_letters_leaves_the_search_to_others(tmp_path: Path) -> None:
    smiles = "http://www.opensmiles.org/opensmiles.html"
    with live(tmp_path) as own:
        own.user("alice")
        assert own.submit("alice", document(part("acid", "CC(=O)O", encoding=smiles))).status_code == 200
        assert rows(own, f"/search/globalsequence={GENE}&", "alice") == []
        fields = {"id": "genes", "name": "genes"}
        assert own.submit("alice", document(part("gene", GENE)), fields).status_code == 200
        assert [row[0] for row in rows(own, f"/search/globalsequence={GENE}&", "alice")] == ["gene"]
        own.hub.sequences.settle()
        assert [row[0] for row in rows(own, f"/search/subsequence={GENE[7:50]}&", "alice")] == ["gene"]
        assert [row[0] for row in rows(own, "/search/sequence=CC(%3DO)O&", "alice")] == ["acid"]
    with live(tmp_path) as own:
        own.hub.sequences.settle()
        token = own.hub.accounts.find_by_login("alice")
        assert token is not None
        own.tokens["alice"] = own.hub.accounts.create_token(token)
        assert [row[0] for row in rows(own, f"/search/globalsequence={GENE}&", "alice")] == ["gene"]
