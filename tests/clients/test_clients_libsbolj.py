"""libSBOLj's SynBioHubFrontend against a real server: the client inside SBOLDesigner, iBioSim, Cello and SBOLCanvas.

The class comes from the jar that the sbol2 package ships; the session itself is LibSbolj.java beside this file.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import sbol2
from clients_server import PASSWORD, USER, running

pytestmark = pytest.mark.slow

JAR = Path(sbol2.__file__).parent / "libSBOLj.jar"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
PROMOTERS = "BBa_J23100 BBa_J23101 BBa_J23106 BBa_R0010 BBa_R0040"


@pytest.fixture(scope="module", params=["same", "other"])
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each call gave, for IRIs that begin with the server's address and for IRIs that do not."""
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no Java development kit: java and javac are not on the PATH")
    if not JAR.is_file():
        pytest.skip(f"{JAR} is absent: this sbol2 ships no libSBOLj")
    options = ["--uri-prefix", "https://parts.example/"] if request.param == "other" else []
    with running(tmp_path_factory.mktemp("libsbolj"), *options) as server:
        program = str(Path(__file__).with_name("LibSbolj.java"))
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(
            [java, "-Xmx512m", "-cp", str(JAR), program, server.url, server.prefix, USER, PASSWORD, str(FIXTURES)],
            capture_output=True, text=True, timeout=240, check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    found = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    return {name: value.replace(server.prefix, "PREFIX") for name, value in found.items()}


EXPECTED = {
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
    "create": "created",
    "create again": "SynBioHubException 400 Submission id and version already in use",
    "create over": "created",
    "create empty": "created",
    "add": "added",
    "add over": "added",
    "own roots": "demo_collection empty_collection java_collection",
    "own collections": "demo_collection empty_collection java_collection promoters terminators",
    "own members": "10",
    "own sbol": "11",
    "own part": "2",
    "logout": "logged out",
    "private": "null",
    "private roots": "demo_collection",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_call_gives(session: dict[str, str], name: str) -> None:
    assert session[name] == EXPECTED[name]


def test_recursive_sbol_holds_parts_and_sequences(session: dict[str, str]) -> None:
    found = set(session["sbol"].split())
    assert {"BBa_I13504", "BBa_I13504_sequence", "BBa_B0034", "BBa_E0040", "BBa_B0010_sequence"} <= found
    assert "BBa_J23100" not in found


def test_difference_is_told_with_the_iri(session: dict[str, str]) -> None:
    assert session["add changed"] == (
        "SynBioHubException 400 Submission terminated.\\nA submission with this id already exists, and it includes an "
        f"object: PREFIX/user/{USER}/java/BBa_B0034/1 that is already in this repository and has different content"
    )


def test_sparql_is_json_and_its_errors_are_told(session: dict[str, str]) -> None:
    [row] = json.loads(session["sparql"].replace("\\n", "\n"))["results"]["bindings"]
    assert row["t"]["type"] == "literal"
    assert session["bad sparql"].startswith("SynBioHubException 400 ")
