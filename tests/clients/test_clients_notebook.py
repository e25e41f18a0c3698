"""The lines of README for a notebook, run as they stand; only the address is replaced."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from clients_server import running

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def snippet() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n### SPARQL\n")[1].split("\n### ")[0]
    (found,) = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(found)


def test_notebook_prints_a_table_of_promoters(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="not installed: pandas")
    with running(tmp_path) as server:
        script = snippet().replace("http://localhost:7777", server.url)
        done = subprocess.run(
            [sys.executable, "-"], input=script, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["part", "title", "length"]
    assert any(f"{server.prefix}/public/demo/BBa_J23101/1" in line for line in lines)
    lengths = [int(line.split()[-1]) for line in lines[1:]]
    assert lengths == sorted(lengths)
