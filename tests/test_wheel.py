"""The wheel is whole: built, installed without the checkout, and a design submitted and found with it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent
INSTALL_S = 600
START_S = 60

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, timeout_s: float = INSTALL_S) -> str:
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=timeout_s, env=environment()
    )
    assert result.returncode == 0, f"{command}: {result.stdout[-2000:]}{result.stderr[-2000:]}"
    return result.stdout


def environment() -> dict[str, str]:
    """Return the environment without what would lead back to the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SYNHUB_", "VIRTUAL_"))}


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds the wheel and what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    # Built from a copy: setuptools leaves its build folder beside the source and would reuse stale files in it.
    shutil.copytree(ROOT / "synhub", folder / "source" / "synhub", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    pip_wheel = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "dist")
    run(*pip_wheel, folder / "source", cwd=folder)
    [wheel] = (folder / "dist").glob("synhub-*.whl")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=folder)
    return python.parent


@pytest.fixture(scope="module")
def address(bin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running instance of the installed wheel, with the demo collection."""
    folder = tmp_path_factory.mktemp("instance")
    command = [str(bin_folder / "synhub"), "serve", "--port", "0", "--demo", "--data", str(folder / "data")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=environment())
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        ready = re.fullmatch(r"synhub \S+ ready on (http://127\.0\.0\.1:\d+), prefix \S+, \d+ top levels\n", line)
        assert ready is not None, line + (folder / "log").read_text()
        yield ready[1]
        server.send_signal(signal.SIGTERM)
        assert server.wait(START_S) == 0
    finally:
        server.kill()
        server.communicate()


def test_wheel_says_its_version_away_from_the_checkout(bin_folder: Path, tmp_path: Path) -> None:
    assert re.fullmatch(r"synhub \d+\.\d+\.\d+\n", run(bin_folder / "synhub", "--version", cwd=tmp_path))


def test_wheel_does_not_hold_tests_or_their_needs(bin_folder: Path, tmp_path: Path) -> None:
    code = "import importlib.util as u; print([n for n in ('tests', 'pytest', 'sbol2') if u.find_spec(n)])"

    assert run(bin_folder / "python", "-c", code, cwd=tmp_path) == "[]\n"


def test_wheel_is_installed_outside_the_checkout(bin_folder: Path, tmp_path: Path) -> None:
    home = run(bin_folder / "python", "-c", "import synhub; print(synhub.__file__)", cwd=tmp_path)

    assert ROOT not in Path(home).parents


def test_design_submitted_with_the_wheel_is_found(address: str, bin_folder: Path, tmp_path: Path) -> None:
    account = {"name": "Ada", "username": "ada", "email": "ada@example.org", "affiliation": ""}
    passwords = {"password1": "correct horse", "password2": "correct horse"}
    assert httpx.post(address + "/register", data={**account, **passwords}).text == "User registered successfully"
    login = {"email": "ada@example.org", "password": "correct horse"}
    token = httpx.post(address + "/login", data=login, headers={"Accept": "text/plain"}).text
    (tmp_path / "token").write_text(token)
    options = ["--id", "lab", "--version", "1", "--name", "Lab", "--description", "from the wheel"]
    device = ROOT / "fixtures" / "sbol2" / "device.xml"

    said = run(
        bin_folder / "synhub", "submit", device, "--url", address, "--token-file", tmp_path / "token", *options,
        cwd=tmp_path,
    )  # fmt: skip

    assert said.startswith("Successfully uploaded\nreport: ")
    headers = {"X-authorization": token, "Accept": "application/json"}
    found = httpx.get(address + "/search/objectType=ComponentDefinition&gfp_device/", headers=headers).json()
    assert [row["displayId"] for row in found] == ["gfp_device"]
    assert httpx.get(address + "/search/objectType=ComponentDefinition&gfp_device/").json() == []
