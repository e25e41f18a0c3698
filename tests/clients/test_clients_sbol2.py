"""`sbol2.PartShop` against a real server: IRIs that begin with the address it uses, and IRIs that do not.

Names are looked up by full IRI: look-up by displayId depends on the version of `packaging` that is installed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sbol2
from clients_http import post
from clients_server import EMAIL, OTHER, PASSWORD, USER, Server, running
from sbol2.sbolerror import SBOLErrorCode
from urllib3.exceptions import HTTPError

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
PROMOTER = "http://identifiers.org/so/SO:0000167"
TITLE = "http://purl.org/dc/terms/title"
SPOOFED = "https://parts.example"
PROMOTERS = {"BBa_J23100", "BBa_J23101", "BBa_J23106", "BBa_R0010", "BBa_R0040"}


@pytest.fixture(autouse=True, scope="module")
def no_online_validation() -> Iterator[None]:
    """Without this, writing a document asks a validator on the internet."""
    before = sbol2.Config.getOption("validate")
    sbol2.Config.setOption("validate", False)
    yield
    sbol2.Config.setOption("validate", before)


@pytest.fixture(scope="module", params=["same", "spoofed"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    options = ["--uri-prefix", SPOOFED + "/"] if request.param == "spoofed" else []
    with running(tmp_path_factory.mktemp("sbol2"), *options) as server:
        assert (server.url == server.prefix) is (request.param == "same")
        yield server


def anonymous(server: Server) -> Any:
    return sbol2.PartShop(server.url, "" if server.url == server.prefix else server.prefix)


def logged_in(server: Server, user: str) -> Any:
    shop = anonymous(server)
    shop.login(user, PASSWORD)
    return shop


@pytest.fixture
def shop(server: Server) -> Any:
    return logged_in(server, USER)


def design(identifier: str, file: str = "promoter.xml") -> Any:
    document = sbol2.Document()
    document.read(str(FIXTURES / file))
    document.displayId, document.version = identifier, "1"
    document.name, document.description = "Parts", "Some parts"
    return document


def code(raised: pytest.ExceptionInfo[sbol2.SBOLError]) -> SBOLErrorCode:
    found = raised.value.error_code()
    assert isinstance(found, SBOLErrorCode)
    return found


def pulled(shop: Any, uri: str, *, recursive: bool = True) -> Any:
    document = sbol2.Document()
    shop.pull(uri, document, recursive)
    return document


def names(document: Any) -> set[str]:
    return {str(top_level.displayId) for top_level in document.SBOLObjects.values()}


def test_login_by_name_and_by_address_gives_a_token(server: Server) -> None:
    for who in (USER, EMAIL):
        shop = anonymous(server)
        assert shop.login(who, PASSWORD).text == shop.key
        assert len(shop.key) == 36
        assert shop.sparqlQuery("SELECT ?s WHERE { ?s ?p ?o } LIMIT 1").status_code == 200


def test_wrong_password_is_a_bad_request_of_sbol2(server: Server) -> None:
    with pytest.raises(sbol2.SBOLError) as raised:
        anonymous(server).login(USER, "wrong")
    assert code(raised) == SBOLErrorCode.SBOL_ERROR_BAD_HTTP_REQUEST


def test_submit_in_the_four_modes(server: Server, shop: Any) -> None:
    base = f"{server.prefix}/user/{USER}/modes"
    collection = f"{base}/modes_collection/1"

    def title() -> str:
        return str(pulled(shop, f"{base}/BBa_B0034/1", recursive=False).componentDefinitions[0].name)

    assert shop.submit(design("modes")).text == "Successfully uploaded"
    with pytest.raises(HTTPError) as taken:
        shop.submit(design("modes"))
    assert str(taken.value) == "HTTP post request failed with: 400 - b'Submission id and version already in use'"

    assert shop.submit(design("other", "device.xml"), collection, 2).text == "Successfully uploaded"
    assert shop.submit(design("other", "device.xml"), collection, 2).text == "Successfully uploaded"
    before = title()
    with pytest.raises(HTTPError) as differs:
        shop.submit(design("other", "device_changed.xml"), collection, 2)
    assert str(differs.value) == (
        "HTTP post request failed with: 400 - b'Submission terminated.\\nA submission with this id already exists, "
        f"and it includes an object: {base}/BBa_B0034/1 that is already in this repository and has different content'"
    )
    assert title() == before
    assert shop.submit(design("other", "device_changed.xml"), collection, 3).text == "Successfully uploaded"
    assert title() != before
    merged = pulled(shop, collection)
    [root] = [found for found in merged.collections if found.identity == collection]
    assert (root.name, root.description) == ("Parts", "Some parts")
    assert not any("other" in name for name in names(merged))

    with pytest.raises(HTTPError) as absent:
        shop.submit(design("x"), f"{base}/none_collection/1", 2)
    assert str(absent.value) == "HTTP post request failed with: 400 - b'Submission id and version do not exist'"

    # with 1 the collection that is named does not count: id and version do
    assert shop.submit(design("modes"), collection, 1).text == "Successfully uploaded"
    assert names(pulled(shop, collection)) == {"modes_collection", "BBa_J23101", "BBa_J23101_sequence"}


def test_submit_into_a_collection_named_by_its_address(server: Server, shop: Any) -> None:
    """A client that knows the repository by its address gives the collection so; it changes the text itself."""
    assert shop.submit(design("by_address")).status_code == 200
    address = f"{server.url}/user/{USER}/by_address/by_address_collection/1"

    assert shop.submit(design("by_address", "device.xml"), address, 2).text == "Successfully uploaded"


def test_submit_without_login(server: Server) -> None:
    with pytest.raises(HTTPError, match="You must login with valid credentials before submitting"):
        anonymous(server).submit(design("nobody"))


def test_pull_follows_references_and_nonrecursive_does_not(server: Server) -> None:
    shop, uri = anonymous(server), f"{server.prefix}/public/demo/BBa_I13504/1"

    whole, alone = pulled(shop, uri), pulled(shop, uri, recursive=False)

    assert names(alone) == {"BBa_I13504"}
    assert {"BBa_I13504", "BBa_I13504_sequence", "BBa_B0034", "BBa_E0040", "BBa_B0010_sequence"} <= names(whole)
    assert len(alone.componentDefinitions.get(uri).components) == 3
    annotations = alone.componentDefinitions.get(uri).sequenceAnnotations
    assert all(len(annotation.locations) == 1 for annotation in annotations) and len(annotations) == 3


def test_pull_takes_a_list_an_iri_without_version_and_what_stands_behind_the_resource(server: Server) -> None:
    shop = anonymous(server)
    document = sbol2.Document()
    shop.pull([f"{server.prefix}/public/demo/{name}" for name in ("BBa_R0010", "BBa_R0040/1")], document)
    assert names(document) == {"BBa_R0010", "BBa_R0010_sequence", "BBa_R0040", "BBa_R0040_sequence"}

    demo = sbol2.PartShop(f"{server.url}/public/demo")
    assert names(pulled(demo, "BBa_R0010", recursive=False)) == {"BBa_R0010"}


def test_what_was_submitted_comes_back(server: Server, shop: Any) -> None:
    assert shop.submit(design("back", "device.xml")).status_code == 200
    sent, base = design("back", "device.xml"), f"{server.prefix}/user/{USER}/back"

    found = pulled(shop, f"{base}/back_collection/1")

    assert names(found) == names(sent) | {"back_collection"}
    for sequence in sent.sequences:
        assert found.sequences.get(f"{base}/{sequence.displayId}/1").elements == sequence.elements


def test_pull_of_what_is_absent_or_private(server: Server, shop: Any) -> None:
    assert shop.submit(design("hidden")).status_code == 200
    private = f"{server.prefix}/user/{USER}/hidden/BBa_J23101/1"
    assert "BBa_J23101" in names(pulled(shop, private))
    for who, uri in ((shop, f"{server.prefix}/public/demo/none/1"), (anonymous(server), private)):
        with pytest.raises(sbol2.SBOLError) as raised:
            pulled(who, uri)
        assert code(raised) == SBOLErrorCode.SBOL_ERROR_NOT_FOUND


def test_search_general(server: Server) -> None:
    shop = anonymous(server)

    found = shop.search("ANDERSON")
    assert {part.displayId for part in found} == {"BBa_J23100", "BBa_J23101", "BBa_J23106"}
    assert {part.identity for part in found} == {
        f"{server.prefix}/public/demo/{name}/1" for name in ("BBa_J23100", "BBa_J23101", "BBa_J23106")
    }
    assert {part.version for part in found} == {"1"}
    assert [part.displayId for part in shop.search("sequence", sbol2.SBOL_SEQUENCE, 0, 50)] == sorted(
        part.displayId for part in shop.search("sequence", sbol2.SBOL_SEQUENCE, 0, 50)
    )
    assert shop.search("nothing/2 is called é%&?#so") == []
    assert len(shop.search("BBa", sbol2.SBOL_COMPONENT_DEFINITION, 0, 4)) == 4
    assert len(shop.search("BBa", sbol2.SBOL_COMPONENT_DEFINITION, 10, 50)) == 3


def test_search_exact(server: Server) -> None:
    shop = anonymous(server)

    def exact(text: str, prop: str, limit: int = 25) -> set[str]:
        return {p.displayId for p in shop.search(text, sbol2.SBOL_COMPONENT_DEFINITION, prop, 0, limit)}

    assert exact(PROMOTER, sbol2.SBOL_ROLES) == PROMOTERS
    assert len(exact(PROMOTER, sbol2.SBOL_ROLES, 2)) == 2
    assert exact("BBa_R0010", sbol2.SBOL_DISPLAY_ID) == {"BBa_R0010"}
    assert exact("pLac", TITLE) == {"BBa_R0010"}
    assert exact("T1 terminator", TITLE) == {"BBa_B0010"}  # the space is sent as a plus
    assert exact("pLa", TITLE) == set()


def test_search_advanced_and_count(server: Server) -> None:
    shop = anonymous(server)
    query = sbol2.SearchQuery(sbol2.SBOL_COMPONENT_DEFINITION, 0, 100)
    query[sbol2.SBOL_COLLECTION] = ""  # without one, sbol2 raises before it sends anything
    query[sbol2.SBOL_ROLES] = PROMOTER
    assert {part.displayId for part in shop.search(query)} == PROMOTERS
    assert shop.searchCount(query) == 5
    query[sbol2.SBOL_COLLECTION] = f"{server.prefix}/public/demo/promoters/1"
    assert shop.searchCount(query) == 5
    query[sbol2.SBOL_COLLECTION] = f"{server.prefix}/public/demo/terminators/1"
    assert shop.search(query) == []
    assert shop.searchCount(query) == 0
    titled = sbol2.SearchQuery(sbol2.SBOL_COMPONENT_DEFINITION, 0, 100)
    titled[sbol2.SBOL_COLLECTION] = f"{server.prefix}/public/demo/terminators"
    titled[TITLE] = "T1 terminator"
    assert [part.displayId for part in shop.search(titled)] == ["BBa_B0010"]
    assert shop.searchCount("anderson") == 3
    assert shop.searchCount("sequence", sbol2.SBOL_SEQUENCE) == 13


def test_search_sees_what_the_token_sees(server: Server, shop: Any) -> None:
    document = design("mine", "device.xml")
    assert shop.submit(document).status_code == 200

    assert {part.displayId for part in shop.search("gfp_device")} == {"gfp_device"}
    assert anonymous(server).search("gfp_device") == []
    assert anonymous(server).searchCount("gfp_device") == 0


def test_sparql_with_the_graph_that_sbol2_names(server: Server, shop: Any) -> None:
    """It puts `FROM <…/user/NAME>` before the first WHERE, with no name when nobody has logged in."""
    assert shop.submit(design("graph")).status_code == 200
    query = f"SELECT ?s WHERE {{ ?s <{TITLE}> ?t FILTER(STRSTARTS(STR(?s), '{server.prefix}')) }}"

    def subjects(who: Any, text: str) -> set[str]:
        answer = json.loads(who.sparqlQuery(text).text)
        return {row["s"]["value"] for row in answer["results"]["bindings"]}

    own = subjects(shop, query)
    assert f"{server.prefix}/user/{USER}/graph/BBa_J23101/1" in own
    assert all(subject.startswith(f"{server.prefix}/user/{USER}/") for subject in own)
    public = subjects(anonymous(server), query)
    assert f"{server.prefix}/public/demo/BBa_R0010/1" in public
    assert all(subject.startswith(f"{server.prefix}/public/") for subject in public)
    assert subjects(shop, query.replace("WHERE", "where")) >= own | public
    with pytest.raises(sbol2.SBOLError) as raised:
        shop.sparqlQuery("SELECT ?s WHERE { nonsense")
    assert code(raised) == SBOLErrorCode.SBOL_ERROR_BAD_HTTP_REQUEST
    shop.user = "bob"
    with pytest.raises(sbol2.SBOLError) as foreign:
        shop.sparqlQuery(query)
    assert code(foreign) == SBOLErrorCode.SBOL_ERROR_BAD_HTTP_REQUEST


def test_token_that_is_set_by_hand(server: Server, shop: Any) -> None:
    """Many programs do so; the user's name stays empty then."""
    assert shop.submit(design("by_hand")).status_code == 200
    other = anonymous(server)
    other.key = shop.key

    assert "BBa_J23101" in names(pulled(other, f"{server.prefix}/user/{USER}/by_hand/BBa_J23101/1"))
    assert other.sparqlQuery("SELECT ?s WHERE { ?s ?p ?o } LIMIT 1").status_code == 200
    assert other.submit(design("by_hand_2")).status_code == 200


