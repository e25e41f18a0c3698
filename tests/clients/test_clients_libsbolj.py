"""libSBOLj's SynBioHubFrontend against real servers: the client inside SBOLDesigner, iBioSim, Cello and SBOLCanvas.

The class comes from the jar that the sbol2 package ships; the session itself is LibSbolj.java beside this file, and one
start of Java runs it twice: with IRIs that begin with the server's address, and with IRIs that do not. What a later
libSBOLj can do besides is in test_clients_sequences.py.
"""

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
import sbol2
from clients_server import OTHER, PASSWORD, USER, running, tool

pytestmark = pytest.mark.slow

JAR = Path(sbol2.__file__).parent / "libSBOLj.jar"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
PREFIXES = {"same": [], "other": ["--uri-prefix", "https://parts.example/"]}
PROMOTERS = "BBa_J23100 BBa_J23101 BBa_J23106 BBa_R0010 BBa_R0040"
CSV = "well,OD600\nA1,0.42\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What each call gave, by the kind of prefix."""
    java = tool("java", "default-jdk-headless")
    tool("javac", "default-jdk-headless")  # the program is compiled when it is started
    assert JAR.is_file(), f"{JAR} is absent: this sbol2 ships no libSBOLj"
    files = tmp_path_factory.mktemp("files")
    (files / "plate reader 1.csv").write_text(CSV)
    (files / "icon.png").write_bytes(PNG)
    same, other = (tmp_path_factory.mktemp(label) for label in PREFIXES)
    with running(same) as first, running(other, *PREFIXES["other"]) as second:
        program = str(Path(__file__).with_name("LibSbolj.java"))
        servers = ["same", first.url, first.prefix, "other", second.url, second.prefix]
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(
            [java, "-Xmx512m", "-cp", str(JAR), program, USER, OTHER, PASSWORD, str(FIXTURES), str(files), *servers],
            capture_output=True, text=True, timeout=90, check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    prefixes = {"same": first.prefix, "other": second.prefix}
    found: dict[str, dict[str, str]] = {label: {} for label in prefixes}
    for line in done.stdout.splitlines():
        label, _, rest = line.partition("\t")
        if label in found:
            name, result = rest.split("\t", 1)
            found[label][name] = result.replace(prefixes[label], "PREFIX")
    return found


@pytest.fixture(params=PREFIXES)
def session(sessions: dict[str, dict[str, str]], request: pytest.FixtureRequest) -> dict[str, str]:
    return sessions[request.param]


READING = {
    "count": "13",
    "roots": "demo_collection",
    "sub-collections": "promoters terminators",
    "sbolnr": "BBa_I13504",
    "parts of sbolnr": "3 3",
    "absent": "null",
    "layout": "null",
    "matching": PROMOTERS,
    "matching in a collection": "BBa_B0010",
    "search": PROMOTERS,
    "search page": "3",
    "search name": "BBa_J23100 BBa_J23101 BBa_J23106",
    "search count": "5",
    "wrong password": "PermissionException null",
    "login": "36",
    "login of the stranger": "done",
}
SUBMITTING = {
    "create": "done",
    "create again": "SynBioHubException 400 Submission id and version already in use",
    "create over": "done",
    "create empty": "done",
    "create from a file": "done",
    "create from a stream": "done",
    "add": "done",
    "add over": "done",
    "add path": "done",
    "add to the stranger's": "SynBioHubException 400 Submission id and version do not exist",
    "own roots": "demo_collection empty_collection java_collection shelf_collection stream_collection",
    "own members": "10",
    "own sbol": "11",
    "own part": "2",
}
ATTACHING = {
    "attach file": "done",
    "attach stream": "done",
    "attach url": "done",
    "attach to nothing": "NotFoundException null",
    "attach as the stranger": "PermissionException null",
    "attachment to a folder": "plate reader 1.csv: " + CSV.replace("\n", "\\n"),
    "attachment that is none": "NotFoundException null",
}
EDITING = {
    "description": "done",
    "notes": "done",
    "source": "done",
    "citations": "done",
    "bad citations": "SynBioHubException 400 Citations must be comma separated Pubmed IDs",
    "before editing": "J23101, 1 roles",
    "edit title": "done",
    "add role": "done",
    "after editing": "Standard promoter, 2 roles",
    "remove role": "done",
    "after removing": "Standard promoter, 1 roles",
    "edit as the stranger": "PermissionException null",
}
SHARING = {
    "stranger before": "null",
    "add owner": "done",
    "owner reads": "BBa_B0034",
    "owner edits": "done",
    "unknown owner": "SynBioHubException 400 user nobody not recognized",
    "remove owner": "done",
    "stranger after": "null",
}
PUBLISHING = {
    "publish": "done",
    "published": "BBa_J23101 BBa_J23101_sequence published_collection shelf_collection",
    "moved": "BBa_J23101",
    "publish into it": "done",
    "published part": "BBa_B0034",
    "publish under a taken name": "SynBioHubException 400 Submission id published version 1 already in use",
    "icon": "done",
    "icon as the stranger": "SynBioHubException 403 Not authorized to update this collection icon",
}
REMOVING = {
    "replace": "done",
    "replace as the stranger": "SynBioHubException 403 Not authorized to replace this object",
    "replaced": "BBa_J23101",
    "remove as the stranger": "SynBioHubException 403 Not authorized to remove this object",
    "remove collection as the stranger": "SynBioHubException 403 Not authorized to remove this submission",
    "remove": "done",
    "removed": "null",
    "remove again": "NotFoundException null",
    "remove public": "PermissionException null",
    "remove collection": "done",
    "members of the removed": "0",
    "roots at the end": "demo_collection empty_collection java_collection published_collection",
    "logout": "done",
    "private": "null",
    "private roots": "demo_collection published_collection",
}
EXPECTED = READING | SUBMITTING | ATTACHING | EDITING | SHARING | PUBLISHING | REMOVING


@pytest.mark.parametrize("name", EXPECTED)
def test_call_gives(session: dict[str, str], name: str) -> None:
    assert session[name] == EXPECTED[name]


def values(session: dict[str, str], name: str) -> list[str]:
    """The values of the only variable of a query's JSON answer."""
    answer = json.loads(session[name].replace("\\n", "\n"))
    [variable] = answer["head"]["vars"]
    return [row[variable]["value"] for row in answer["results"]["bindings"]]


def test_recursive_sbol_holds_parts_and_sequences(session: dict[str, str]) -> None:
    found = set(session["sbol"].split())
    assert {"BBa_I13504", "BBa_I13504_sequence", "BBa_B0034", "BBa_E0040", "BBa_B0010_sequence"} <= found
    assert "BBa_J23100" not in found


@pytest.mark.parametrize(
    ("name", "begins", "holds"),
    [
        ("genbank", "BBa_I13504.gb LOCUS       BBa_I13504 ", "\\nORIGIN"),
        ("fasta", "BBa_I13504.fasta >", " sequence 1 ("),
        ("gff", "BBa_I13504.gff ##gff-version 3\\n", "##sequence-region BBa_I13504 1 "),
        ("json", 'BBa_I13504.json {\\n  "componentDefinitions": [', '"displayId": "BBa_I13504"'),
        ("archive", "BBa_I13504.omex PK", ""),
    ],
)
def test_files_of_other_formats_have_name_and_content(
    session: dict[str, str], name: str, begins: str, holds: str
) -> None:
    assert session[name].startswith(begins)
    assert holds in session[name]


def test_metadata_is_a_json_array(session: dict[str, str]) -> None:
    [row] = json.loads(session["metadata"])
    assert (row["displayId"], row["persistentIdentity"]) == ("BBa_I13504", "PREFIX/public/demo/BBa_I13504")


def test_difference_is_told_with_the_iri(session: dict[str, str]) -> None:
    assert session["add changed"] == (
        "SynBioHubException 400 Submission terminated.\\nA submission with this id already exists, and it includes an "
        f"object: PREFIX/user/{USER}/java/BBa_B0034/1 that is already in this repository and has different content"
    )


def test_publishing_tells_what_differs_in_the_same_words(session: dict[str, str]) -> None:
    assert session["publish what differs"] == (
        "SynBioHubException 400 Submission terminated.\\nA submission with this id already exists, and it includes an "
        "object: PREFIX/public/published/BBa_J23101/1 that is already in this repository and has different content"
    )


def test_own_collections_are_found_by_search(session: dict[str, str]) -> None:
    """SBOLDesigner finds where it can save in this way."""
    own = {"empty_collection", "java_collection", "shelf_collection", "stream_collection"}
    assert set(session["own collections"].split()) == own | {"demo_collection", "promoters", "terminators"}


def test_sparql_is_json_and_its_errors_are_told(session: dict[str, str]) -> None:
    assert len(values(session, "sparql")) == 1
    assert session["bad sparql"].startswith("SynBioHubException 400 ")


def test_attachments_come_back_under_their_names(session: dict[str, str]) -> None:
    """An address comes as text, under the name that was given: redirected, the client would take its token along."""
    assert session["attachments"].split("; ") == [
        f"plate reader 1.csv: plate reader 1.csv {len(CSV)}",
        "table: table.uri 40",
        "zeros: zeros 300000",
    ]


def test_notes_and_citations_are_stored_as_written(session: dict[str, str]) -> None:
    assert values(session, "what was noted") == [
        "1234567", "5 \u00b5l & \"more\"", "7654321", "iGEM", "kept in the freezer",
    ]  # fmt: skip


def test_stranger_cannot_publish(session: dict[str, str]) -> None:
    assert session["publish as the stranger"].startswith("SynBioHubException 403 Not authorized")
