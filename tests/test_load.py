"""`synhub load` and `synhub dump`: an empty instance is filled with what another has, quad for quad, or not at all."""

import gzip
import io
import json
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import engine_servers
import pytest
from backup_instance import Answers, answers, fill
from live import PREFIX, live

from bench.generate import PREFIX as BENCH
from bench.generate import Corpus, write_nquads
from synhub import app, loading
from synhub.__main__ import main
from synhub.errors import Inconsistent
from synhub.identity import Registry
from synhub.progress import Progress
from synhub.settings import load_settings
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.pending import count_pending
from synhub.store.embedded import EmbeddedStore
from synhub.store.sequences.files import read_manifest
from synhub.store.sequences.sequences import check_sequences
from synhub.store.whole_store import lines_of

pytestmark = pytest.mark.slow

GRAPH = PREFIX + "public"
PART = f"{GRAPH}/lab/part/1"
TOP_LEVEL = "http://wiki.synbiohub.org/wiki/Terms/synbiohub#topLevel"
STAMP = f"<{PART}> <{TOP_LEVEL}> <{PART}> <{GRAPH}> .\n"


def quads(data: Path) -> set[tuple[str, bytes]]:
    store = EmbeddedStore(data / "store")
    try:
        return {(graph, line) for graph in store.graphs() for lines in lines_of(store, graph) for line in lines}
    finally:
        store.close()


def load(data: Path, *sources: Path, prefix: str = PREFIX) -> int:
    return main(["load", *map(str, sources), "--data", str(data), "--uri-prefix", prefix])


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, Answers]:
    with live(tmp_path / "first") as hub:
        fill(hub)
        return tmp_path / "first", answers(hub, (None,))


def test_loading_a_dump_gives_the_same_quads_and_answers(filled: tuple[Path, Answers], tmp_path: Path) -> None:
    first, before = filled
    assert main(["dump", str(tmp_path / "dump"), "--data", str(first)]) == 0
    assert main(["load", str(tmp_path / "dump"), "--data", str(tmp_path / "second")]) == 0
    assert quads(tmp_path / "second") == quads(first)
    assert main(["check", "--data", str(tmp_path / "second")]) == 0
    with live(tmp_path / "second") as hub:
        for name in ("root", "alice", "bob"):
            hub.user(name)
        found = answers(hub, (None,))
    without_tags = {
        key: (status, kind, body) for key, (status, kind, _, body) in before.items() if "/jobs/" not in key[1]
    }
    same = {key: (found[key][0], found[key][1], found[key][3]) for key in without_tags if key in found}
    assert len(same) > 50
    assert same == {key: without_tags[key] for key in same}


def test_loading_builds_the_sequence_index(tmp_path: Path) -> None:
    write_nquads(Corpus(200), tmp_path / "corpus.nq")
    assert load(tmp_path / "data", tmp_path / "corpus.nq", prefix=BENCH) == 0
    manifest = read_manifest(tmp_path / "data" / "sequences")
    assert manifest is not None
    assert sum(segment.sequences for segment in manifest if segment.alphabet == "nucleotide") > 100
    with closing(Catalog(tmp_path / "data" / "catalog.sqlite")) as catalog:
        assert count_pending(catalog.database) == 0
        assert check_sequences(tmp_path / "data" / "sequences", catalog) == []


def test_manifest_says_what_the_files_are_and_the_same_data_make_the_same_files(
    filled: tuple[Path, Answers], tmp_path: Path
) -> None:
    first, _ = filled
    for name in ("one", "two"):
        assert main(["dump", str(tmp_path / name), "--data", str(first)]) == 0
    one, two = ((tmp_path / name / "dump.json").read_text() for name in ("one", "two"))
    assert one == two
    manifest = json.loads(one)
    assert manifest["prefix"] == PREFIX
    assert [g["file"] for g in manifest["graphs"]] == ["public.nq.gz", "user-alice.nq.gz"]
    lines = gzip.decompress((tmp_path / "one" / "public.nq.gz").read_bytes()).decode().splitlines()
    assert len(lines) == manifest["graphs"][0]["triples"]
    assert all(line.endswith(f" <{GRAPH}> .") for line in lines)


