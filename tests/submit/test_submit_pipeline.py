"""From uploaded files to prepared objects, or to a text that says what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synhub.errors import TooLarge
from synhub.submit.pipeline import run
from synhub.submit.prepared import read_header, read_objects

CORPUS = Path(os.environ.get("SYNHUB_CORPUS") or Path(__file__).parents[2].parent / "shared" / "corpus")
HOME = "http://reg.example/user/bob/lab/"
HEAD = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
 xmlns:dcterms="http://purl.org/dc/terms/" xmlns:sbh="http://wiki.synbiohub.org/wiki/Terms/synbiohub#">
"""


def sequence(name: str, elements: str = "acgt", extra: str = "") -> str:
    return f"""<sbol:Sequence rdf:about="http://x.org/d/{name}/1">
      <sbol:persistentIdentity rdf:resource="http://x.org/d/{name}"/>
      <sbol:displayId>{name}</sbol:displayId><sbol:version>1</sbol:version>{extra}
      <sbol:elements>{elements}</sbol:elements>
      <sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>
    </sbol:Sequence>"""


def document(*objects: str) -> bytes:
    return (HEAD + "".join(objects) + "</rdf:RDF>").encode()


def prepare(folder: Path, *contents: bytes, **limits: int) -> dict[str, Any]:
    files = []
    for number, content in enumerate(contents):
        path = folder / f"upload{number}"
        path.write_bytes(content)
        files.append({"path": str(path), "name": f"file{number}.xml"})
    argument = {
        "files": files,
        "prefix": "http://reg.example/",
        "owner": "bob",
        "collection_id": "lab",
        "collection": "http://reg.example/user/bob/lab/lab_collection/1",
        "output": str(folder / "prepared.jsonl"),
        "limits": limits,
    }
    answer = run(json.loads(json.dumps(argument)))
    assert json.loads(json.dumps(answer)) == answer
    return answer


def test_document_is_checked_minted_and_written(tmp_path: Path) -> None:
    answer = prepare(tmp_path, document(sequence("s1"), sequence("s2")))
    row = {"name": "file0.xml", "format": "SBOL 2 (RDF/XML)", "role": "design", "objects": 2, "findings": 0}
    rest = {"objects": 2, "triples": 12, "files": [row], "attached": [], "error": None}
    assert answer == {"ok": True, "findings": []} | rest
    objects = list(read_objects(tmp_path / "prepared.jsonl"))
    assert [o.minted for o in objects] == [HOME + "s1/1", HOME + "s2/1"]
    assert read_header(tmp_path / "prepared.jsonl").triples == 12


def test_no_file_and_empty_files_are_an_empty_document(tmp_path: Path) -> None:
    for contents in ((), (b"",), (b" \n\t",), (b"", b"")):
        answer = prepare(tmp_path, *contents)
        assert (answer["ok"], answer["objects"], answer["error"]) == (True, 0, None)
        said = [(f["severity"], f["message"]) for f in answer["findings"]]
        assert said == [("note", f"there is nothing in 'file{n}.xml'") for n in range(len(contents))]
        assert [f["format"] for f in answer["files"]] == ["empty"] * len(contents)
        assert list(read_objects(tmp_path / "prepared.jsonl")) == []


def test_document_without_objects_is_accepted(tmp_path: Path) -> None:
    assert prepare(tmp_path, document())["ok"]


def test_several_files_are_one_submission(tmp_path: Path) -> None:
    stamp = '<sbh:topLevel rdf:resource="http://x.org/d/s1/1"/>'
    answer = prepare(tmp_path, document(sequence("s1")), b"", document(sequence("s1", extra=stamp), sequence("s2")))
    assert (answer["ok"], answer["objects"]) == (True, 2)


def test_two_files_that_contradict_each_other_are_refused_by_name(tmp_path: Path) -> None:
    answer = prepare(tmp_path, document(sequence("s1")), document(sequence("s1", "ttt")))
    assert not answer["ok"]
    assert not (tmp_path / "prepared.jsonl").exists()
    assert answer["error"] == (
        "sbol-10202: file1.xml: the files 'file0.xml' and 'file1.xml' say different things about one object: "
        "http://x.org/d/s1/1\nhttp://x.org/d/s1/1\n\nValidation failed."
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!DOCTYPE html><html></html>", "an HTML page: download the design itself"),
        (b"\t\x00\x00\x00\x0eSnapGene\x00", "a SnapGene file: export it as GenBank"),
    ],
)
def test_what_is_not_read_is_named_with_what_is(tmp_path: Path, content: bytes, kind: str) -> None:
    answer = prepare(tmp_path, content)
    assert not answer["ok"]
    assert answer["error"].startswith(f"synhub-format: 'file0.xml' looks like {kind}, which is not read here; synhub ")
    assert "GenBank" in answer["error"]


