"""POST /validate in all its forms, and the shapes. Nothing of what is judged stays."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph
import pytest
from live import Live, live

ABSENT_TYPE = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#">
<sbol:ComponentDefinition rdf:about="http://x.org/cd/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/cd"/><sbol:displayId>cd</sbol:displayId>
  <sbol:version>1</sbol:version><sbol:sequence rdf:resource="http://x.org/absent/1"/>
</sbol:ComponentDefinition>
</rdf:RDF>"""
PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix sbol: <http://sbols.org/v2#> .
@prefix dcterms: <http://purl.org/dc/terms/> . @prefix ex: <http://ex.example/> .
"""
TITLES = PREFIXES + (
    "ex:Named a sh:NodeShape ; sh:targetClass sbol:ComponentDefinition ;"
    " sh:property [ sh:path dcterms:title ; sh:minCount 1 ; sh:message 'it needs a title' ] ."
)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("validation"), validate_limit=2 << 20) as running:
        running.user("alice")
        yield running


@pytest.fixture(autouse=True)
def nothing_is_left(instance: Live) -> Iterator[None]:
    yield
    assert list(instance.hub.journal.folder.iterdir()) == []
    assert instance.hub.journal._jobs("1 = 1") == []
    assert instance.hub.store.graphs() == []


def validate(
    instance: Live, *files: str | bytes, accept: str = "*/*", who: str | None = None, **more: Any
) -> httpx.Response:
    parts: list[tuple[str, Any]] = [("file", (f"design{n}.xml", content)) for n, content in enumerate(files)]
    parts += [(name, (f"{name}.ttl", value) if name == "shapes" else (None, value)) for name, value in more.items()]
    answer: httpx.Response = instance.request("POST", "/validate", who, files=parts, headers={"Accept": accept})
    return answer


def rules(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return {(finding["rule"], finding["severity"]) for finding in answer.json()["findings"]}


def test_a_valid_document_is_told_so_to_anybody(instance: Live, fixtures: Path) -> None:
    answer = validate(instance, (fixtures / "sbol2" / "promoter.xml").read_bytes(), gates="always")

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == {
        "valid": True,
        "gates": ["always"],
        "counts": {"error": 0, "warning": 0, "note": 0},
        "files": [{"name": "design0.xml", "format": "SBOL 2 (RDF/XML)", "role": "design", "objects": 2, "findings": 0}],
        "findings": [],
    }


def test_a_finding_names_object_property_rule_and_what_to_do(instance: Live) -> None:
    answer = validate(instance, ABSENT_TYPE)

    body = answer.json()
    assert body["valid"] is False
    assert body["gates"] == ["always", "compliant", "complete", "best_practice"]
    (missing,) = [finding for finding in body["findings"] if finding["rule"] == "sbol-10502"]
    assert missing["severity"] == "error"
    assert missing["subject"] == "http://x.org/cd/1"
    assert missing["property"] == "http://sbols.org/v2#type"
    assert missing["gate"] == "always"
    assert body["counts"]["error"] == 1


def test_gates_choose_the_rules(instance: Live) -> None:
    assert rules(validate(instance, ABSENT_TYPE, gates="always")) == {("sbol-10502", "error")}
    complete = rules(validate(instance, ABSENT_TYPE, gates="complete"))
    assert complete == {("sbol-10502", "error"), ("sbol-10513", "warning")}


def test_an_unknown_gate_is_named(instance: Live) -> None:
    answer = validate(instance, ABSENT_TYPE, gates="always,loose")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("gates: 'loose' is no gate; there are always, compliant")


def test_a_body_is_a_file_itself(instance: Live) -> None:
    for kind in ("application/rdf+xml", "application/x-www-form-urlencoded", ""):
        headers = {"Content-Type": kind, "Accept": "*/*"}
        answer = instance.request("POST", "/validate?gates=always", content=ABSENT_TYPE.encode(), headers=headers)
        assert rules(answer) == {("sbol-10502", "error")}


def test_without_a_file_there_is_nothing_to_judge(instance: Live) -> None:
    for answer in (validate(instance, gates="always"), instance.request("POST", "/validate")):
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("There is no file")


def test_a_file_that_cannot_be_read_is_not_valid(instance: Live) -> None:
    answer = validate(instance, "<html><body>", ABSENT_TYPE)

    assert answer.status_code == 200
    assert answer.json()["valid"] is False
    assert {(f["file"], f["rule"]) for f in answer.json()["findings"] if f["severity"] == "error"} == {
        ("design0.xml", "synhub-format"),
        ("design1.xml", "sbol-10502"),
    }


def test_text_is_by_object(instance: Live) -> None:
    answer = validate(instance, ABSENT_TYPE, accept="text/plain", gates="always")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0] == "design0.xml: SBOL 2 (RDF/XML)"
    assert lines[2] == "http://x.org/cd/1"
    assert lines[3].startswith("  error   sbol-10502: has no sbol:type")
    assert lines[-1] == "not valid: 1 error"


@pytest.mark.parametrize(
    "media_type", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_a_graph_is_a_validation_report(instance: Live, media_type: str) -> None:
    answer = validate(instance, ABSENT_TYPE, accept=media_type, gates="always")

    assert answer.headers["content-type"].partition(";")[0] == media_type
    syntax = pyoxigraph.RdfFormat.from_media_type(media_type)
    assert syntax is not None
    quads = list(pyoxigraph.parse(answer.content, syntax))
    said = {(q.predicate.value.rpartition("#")[2], str(q.object).strip('<>"').partition('"')[0]) for q in quads}
    assert {
        ("conforms", "false"),
        ("focusNode", "http://x.org/cd/1"),
        ("resultPath", "http://sbols.org/v2#type"),
        ("resultSeverity", "http://www.w3.org/ns/shacl#Violation"),
        ("sourceConstraintComponent", "urn:x-synhub:rule:sbol-10502"),
    } <= said


def test_a_browser_gets_a_page(instance: Live) -> None:
    page = validate(instance, ABSENT_TYPE.replace("cd/1", "cd&amp;&lt;b>/1"), accept="text/html", gates="always")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Not valid: 2 errors" in page.text or "<h1>Not valid: 1 error" in page.text
    assert "<b>" not in page.text
    assert 'action="/validate"' in instance.get("/validate").text


def test_shapes_of_the_caller_are_run(instance: Live) -> None:
    answer = validate(instance, ABSENT_TYPE, gates="always", shapes=TITLES)

    assert rules(answer) == {("sbol-10502", "error"), ("sh:MinCountConstraintComponent", "error")}
    (found,) = [f for f in answer.json()["findings"] if f["rule"].startswith("sh:")]
    assert found == {
        "rule": "sh:MinCountConstraintComponent",
        "severity": "error",
        "subject": "http://x.org/cd/1",
        "message": "it needs a title",
        "property": "http://purl.org/dc/terms/title",
    }
    graph = validate(instance, ABSENT_TYPE, gates="always", shapes=TITLES, accept="application/n-triples").text
    assert "<http://www.w3.org/ns/shacl#MinCountConstraintComponent>" in graph


def test_the_published_shapes_find_what_the_checker_finds(instance: Live) -> None:
    published = instance.get("/shapes/sbol2.ttl")
    assert published.headers["content-type"] == "text/turtle; charset=utf-8"
    found = validate(instance, ABSENT_TYPE, gates="always", shapes=published.text).json()["findings"]

    assert sorted((f["subject"], f["property"]) for f in found) == 2 * [
        ("http://x.org/cd/1", "http://sbols.org/v2#type")
    ]


def test_shapes_have_a_strong_etag(instance: Live) -> None:
    first = instance.get("/shapes/sbol2.ttl")
    again = instance.get("/shapes/sbol2.ttl", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["etag"].startswith('"')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert instance.request("HEAD", "/shapes/sbol2.ttl").headers["etag"] == first.headers["etag"]


TARGET = "ex:S a sh:NodeShape ; sh:targetClass sbol:ComponentDefinition ;"
HOSTILE = {
    "no RDF": ("<html><script>", "cannot be read: send Turtle"),
    "broken": ("@prefix ex: <http://ex.example/> . ex:a ex:b ", "cannot be read"),
    "a query": (
        f"{PREFIXES}{TARGET} sh:sparql [ sh:select 'SELECT $this {{ SERVICE <http://h/> {{}} }}' ] .",
        "not run",
    ),
    "a script": (f"{PREFIXES}{TARGET} sh:js [ sh:jsLibrary ex:lib ] .", "is not run here"),
    "a bad path": (f"{PREFIXES}{TARGET} sh:property [ sh:path 'x' ] .", "cannot be used"),
    "a circle of paths": (
        f"{PREFIXES}_:p sh:inversePath _:p . {TARGET} sh:property [ sh:path _:p ] .",
        "cannot be used",
    ),
    "deep": (f"{PREFIXES}{TARGET} sh:not {'[ sh:not ' * 3000}ex:T{' ]' * 3000} .", "the shapes"),
}


@pytest.mark.slow  # tests/submit/test_submit_shacl.py has the words for each without a server
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_shapes_are_refused_with_words(instance: Live, name: str) -> None:
    text, words = HOSTILE[name]
    answer = validate(instance, ABSENT_TYPE, shapes=text)

    assert answer.status_code == 400, answer.text
    assert words in answer.json()["detail"]


def test_shapes_with_a_query_are_refused(instance: Live) -> None:
    text, words = HOSTILE["a query"]
    answer = validate(instance, ABSENT_TYPE, shapes=text)

    assert answer.status_code == 400
    assert words in answer.json()["detail"]


@pytest.mark.slow
def test_shapes_that_refer_to_themselves_are_run(instance: Live) -> None:
    answer = validate(instance, ABSENT_TYPE, gates="always", shapes=f"{PREFIXES}{TARGET} sh:node ex:S .")

    assert rules(answer) == {("sbol-10502", "error"), ("synhub-recursion", "note")}


@pytest.mark.slow
def test_shapes_that_do_not_end_cost_their_caller_the_time_limit(tmp_path: Path) -> None:
    evil = f"{PREFIXES}{TARGET} sh:property [ sh:path sbol:displayId ; sh:pattern '^(([a-z])+.)+[A-Z]([a-z])+$' ] ."
    document = ABSENT_TYPE.replace("<sbol:displayId>cd<", f"<sbol:displayId>{'a' * 60}<")
    with live(tmp_path, shacl_timeout=3.0) as running:
        begun = time.monotonic()
        answer = validate(running, document, shapes=evil)

        assert answer.status_code == 413
        assert "longer than 3 s" in answer.json()["detail"]
        assert time.monotonic() - begun < 20
        assert validate(running, ABSENT_TYPE, shapes=TITLES).status_code == 200


def test_a_body_over_the_limit_is_refused(instance: Live) -> None:
    answer = validate(instance, "<a>" + "x" * (2 << 20))

    assert answer.status_code == 413
    assert "larger than 2097152 bytes" in answer.json()["detail"]


@pytest.mark.slow
def test_one_caller_has_one_judgement_and_one_waiting(instance: Live) -> None:
    large = ABSENT_TYPE.encode().replace(b"</rdf:RDF>", b"") + b"".join(
        b'<sbol:Sequence rdf:about="http://x.org/s%d"><sbol:elements>a</sbol:elements></sbol:Sequence>' % n
        for n in range(15_000)
    )
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: validate(instance, large + b"</rdf:RDF>", who="alice"), range(6)))

    assert {answer.status_code for answer in answers} == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "Retry-After" in refused.headers
    assert "one validate of yours is waiting" in json.loads(refused.text)["detail"]


@pytest.mark.slow
def test_a_full_disk_is_not_filled_further(tmp_path: Path) -> None:
    with live(tmp_path, disk_reserve=1 << 60) as running:
        refused = validate(running, ABSENT_TYPE)
        assert refused.status_code == 507
        assert refused.json()["detail"].startswith("the disk of the server has no room to check files")


@pytest.mark.slow
def test_a_document_that_needs_too_much_memory_costs_its_caller_a_413(tmp_path: Path) -> None:
    sequences = b"".join(b'<sbol:Sequence rdf:about="http://x.org/s%d"/>' % n for n in range(150_000))
    large = ABSENT_TYPE.encode().replace(b"</rdf:RDF>", sequences + b"</rdf:RDF>")
    with live(tmp_path, validate_memory=200 << 20) as running:
        refused = validate(running, large)
        assert (refused.status_code, refused.json()["detail"]) == (
            413,
            "checking the files needs more than 200 MB of memory; send less at once",
        )
        assert list(running.hub.journal.folder.iterdir()) == []
        assert validate(running, ABSENT_TYPE).status_code == 200


@pytest.mark.slow
def test_a_child_that_is_killed_is_told_as_such(instance: Live) -> None:
    items = "".join(f'<sbol:Collection rdf:about="http://x.org/c{n}/1"/>' for n in range(15_000))
    document = ABSENT_TYPE.replace("</rdf:RDF>", items + "</rdf:RDF>")

    def kill() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if list(instance.hub.journal.folder.iterdir()) and (pids := instance.hub.lanes.validate.pids()):
                time.sleep(0.05)
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.002)

    killer = threading.Thread(target=kill)
    killer.start()
    answer = validate(instance, document)
    killer.join()
    assert answer.status_code == 400
    assert "it was killed by signal 9 (SIGKILL)). Repeat it once" in answer.json()["detail"]


def test_ticked_gates_are_all_heeded(instance: Live) -> None:
    form = {"gates": ["always", "complete"]}
    files = {"file": ("a.xml", ABSENT_TYPE.encode())}
    answer = instance.request("POST", "/validate", files=files, data=form, headers={"Accept": "*/*"})

    assert answer.json()["gates"] == ["always", "complete"]


def test_the_page_offers_the_gates_to_tick(instance: Live) -> None:
    page = instance.get("/validate").text

    for gate in ("compliant", "complete", "best_practice"):
        assert f'<input type="checkbox" name="gates" value="{gate}" checked>' in page