def test_only_the_graph_that_is_named_is_dumped(
    filled: tuple[Path, Answers], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = filled
    assert main(["dump", str(tmp_path / "dump"), "--data", str(first), "--graph", GRAPH]) == 0
    assert sorted(path.name for path in (tmp_path / "dump").iterdir()) == ["dump.json", "public.nq.gz"]
    assert main(["dump", str(tmp_path / "none"), "--data", str(first), "--graph", "http://x/none"]) == 1
    assert f"there are graphs {GRAPH}, {PREFIX}user/alice" in capsys.readouterr().err


def test_a_running_server_is_dumped_from_a_backup_of_its_own(tmp_path: Path) -> None:
    with live(tmp_path / "first") as hub:
        fill(hub)
        assert main(["dump", str(tmp_path / "dump"), "--data", str(tmp_path / "first")]) == 0
    assert main(["load", str(tmp_path / "dump"), "--data", str(tmp_path / "second")]) == 0
    assert quads(tmp_path / "second") == quads(tmp_path / "first")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump", "first", "second"]


def test_what_a_sparql_server_keeps_is_dumped_when_nothing_changes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "server").mkdir()
    with engine_servers.oxigraph(tmp_path / "server") as server:
        dump = ["dump", str(tmp_path / "dump"), "--data", str(tmp_path / "first"), "--engine", server.url]
        with live(tmp_path / "first", engine=server.url) as hub:
            fill(hub)
            assert main(dump) == 1
            kept = server.url.removeprefix("sparql+")
            assert f"kept by sparql+{kept} and change while synhub runs: stop synhub" in capsys.readouterr().err
            assert not (tmp_path / "dump").exists()
            before = answers(hub, (None,))
        assert main(dump) == 0
    assert main(["load", str(tmp_path / "dump"), "--data", str(tmp_path / "second")]) == 0
    with live(tmp_path / "second", engine="oxigraph:") as hub:
        hub.user("alice")
        again = answers(hub, (None,))
    listings = [key for key in before if key[1].startswith(("/search", "/rootCollections", "/ComponentDefinition"))]
    assert len(listings) == 10
    assert [again[key] for key in listings] == [before[key] for key in listings]