@pytest.mark.parametrize(
    ("content", "kind"), [(b"just some words", "text/plain"), (b"\x89PNG\r\n\x1a\n\0\0", "image/png")]
)
def test_what_is_no_design_is_named_with_where_it_can_go(tmp_path: Path, content: bytes, kind: str) -> None:
    answer = prepare(tmp_path, content)
    wanted = (
        f"sbol-10105: 'file0.xml' is no design but {kind}: to attach it, send it in a ZIP file; synhub accepts SBOL"
    )
    assert answer["error"].startswith(wanted)


@pytest.mark.parametrize("content", [b"<rdf:RDF", document()[:-4], b"<a/><b/>"])
def test_what_is_not_well_formed_is_rule_10105(tmp_path: Path, content: bytes) -> None:
    answer = prepare(tmp_path, content)
    assert not answer["ok"]
    assert answer["error"].startswith("sbol-10105: ")
    assert answer["error"].endswith("\n\nValidation failed.")


def test_all_errors_of_all_files_are_reported(tmp_path: Path) -> None:
    range_alone = '<sbol:Range rdf:about="http://x.org/d/r"/>'
    answer = prepare(tmp_path, b"words", b"\t\0\0\0\x0eSnapGene", document(range_alone))
    assert [f["rule"] for f in answer["findings"]][:2] == ["sbol-10105", "synhub-format"]
    assert "file1.xml" in answer["findings"][1]["message"]
    assert "http://x.org/d/r" in answer["error"]
    assert answer["error"].count("\n\n") == sum(f["severity"] == "error" for f in answer["findings"])


def test_errors_of_the_scan_and_of_the_reader_come_together(tmp_path: Path) -> None:
    relative = '<dcterms:source rdf:resource="there"/>'
    answer = prepare(tmp_path, document("<sbol:Sequence/>", sequence("s1", extra=relative)))
    assert [f["rule"] for f in answer["findings"]] == ["sbol-10201", "synhub-relative-iri"]


def test_same_subject_with_different_content_in_one_file_is_refused(tmp_path: Path) -> None:
    answer = prepare(tmp_path, document(sequence("s1"), sequence("s1", "ttt")))
    assert "sbol-10202" in answer["error"]


def test_notes_of_minting_are_in_the_answer_and_in_the_file(tmp_path: Path) -> None:
    answer = prepare(tmp_path, document(sequence("s9").replace("<sbol:version>1</sbol:version>", "")))
    assert answer["ok"], answer["error"]
    assert "synhub-renamed" in [f["rule"] for f in answer["findings"]]
    assert [f.as_json() for f in read_header(tmp_path / "prepared.jsonl").findings] == answer["findings"]


def test_limits_are_raised_as_too_large(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="5"):
        prepare(tmp_path, document(*(sequence(f"s{n}") for n in range(9))), elements=5)


def test_child_needs_neither_store_nor_web() -> None:
    code = (
        "import sys, synhub.submit.pipeline\n"
        "print([m for m in sys.modules if m in sys.argv[1:] or m.startswith('synhub.store.')])"
    )
    names = ["starlette", "sqlite3", "rdflib", "httpx"]
    output = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, check=True, text=True).stdout
    assert output == "[]\n"


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["SBOL2", "SBOL2_bp", "SBOL2_ic", "igem_parts"])
def test_corpus_is_prepared_without_errors(tmp_path: Path, folder: str) -> None:
    if not (CORPUS / folder).is_dir():
        pytest.skip(f"no corpus folder {CORPUS / folder}")
    for file in sorted((CORPUS / folder).iterdir()):
        answer = prepare(tmp_path, file.read_bytes())
        assert answer["ok"], (file.name, answer["error"])
        own = {f["rule"] for f in answer["findings"] if f["rule"].startswith("synhub-")}
        assert own <= {"synhub-renamed", "synhub-source", "synhub-findings"}, file.name
        assert sum(len(o.triples) for o in read_objects(tmp_path / "prepared.jsonl")) == answer["triples"]