def test_pull_brings_what_an_activity_has_used_and_leaves_the_documents_version(server: Server, shop: Any) -> None:
    assert shop.submit(design("built", "activity.xml")).status_code == 200
    whole = pulled(shop, f"{server.prefix}/user/{USER}/built/built_collection/1")
    assert len(whole.activities) == len(design("built", "activity.xml").activities) > 0

    document = sbol2.Document()
    document.version = "7"
    shop.pull(f"{server.prefix}/public/demo/BBa_R0010/1", document)
    assert document.version == "7"


@pytest.mark.parametrize("file", ["noncompliant.xml", "versions.xml", "unversioned.xml", "annotations.xml"])
def test_every_stored_version_is_one_that_sbol2_reads(server: Server, shop: Any, file: str) -> None:
    """One version that is none of Python's makes a whole search of sbol2 raise ValueError."""
    identifier = "read_" + file.removesuffix(".xml")
    form = {"id": identifier, "version": "1", "name": identifier, "description": "d", "overwrite_merge": "0"}
    with (FIXTURES / file).open("rb") as opened:
        answer = post(f"{server.url}/submit", data=form, files={"file": opened}, headers={"X-authorization": shop.key})
    assert answer.text == "Successfully uploaded"
    collection = f"{server.prefix}/user/{USER}/{identifier}/{identifier}_collection/1"

    for kind in (sbol2.SBOL_COMPONENT_DEFINITION, sbol2.SBOL_SEQUENCE, sbol2.SBOL_COLLECTION):
        query = sbol2.SearchQuery(kind, 0, 100)
        query[sbol2.SBOL_COLLECTION] = collection
        assert len(shop.search(query)) == shop.searchCount(query)
    assert collection in [found.identity for found in pulled(shop, collection).collections]


