"""The tests over HTTP on engines that are servers: a chosen part, each in a process of its own.

All of them run with `TEST_ENGINE=virtuoso pytest tests`.
"""

import os
import subprocess
import sys
from pathlib import Path

import engine_servers
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CHOSEN = {
    "virtuoso": [
        "tests/web/test_web_submissions.py",
        "tests/test_objects.py",
        "tests/test_membership.py",
        "tests/test_removal.py",
    ],
    # a result of more than 8 MB may take it longer than a query may
    "fuseki": ["tests/web/test_web_sparql.py", "tests/test_objects.py", "-k", "not large_result"],
    "oxigraph-server": ["tests/web/test_web_sparql.py", "tests/test_objects.py"],
}


@pytest.mark.parametrize("engine", CHOSEN)
def test_an_instance_on_a_server_answers_as_on_the_embedded_engine(engine: str) -> None:
    engine_servers.running(engine)  # skips where there is none
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CHOSEN[engine]]
    ran = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"TEST_ENGINE": engine}, capture_output=True, text=True, timeout=600
    )

    assert ran.returncode == 0, ran.stdout[-10_000:]
    assert " passed" in ran.stdout.splitlines()[-1]
