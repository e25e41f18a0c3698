"""The lines under "From your tool" and the examples of the API in README, run as they stand against a real server.

Only the address is replaced.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sbol2
from clients_server import Server, absent, running, tool

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ADDRESS = "http://localhost:7777"
JAR = Path(sbol2.__file__).parent / "libSBOLj.jar"


def snippets(language: str) -> list[str]:
    """The blocks of one language in that section."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## From your tool\n")[1].split("\n## ")[0]
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return found


@dataclass(frozen=True)
class Reader:
    """Somebody in a checkout, whose account the first snippet has made."""

    server: Server
    folder: Path

    def run(self, *command: str, script: str | None = None) -> str:
        """Run a program; `script` is a snippet for its standard input. Return what it printed."""
        # R and curl would ask a proxy for the address otherwise
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(
            command, input=self.here(script or ""), cwd=self.folder, env=environment,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def here(self, snippet: str) -> str:
        return snippet.replace(ADDRESS, self.server.url)

    def saved(self, name: str, *display_ids: str) -> None:
        """A file was saved that holds SBOL of these objects."""
        text = (self.folder / name).read_text()
        for display_id in display_ids:
            assert f"displayId>{display_id}</" in text


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "fixtures").symlink_to(ROOT / "fixtures")
    with running(tmp_path_factory.mktemp("readme")) as server:
        reader = Reader(server, folder)
        tool("curl", "curl")
        register, _ = snippets("sh")
        assert reader.run("bash", "-e", script=register) == "User registered successfully"
        yield reader


def test_every_language_is_there() -> None:
    assert [len(snippets(language)) for language in ("sh", "python", "java", "r")] == [2, 1, 1, 1]


def test_curl(reader: Reader) -> None:
    printed = reader.run("bash", "-e", script=snippets("sh")[1])

    prefix = reader.server.prefix
    assert printed.startswith("Successfully uploaded[{")
    assert f'"uri":"{prefix}/user/ada/promoters/BBa_J23101/1"' in printed
    assert "Success" in printed.split("}]")[1]
    rows = printed.splitlines()
    assert f"{prefix}/public/published/BBa_J23101/1" in rows
    assert f"{prefix}/public/demo/BBa_J23101/1" in rows
    reader.saved("J23101.xml", "BBa_J23101", "BBa_J23101_sequence")


def test_python(reader: Reader) -> None:
    [snippet] = snippets("python")

    printed = reader.run(sys.executable, "-", script=snippet)

    address = f"{reader.server.prefix}/user/ada/python/pExample/1"
    assert printed == f"Successfully uploaded\n{address} an example of a promoter\n"
    reader.saved("pExample.xml", "pExample")


def test_java(reader: Reader) -> None:
    java = tool("java", "default-jdk-headless")
    tool("javac", "default-jdk-headless")  # the program is compiled when it is started
    [snippet] = snippets("java")
    (reader.folder / "Example.java").write_text(reader.here(snippet))

    printed = reader.run(java, "-Xmx512m", "-cp", str(JAR), "Example.java")

    assert printed.splitlines() == [f"{reader.server.prefix}/user/ada/java/pJava/1"]
    reader.saved("pJava.xml", "pJava")


def test_r(reader: Reader) -> None:
    program = tool("Rscript", "r-base-core")
    needed = 'quit(status = !all(sapply(c("httr2", "jsonlite"), requireNamespace, quietly = TRUE)))'
    if subprocess.run([program, "-e", needed], check=False, timeout=60).returncode:
        absent("the R packages httr2 and jsonlite", "r-cran-httr2 r-cran-jsonlite")
    [snippet] = snippets("r")

    printed = reader.run(program, "-", script=snippet)

    assert '"Successfully uploaded"' in printed
    assert f"{reader.server.prefix}/user/ada/r/BBa_J23101/1 J23101" in printed
    assert re.search(r"http://identifiers.org/so/SO:0000167 +\d+", printed)
    reader.saved("fromR.xml", "BBa_J23101", "BBa_J23101_sequence")


def examples() -> list[tuple[str, str]]:
    """The commands of the sections on the API and on formats, in order, each with what it is said to print."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## The API by example\n")[1].split("\n## Settings\n")[0]
    blocks = re.findall(r"^(?:    .*\n(?:\n(?=    ))?)+", section, re.MULTILINE)
    found = []
    for block in blocks:
        for example in re.split(r"^    \$ ", block, flags=re.MULTILINE)[1:]:
            command = re.match(r"(?:.*\\\n)*.*\n", example)
            assert command is not None
            found.append((command[0].rstrip("\n"), example[command.end() :]))
    return found


def is_like(printed: str, said: str) -> bool:
    """Say whether it was printed, blanks and what is left out (…) aside."""
    plain, *pieces = ("".join(text.split()) for text in (printed, *said.split("…")))
    return re.fullmatch(".*?".join(map(re.escape, pieces)), plain, re.DOTALL) is not None


def test_examples_of_the_api(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    tool("curl", "curl")
    for name in ("fixtures", "README.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    with running(tmp_path_factory.mktemp("examples")) as server:
        reader = Reader(server, tmp_path)
        reader.run("bash", "-e", script=snippets("sh")[0])
        path = f"export PATH='{Path(sys.executable).parent}':$PATH HUB={ADDRESS}\n"
        token, *others = examples()
        assert len(others) > 25
        others_than_said = []
        for command, said in others:
            end = "true" if said else ""  # then what is printed tells
            printed = reader.run("bash", script=f"{path}{token[0]}\n{command}\n{end}")
            if said and not is_like(printed, reader.here(said)):
                others_than_said.append(f"{command}\n{printed}")
    assert others_than_said == []