# --- attachments and removal


def attachments(shop: Any, uri: str) -> dict[str, str]:
    """The IRIs of an object's attachments by their names."""
    return {str(found.name): str(found.identity) for found in pulled(shop, uri).attachments}


def test_attached_file_comes_back(server: Server, shop: Any, tmp_path: Path) -> None:
    assert shop.submit(design("attached")).status_code == 200
    uri = f"{server.prefix}/user/{USER}/attached/BBa_J23101/1"
    address = uri.replace(server.prefix, server.url)  # sbol2 takes the IRI as the address here
    source = tmp_path / "my results, 1.csv"
    source.write_bytes(b"well,OD600\r\nA1,0.42\r\n")

    assert shop.attachFile(address, str(source)) is None

    [(name, attachment)] = attachments(shop, uri).items()
    assert name == "my results, 1.csv"
    folder = tmp_path / "to"
    folder.mkdir()
    shop.downloadAttachment(attachment, str(folder))
    assert [path.name for path in folder.iterdir()] == [name]
    shop.downloadAttachment(attachment, str(tmp_path / "named"))
    assert (folder / name).read_bytes() == (tmp_path / "named").read_bytes() == source.read_bytes()


def test_attaching_and_downloading_without_right(server: Server, shop: Any, tmp_path: Path) -> None:
    assert shop.submit(design("guarded")).status_code == 200
    uri = f"{server.prefix}/user/{USER}/guarded/BBa_J23101/1"
    address = uri.replace(server.prefix, server.url)
    source = tmp_path / "file.txt"
    source.write_text("text")
    assert shop.attachFile(address, str(source)) is None
    [attachment] = attachments(shop, uri).values()

    for who in (anonymous(server), logged_in(server, OTHER)):
        with pytest.raises(sbol2.SBOLError) as raised:
            who.attachFile(address, str(source))
        assert code(raised) == SBOLErrorCode.SBOL_ERROR_HTTP_UNAUTHORIZED
        with pytest.raises(sbol2.SBOLError) as hidden:
            who.downloadAttachment(attachment, str(tmp_path))
        assert code(hidden) == SBOLErrorCode.SBOL_ERROR_NOT_FOUND
    with pytest.raises(sbol2.SBOLError, match="404"):
        shop.attachFile(address.replace("BBa_J23101", "none"), str(source))
    with pytest.raises(sbol2.SBOLError) as no_attachment:
        shop.downloadAttachment(uri, str(tmp_path))
    assert code(no_attachment) == SBOLErrorCode.SBOL_ERROR_NOT_FOUND


def test_remove(server: Server, shop: Any) -> None:
    assert shop.submit(design("removed")).status_code == 200
    uri = f"{server.prefix}/user/{USER}/removed/BBa_J23101/1"

    with pytest.raises(sbol2.SBOLError) as raised:
        anonymous(server).remove(uri)
    assert code(raised) == SBOLErrorCode.SBOL_ERROR_HTTP_UNAUTHORIZED
    with pytest.raises(TypeError, match="Response"):  # how sbol2 reports every other refusal: it joins text and object
        logged_in(server, OTHER).remove(uri)
    assert "BBa_J23101" in names(pulled(shop, uri))

    assert shop.remove(uri) is True

    with pytest.raises(sbol2.SBOLError) as gone:
        pulled(shop, uri)
    assert code(gone) == SBOLErrorCode.SBOL_ERROR_NOT_FOUND
    collection = f"{server.prefix}/user/{USER}/removed/removed_collection/1"
    assert names(pulled(shop, collection)) == {"removed_collection", "BBa_J23101_sequence"}
    with pytest.raises(TypeError, match="Response"):
        shop.remove(uri)
