"""The advanced search: its form, and the search path that its fields become."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live import PREFIX, Live, live

from synhub.errors import BadRequest
from synhub.rdf import Iri, literal_term
from synhub.search.ast import HasValue, Phrase, SearchQuery, fold
from synhub.search.form import parse_search_form, search_text_of
from synhub.search.grammar import parse_search_path, parse_search_text
from synhub.vocab import DC, PREFIXES

LAB = f"{PREFIX}public/lab/lab_collection/1"
PROMOTER = "http://identifiers.org/so/SO:0000167"
DESIGN = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<sbol:ComponentDefinition rdf:about="http://x.org/pLac/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/pLac"/><sbol:displayId>pLac</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>lac promoter</dcterms:title><dc:creator>Ann O'Neill</dc:creator>
  <dcterms:created>2017-03-01T12:00:00Z</dcterms:created><dcterms:modified>2018-03-01T12:00:00Z</dcterms:modified>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
  <sbol:role rdf:resource="{PROMOTER}"/>
</sbol:ComponentDefinition>
</rdf:RDF>""".encode()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("advanced")
    with live(folder) as instance:
        instance.user("alice")
        instance.user("bob")
        instance.publish("alice", DESIGN, "lab")
        assert (
            instance.submit("bob", DESIGN.replace(b"pLac", b"pBob").replace(b"Ann O'Neill", b"Bob")).status_code == 200
        )
        yield instance


def searched(hub: Live, fields: dict[str, str], who: str | None = None) -> tuple[str, list[str]]:
    """Return the path that the fields lead to, and what is found there."""
    answer = hub.request("POST", "/advancedSearch", who, data=fields, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    path = answer.headers["location"]
    return unquote(path.removeprefix("/search/")), [row["displayId"] for row in hub.get(path, who).json()]


def test_form_offers_what_the_caller_may_see(hub: Live) -> None:
    page = hub.get("/advancedSearch", headers={"Accept": "text/plain"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<option value="ComponentDefinition">ComponentDefinition (1)</option>' in page.text
    assert f'<option value="&lt;{PROMOTER}&gt;">promoter (1)</option>' in page.text
    assert f'<option value="{LAB}">' in page.text
    assert "Ann O&#39;Neill (1)" in page.text and "Bob" not in page.text
    assert "Bob (1)" in hub.get("/advancedSearch", "bob").text


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"adv": "Search"}, "*"),
        ({"adv": "Search", "description": "LAC Promoter"}, '"LAC Promoter"'),
        ({"objectType": "ComponentDefinition", "description": "lac"}, "objectType=ComponentDefinition&lac"),
        ({"role": f"<{PROMOTER}>"}, f"role=<{PROMOTER}>&"),
        ({"roleBelow": "Promoter"}, "roleBelow=Promoter&"),
        ({"creator": "Ann O'Neill"}, "dc:creator='Ann O\\'Neill'&"),
        ({"collections": LAB}, f"collection={LAB}&"),
        (
            {"createdAfter": "2000-01-01", "modifiedAfter": "2000-01-01"},
            "createdAfter=2000-01-01&modifiedAfter=2000-01-01&",
        ),
        ({"searchPred1": "dcterms:title", "searchObj1": "'lac promoter'"}, "dcterms:title='lac promoter'&"),
        ({"searchPred2": "role"}, "role=?any&"),
        ({"latest": "1"}, "latest=1&"),
        ({"searchPred1": "created", "searchObj1": "2017-03-01"}, "created=2017-03-01&"),
    ],
)
def test_search_leads_to_the_path_that_means_the_same(hub: Live, fields: dict[str, str], path: str) -> None:
    where, found = searched(hub, fields)
    assert where == path
    assert "pLac" in found and "pBob" not in found


def test_a_long_value_is_cut_where_it_is_offered(tmp_path: Path) -> None:
    with live(tmp_path) as hub:
        hub.user("alice")
        hub.submit("alice", DESIGN.replace(b"Ann O'Neill", b"Ann " * 750), {"id": "long"})
        page = hub.get("/advancedSearch", "alice", headers={"Accept": "text/html"}).text

    (offered,) = [line for line in page.splitlines() if ">Ann" in line]
    assert offered.endswith("... (1)</option>")
    assert len(offered.partition(">")[2]) < 90


ODD = """it's 'a & b' = "c" \\n, NB: <5"""


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"description": ODD}, '"' + ODD.replace('"', '""') + '"'),
        ({"creator": ODD}, "dc:creator='" + ODD.replace("\\", "\\\\").replace("'", "\\'") + "'&"),
        (
            {"searchPred1": "dcterms:title", "searchObj1": ODD},
            "dcterms:title='" + ODD.replace("\\", "\\\\").replace("'", "\\'") + "'&",
        ),
        ({"searchPred1": "http://x.org/?a=b", "searchObj1": "c&d"}, "<http://x.org/?a=b>='c&d'&"),
        (
            {"searchPred1": "http://x.org/?a=b", "searchObj1": "http://x.org/?c&d"},
            "<http://x.org/?a=b>=<http://x.org/?c&d>&",
        ),
        ({"collections": "http://x.org/?c&d/1"}, "collection=<http://x.org/?c&d/1>&"),
    ],
)
def test_what_is_typed_is_written_so_that_a_path_can_say_it(fields: dict[str, str], path: str) -> None:
    assert search_text_of(fields, Iri) == path


