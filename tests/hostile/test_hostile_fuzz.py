"""A coverage-guided fuzzer on every reader, and on every writer, for a bounded time; it begins with the fixtures.

Longer by hand: `python tests/hostile/fuzz_target.py genbank FOLDER -max_total_time=3600`.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TARGET = Path(__file__).with_name("fuzz_target.py")
RUNS = {"written": 1_000}  # from a fixed seed, so that the same inputs come each time
MOST_RUNS = 8_000
SECONDS = 40


@pytest.mark.parametrize(
    "syntax",
    [
        "sniff",
        "rdfxml",
        "turtle",
        "ntriples",
        "jsonld",
        "genbank",
        "fasta",
        "gff3",
        "zip",
        "gzip",
        "manifest",
        "written",
    ],
)
def test_a_fuzzer_finds_nothing(tmp_path: Path, syntax: str) -> None:
    if importlib.util.find_spec("atheris") is None:
        reason = "not installed: atheris, which has no wheel for every Python"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    options = [
        f"-runs={RUNS.get(syntax, MOST_RUNS)}",
        f"-max_total_time={SECONDS}",
        "-max_len=6000",
        "-timeout=10",
        "-rss_limit_mb=2500",
        "-seed=1",
    ]
    options += [f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, str(TARGET), syntax, str(corpus), *options],
        capture_output=True, text=True, timeout=300, check=False, cwd=TARGET.parents[2],
        env=os.environ | {"PYTHONPATH": str(TARGET.parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6_000:]
    assert "Done " in done.stderr