def test_a_dump_that_has_been_changed_is_refused(
    filled: tuple[Path, Answers], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = filled
    assert main(["dump", str(tmp_path / "dump"), "--data", str(first)]) == 0
    with (tmp_path / "dump" / "public.nq.gz").open("ab") as file:
        file.write(gzip.compress(STAMP.encode()))
    assert main(["load", str(tmp_path / "dump"), "--data", str(tmp_path / "second")]) == 1
    assert "is not the file that the dump wrote" in capsys.readouterr().err


def test_files_are_stored_as_the_engine_would_whatever_their_spelling(tmp_path: Path) -> None:
    text = "# a comment\n\n" + STAMP.replace(" ", "\t", 2)
    text += f'<{PART}> <http://x/n> "007"^^<http://www.w3.org/2001/XMLSchema#integer> <{GRAPH}> .\n'
    text += f'<{PART}> <http://x/t> "\\u00e4 <{GRAPH}> ."^^<http://www.w3.org/2001/XMLSchema#string> <{GRAPH}> .\n'
    text += f'<{PART}> <http://x/t> "a <b>"@EN <{GRAPH}> .\n<{PART}> <http://x/g> <{GRAPH}> <{GRAPH}> .\n'
    with gzip.open(tmp_path / "a.nq.gz", "wt") as file:
        file.write(text)
    assert load(tmp_path / "d", tmp_path / "a.nq.gz") == 0
    assert {line.split(b" ", 2)[2] for _, line in quads(tmp_path / "d")} == {
        f"<{PART}> .".encode(),
        b'"7"^^<http://www.w3.org/2001/XMLSchema#integer> .',
        f'"ä <{GRAPH}> ." .'.encode(),
        b'"a <b>"@en .',
        f"<{GRAPH}> .".encode(),
    }
    assert main(["check", "--data", str(tmp_path / "d")]) == 0


def test_a_subject_may_lie_in_several_places_of_several_files(tmp_path: Path) -> None:
    corpus = Corpus(30, prefix=PREFIX)
    write_nquads(corpus, tmp_path / "all.nq")
    lines = (tmp_path / "all.nq").read_text().splitlines(keepends=True)
    written(tmp_path / "in" / "one.nq", "".join(lines[::2]))
    written(tmp_path / "in" / "two.nq", "".join(lines[1::2]))
    assert load(tmp_path / "d", tmp_path / "in") == 0
    assert len(quads(tmp_path / "d")) == len(set(lines))
    assert main(["check", "--data", str(tmp_path / "d")]) == 0


REFUSED = {
    "bad line": (STAMP + "<a> <b> .\n", r"a\.nq:2: not N-Quads: "),
    "no graph": (STAMP + f"<{PART}> <http://x/p> <{GRAPH}> .\n", "is in no graph: <http://hub.example/public"),
    "foreign graph": (STAMP.replace(f"<{GRAPH}>", "<http://elsewhere/g>"), "http://elsewhere/g is not one of"),
    "subject elsewhere": (STAMP + f"<http://e/x> <http://e/p> <http://e/o> <{GRAPH}> .\n", "not lie below its graph"),
    "blank subject": (STAMP + f"_:b <http://e/p> <http://e/o> <{GRAPH}> .\n", "does not lie below its graph"),
    "blank value": (STAMP + f"<{PART}> <http://e/p> _:b <{GRAPH}> .\n", "blank nodes have no place"),
    "no top level": (STAMP + f'<{GRAPH}/b/1> <http://e/p> "x" <{GRAPH}> .\n', "1 triples belong to no top level"),
    "two top levels": (STAMP + f"<{PART}> <{TOP_LEVEL}> <{GRAPH}/b/1> <{GRAPH}> .\n", "belongs to two top levels"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_belong_is_refused_and_nothing_stored(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text, message = REFUSED[case]
    assert load(tmp_path / "d", written(tmp_path / "a.nq", text)) == 1
    assert re.search(message, capsys.readouterr().err)
    assert load(tmp_path / "d", written(tmp_path / "a.nq", STAMP)) == 0
    assert len(quads(tmp_path / "d")) == 1


def test_an_instance_that_holds_something_is_not_touched(
    filled: tuple[Path, Answers], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = filled
    before = quads(first)
    assert load(first, written(tmp_path / "a.nq", STAMP)) == 1
    assert "holds triples already" in capsys.readouterr().err
    assert quads(first) == before


def test_a_running_server_keeps_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with live(tmp_path / "d"):
        assert load(tmp_path / "d", written(tmp_path / "a.nq", STAMP)) == 2
    assert "in use by a running server" in capsys.readouterr().err


def test_a_load_that_was_interrupted_is_known_and_starts_over(tmp_path: Path) -> None:
    corpus = written(tmp_path / "a.nq", "")
    size = write_nquads(Corpus(400, prefix=PREFIX), corpus)
    data = tmp_path / "d"
    process = subprocess.Popen(
        [sys.executable, "-m", "synhub", "load", str(corpus), "--data", str(data), "--uri-prefix", PREFIX],
        stderr=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 60
    while not (data / "loading").exists() and process.poll() is None and time.monotonic() < ends:
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert (data / "loading").exists()
    with pytest.raises(Inconsistent, match="half filled"):
        app.open_hub(load_settings({}, data=data)).__enter__()
    assert load(data, corpus) == 0
    assert len(quads(data)) == size.triples
    (data / "sorting-x").mkdir()  # as one that is killed later leaves them
    (data / "catalog.sqlite.new").touch()
    assert main(["check", "--data", str(data)]) == 0
    assert not list(data.glob("sorting-*")) and not (data / "catalog.sqlite.new").exists()


def test_progress_is_told_in_bytes_and_top_levels(tmp_path: Path) -> None:
    write_nquads(Corpus(50, prefix=PREFIX), tmp_path / "a.nq")
    told: dict[str, tuple[int, ...]] = {}
    (tmp_path / "d").mkdir()
    loaded = loading.load(
        tmp_path / "d", Registry(PREFIX), [tmp_path / "a.nq"], 0, lambda what, *n: told.update({what: n})
    )
    size = (tmp_path / "a.nq").stat().st_size
    triples = sum(loaded.triples.values())
    assert told.pop("storing", (0, size, 0))[1] == size  # a small file is read at once
    assert told == {
        "reading": (size, size, triples), "writing": (0, 0, 0), "indexing": (*[loaded.top_levels] * 3,),
    }  # fmt: skip


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_shows_the_part_and_how_many_triples_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("synhub.progress.time.monotonic", lambda: now_s)
    shown = _Terminal()
    progress = Progress(shown)
    for after_s, done in ((0.0, 40), (2.0, 250), (10.0, 510)):
        now_s = 100.0 + after_s
        progress.tell("reading", done, 500, 2 * done)
    now_s = 120.0
    progress.tell("writing", 0, 0, 0)
    assert [line.removesuffix("\033[K").rstrip() for line in shown.getvalue().replace("\n", "").split("\r")[1:]] == [
        f"reading    [{'##':30}] 8 %",
        f"reading    [{15 * '#':30}] 50 % 250/s",
        f"reading    [{30 * '#'}] 100 % 102/s",
        "reading: 20.0 s",
        "writing    …",
    ]


@pytest.mark.parametrize("exists", [False, True])
def test_a_load_that_is_refused_leaves_nothing_behind(tmp_path: Path, exists: bool) -> None:
    data = tmp_path / "d"
    if exists:
        data.mkdir()
    assert load(data, written(tmp_path / "a.nq", STAMP), prefix="http://other.example/") == 1
    assert list(data.iterdir()) == [] if exists else not data.exists()


def test_a_refused_load_touches_nothing_of_what_was_there(filled: tuple[Path, Answers], tmp_path: Path) -> None:
    first, _ = filled
    before = {path.relative_to(first) for path in first.rglob("*") if path.is_file() and "store" not in path.parts}
    assert load(first, written(tmp_path / "a.nq", STAMP)) == 1
    assert before <= {path.relative_to(first) for path in first.rglob("*")}