def test_odd_text_is_found_as_it_was_typed(tmp_path: Path) -> None:
    with live(tmp_path) as hub:
        hub.user("alice")
        text = escape(ODD).encode()
        odd = DESIGN.replace(b"lac promoter", text).replace(b"Ann O'Neill", text)
        hub.submit("alice", odd, {"id": "odd"})
        hub.submit("alice", DESIGN.replace(b"pLac", b"plain"), {"id": "plain"})
        for fields in (
            {"description": ODD},
            {"creator": ODD},
            {"searchPred1": "dcterms:title", "searchObj1": ODD},
        ):
            assert searched(hub, fields, "alice")[1] == ["pLac"], fields


@pytest.mark.parametrize("text", ["/?offset=3", "?limit=1&", "lac ?offset=0&limit=2", "what?", "/", "%2F?offset=3"])
def test_text_that_looks_like_paging_is_found_as_text(hub: Live, text: str) -> None:
    titled = DESIGN.replace(b"lac promoter", escape(f"so {text}, or").encode())
    assert hub.submit("bob", titled, {"id": "paging", "overwrite_merge": "1"}).status_code == 200
    for fields in ({"description": text}, {"description": f"so {text}"}):
        assert searched(hub, fields, "bob")[1] == ["pLac"], fields
    assert searched(hub, {"description": text + "4"}, "bob")[1] == []


def test_a_collection_is_named_by_its_name(hub: Live) -> None:
    (root,) = hub.get("/rootCollections").json()
    where, found = searched(hub, {"collections": root["name"], "objectType": "ComponentDefinition"})
    assert where == f"objectType=ComponentDefinition&collection=<{LAB}>&"
    assert found == ["pLac"]
    refused = hub.request("POST", "/advancedSearch", data={"collections": "no such thing"})
    assert refused.status_code == 400 and "there is no collection of that name" in refused.text


def test_filter_shows_the_form_again_with_what_is_left(hub: Live) -> None:
    fields = {"adv": "Filter", "objectType": "Collection", "description": "lab"}
    page = hub.request("POST", "/advancedSearch", data=fields)
    assert page.status_code == 200
    assert '<option value="Collection" selected>Collection (1)</option>' in page.text
    assert "promoter (" not in page.text and 'value="lab"' in page.text
    assert hub.request("POST", "/advancedSearch", data=fields | {"roleBelow": "promotor"}).status_code == 400


def test_what_cannot_be_said_or_is_not_known_is_refused(hub: Live) -> None:
    refused = [
        {"adv": "Remove"},
        {"createdAfter": "today"},
        {"searchObj1": "x"},
        {"searchPred1": "role", "searchObj1": "<promoter>"},
        {"searchPred1": "role", "searchObj1": "sofa:0000167"},
        {"searchPred1": "a b", "searchObj1": "x"},
        {"searchPred1": "globalsequence", "searchObj1": "acgtacgt"},
        {"searchPred1": "id", "searchObj1": "0.9"},
    ]
    for fields in refused:
        assert hub.request("POST", "/advancedSearch", data=fields, follow_redirects=False).status_code == 400, fields
    assert hub.request("POST", "/advancedSearch", data={"adv": "Create"}).status_code == 401


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "description": st.one_of(TEXT, st.sampled_from(["a&b", "x=y", "not", "or", "*", '"', 'a "b" c', "<a>", "a/"])),
        "creator": st.one_of(TEXT, st.sampled_from(["O'Neill & Co", '"', "a\\", "\\'"])),
        "objectType": st.sampled_from(["Sequence", "prov:Activity"]),
        "searchPred1": st.sampled_from(["igem:status", "http://x/?a=b", "created", "role", "objectType"]),
        "searchObj1": st.one_of(TEXT, st.sampled_from(["'a&b'", "a&b", "5", "<http://x/?a=b&c=d>"])),
        "createdBefore": st.just("2017-03-01"),
    },
)


TYPED = st.text(st.sampled_from("&\"'=\\ <>?:/+%*ab\t") | st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(TYPED, TYPED, TYPED)
def test_any_text_that_is_typed_is_what_the_path_asks_for(description: str, creator: str, value: str) -> None:
    value = f"a {value}"  # no term has a blank in it
    fields = {"description": description, "creator": creator, "searchPred1": "igem:status", "searchObj1": value}
    query = parse_search_path(quote(search_text_of(fields, Iri), safe=""))

    status = HasValue(Iri(PREFIXES["igem"] + "status"), (literal_term(value.strip()),))
    names = [HasValue(DC.creator, (literal_term(creator.strip()),))] if creator.strip() else []
    phrase = fold(description.strip().replace("\t", " "))
    assert query == SearchQuery((*names, status), ((Phrase(phrase),),) if phrase else ())


@pytest.mark.parametrize("value", ["'", '"', "'tis", "< 5", "<", "?", "? no", "'a' & 'b'", "NB: new", "5'", "\\", "="])
def test_what_begins_like_a_term_and_is_none_is_text(value: str) -> None:
    query = parse_search_text(search_text_of({"searchPred1": "igem:status", "searchObj1": value}, Iri))
    assert query.criteria == (HasValue(Iri(PREFIXES["igem"] + "status"), (literal_term(value),)),)


@given(FIELDS)
def test_the_path_of_any_fields_means_what_they_mean(fields: dict[str, str]) -> None:
    def find(name: str) -> Iri:
        return Iri(f"http://x/{name}")

    try:
        expected = parse_search_form(fields, find)
    except BadRequest:
        return
    assert parse_search_text(search_text_of(fields, find)) == expected


def test_empty_fields_ask_for_everything() -> None:
    fields = dict.fromkeys(("adv", "objectType", "creator", "description", "collections", "searchPred1"), " ")
    assert parse_search_form(fields, Iri) == SearchQuery()
    assert search_text_of(fields, Iri) == "*"
