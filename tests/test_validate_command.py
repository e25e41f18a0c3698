"""`synhub validate`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest

from synhub.__main__ import main

BROKEN = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#">
<sbol:ComponentDefinition rdf:about="http://x.org/cd/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/cd"/><sbol:displayId>cd</sbol:displayId>
  <sbol:version>1</sbol:version>
</sbol:ComponentDefinition>
</rdf:RDF>"""
SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix sbol: <http://sbols.org/v2#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
<http://ex.example/S> a sh:NodeShape ; sh:targetClass sbol:ComponentDefinition ;
  sh:property [ sh:path dcterms:title ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "it needs a title" ] .
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.xml"
    path.write_text(BROKEN)
    return path


def test_a_valid_file_exits_with_0(fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = fixtures / "sbol2" / "promoter.xml"

    assert main(["validate", str(path), "--gates", "always"]) == 0
    assert capsys.readouterr().out == f"{path}: SBOL 2 (RDF/XML)\n\nvalid: nothing found\n"


def test_a_file_that_is_not_valid_exits_with_1_and_says_why(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(broken), "--gates", "always"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "http://x.org/cd/1"
    assert lines[3].startswith("  error   sbol-10502: has no sbol:type")
    assert lines[-1] == "not valid: 1 error"


def test_json_is_the_report_of_the_server(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(broken), "--gates", "always,best-practice", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["valid"], report["gates"]) == (False, ["always", "best_practice"])
    assert report["findings"][0]["rule"] == "sbol-10502"


def test_several_files_are_one_submission(broken: Path, fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(fixtures / "sbol2" / "promoter.xml"), str(broken), "--gates", "always"]) == 1
    assert f"\n{broken}:\nhttp://x.org/cd/1\n" in capsys.readouterr().out


def test_shapes_are_run_here(broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(SHAPES)

    assert main(["validate", str(broken), "--gates", "always", "--shapes", str(shapes)]) == 1
    said = capsys.readouterr().out
    assert "  warning sh:MinCountConstraintComponent: it needs a title\n" in said
    assert said.endswith("not valid: 1 error, 1 warning\n")


def test_shapes_that_cannot_be_used_are_wrong_usage(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(broken), "--shapes", str(broken)]) == 1  # RDF without a shape: nothing more found
    broken.with_suffix(".ttl").write_text("@prefix")
    capsys.readouterr()

    assert main(["validate", str(broken), "--shapes", str(broken.with_suffix(".ttl"))]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path / "none.xml")]) == 2
    assert capsys.readouterr().err == f"synhub: cannot read {tmp_path / 'none.xml'}: No such file or directory\n"


def test_an_unknown_gate_is_wrong_usage(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validate", str(broken), "--gates", "loose"])

    assert ended.value.code == 2
    assert "'loose' is no gate; there are always, compliant, complete, best_practice" in capsys.readouterr().err
