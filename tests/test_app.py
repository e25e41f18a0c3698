"""Opening, refusing and repairing a data folder; the commands that work on one."""

import re
import shutil
import socket
from pathlib import Path

import pytest
from live import PREFIX, live

from synhub import app
from synhub.__main__ import main
from synhub.demo.start import start_demo
from synhub.errors import BadRequest, Inconsistent
from synhub.server import listen
from synhub.settings import Settings, load_settings
from synhub.store.catalog.counts import count_top_levels

DESIGN = Path(__file__).parents[1] / "fixtures" / "sbol2" / "promoter.xml"


def settings(data: Path, **given: object) -> Settings:
    return load_settings({}, data=data, **given)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance with one small collection, to be copied."""
    data = tmp_path_factory.mktemp("filled")
    with live(data) as instance:
        instance.user("alice")
        assert instance.submit("alice", DESIGN.read_bytes()).text == "Successfully uploaded"
    return data


@pytest.fixture
def data(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "data")


def test_the_prefix_is_fixed_at_the_first_start(tmp_path: Path) -> None:
    with app.open_hub(settings(tmp_path, uri_prefix=PREFIX)) as hub:
        assert hub.registry.prefix == PREFIX
    with app.open_hub(settings(tmp_path, port=9999)) as hub:
        assert hub.registry.prefix == PREFIX
    with pytest.raises(BadRequest, match=r"is http://hub.example/ and cannot become http://other.example/"):
        app.open_hub(settings(tmp_path, uri_prefix="http://other.example/")).__enter__()


@pytest.mark.parametrize("command", ["check", "reindex", "serve"])
def test_a_store_is_not_made_anew_where_a_server_keeps_the_triples(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with app.open_hub(settings(tmp_path, uri_prefix=PREFIX)) as hub:
        assert hub.accounts.get_setting("engine") == "oxigraph:"
        hub.accounts.put_setting("engine", "sparql+http://virtuoso.example:8890/")
    shutil.rmtree(tmp_path / "store")
    port = ["--port", "0"] if command == "serve" else []
    assert main([command, "--data", str(tmp_path), *port]) == 1
    assert "are kept by sparql+http://virtuoso.example:8890/: give this server with --engine" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("command", ["check", "reindex"])
def test_another_server_is_not_taken_for_the_one_that_keeps_the_triples(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with app.open_hub(settings(tmp_path, uri_prefix=PREFIX)) as hub:
        hub.accounts.put_setting("engine", "sparql+http://virtuoso.example:8890/")
    before = (tmp_path / "catalog.sqlite").read_bytes()
    other = ["--engine", "sparql+http://127.0.0.1:9/"]
    assert main([command, "--data", str(tmp_path), *other]) == 1
    told = capsys.readouterr().err
    assert "are kept by sparql+http://virtuoso.example:8890/" in told
    assert "when it has moved, start `synhub serve` with its new address first" in told
    assert (tmp_path / "catalog.sqlite").read_bytes() == before


@pytest.mark.parametrize("command", ["check", "reindex"])
def test_nothing_is_proved_about_an_engine_that_keeps_nothing(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with app.open_hub(settings(tmp_path, uri_prefix=PREFIX)):
        pass
    assert main([command, "--data", str(tmp_path), "--engine", "memory:"]) == 1
    assert "an instance of the engine memory: ends with its process" in capsys.readouterr().err


def test_a_server_does_not_take_the_place_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with app.open_hub(settings(tmp_path, uri_prefix=PREFIX)):
        pass
    assert main(["reindex", "--data", str(tmp_path), "--engine", "sparql+http://me:secret@127.0.0.1:9/"]) == 1
    told = capsys.readouterr().err
    assert "kept in a folder, not by sparql+http://127.0.0.1:9/" in told
    assert "secret" not in told


def test_a_port_in_use_is_refused_before_anything_is_fixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status = main(["serve", "--data", str(tmp_path / "d"), "--port", str(port)])

    assert status == 1
    assert f"cannot listen on '127.0.0.1' port {port}" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_answers_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    with (
        listen(settings(tmp_path, port=0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_nothing_of_a_memory_instance_is_there_at_the_next_start(tmp_path: Path) -> None:
    for _ in range(2):
        with live(tmp_path / "d", engine="memory:") as instance:
            assert instance.hub.accounts.find_by_login("alice") is None
            instance.user("alice")
            assert instance.get("/search/", "alice").json() == []
            assert instance.submit("alice", DESIGN.read_bytes()).text == "Successfully uploaded"
    assert not (tmp_path / "d").exists()


def test_a_lost_triple_store_is_refused_with_advice(data: Path) -> None:
    shutil.rmtree(data / "store")

    with pytest.raises(Inconsistent, match=r"the triple store of .* is empty, but 3 top levels were stored"):
        app.open_hub(settings(data)).__enter__()


@pytest.mark.parametrize("damage", ["garbage", "absent"])
def test_a_catalog_that_cannot_be_read_is_made_again(data: Path, damage: str) -> None:
    (data / "catalog.sqlite").unlink()
    if damage == "garbage":
        (data / "catalog.sqlite").write_bytes(b"this is no database" * 100)

    with live(data) as instance:
        (row,) = instance.hub.catalog.database.rows("SELECT count(*) FROM top_level")
        assert row == (3,)
    assert main(["check", "--data", str(data)]) == 0


def test_reindex_mends_a_catalog_that_cannot_be_read(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "catalog.sqlite").write_bytes(b"this is no database" * 100)

    assert main(["check", "--data", str(data)]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert main(["reindex", "--data", str(data)]) == 0
    told = capsys.readouterr()
    assert told.out == "3 top levels\n"
    assert re.fullmatch(r"reading: \d\.\d s\nindexing: \d\.\d s\n", told.err)
    assert main(["check", "--data", str(data)]) == 0


def test_check_names_what_differs(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with app.open_hub(settings(data), start=False) as hub, hub.catalog.database.write() as sql:
        sql.execute("UPDATE top_level SET digest = x'00' WHERE display_id = 'lab_collection'")

    assert main(["check", "--data", str(data)]) == 1
    assert capsys.readouterr().out == (
        f"{PREFIX}user/alice/lab/lab_collection/1: differs from its catalog row\n1 problems, 3 top levels\n"
    )


def filled_offline(filled: Path, data: Path) -> None:
    """A store that was copied into a folder nothing was ever submitted to, and its catalog."""
    with app.open_hub(settings(data / "new", uri_prefix=PREFIX)):
        pass
    shutil.rmtree(data / "new" / "store")
    shutil.copytree(filled / "store", data / "new" / "store")
    assert main(["reindex", "--data", str(data / "new")]) == 0


def test_a_store_filled_offline_is_indexed_once(filled: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    filled_offline(filled, tmp_path)
    with caplog.at_level("INFO"), app.open_hub(settings(tmp_path / "new")) as hub:
        assert count_top_levels(hub.catalog) > 1
    assert "building it again" not in caplog.text


def test_an_index_that_was_not_finished_is_built_again(
    filled: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled_offline(filled, tmp_path)
    with app.open_hub(settings(tmp_path / "new"), start=False) as hub:
        whole = count_top_levels(hub.catalog)
        hub.catalog.clear()
    (tmp_path / "new" / "catalog.sqlite.new").write_bytes(b"half a catalog")
    with caplog.at_level("INFO"), app.open_hub(settings(tmp_path / "new")) as hub:
        assert count_top_levels(hub.catalog) == whole
    assert "building it again" in caplog.text
    assert [path.name for path in (tmp_path / "new").glob("*.new*")] == []


@pytest.mark.parametrize("command", ["check", "reindex"])
def test_commands_do_not_make_a_folder(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--data", str(tmp_path / "absent")]) == 1
    assert "holds no synhub instance" in capsys.readouterr().err
    assert not (tmp_path / "absent").exists()


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")

    assert main(["serve", "--port", "0", "--data", str(tmp_path / "file")]) == 1
    assert "cannot be used: File exists" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check"], ["reindex"], ["user", "list"]])
def test_a_folder_of_a_newer_synhub_is_refused(
    data: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "format").write_text("99")

    assert main([*command, "--data", str(data)]) == 1
    assert "has format 99" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("query_timeout", -1.0, "query_timeout is -1; it must be at least 0.01"),
        ("port", 70000, "port is 70000; it must be at least 0 and at most 65535"),
        ("step_quads", 0, "step_quads is 0; it must be at least 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(tmp_path: Path, name: str, value: float, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        settings(tmp_path, **{name: value})


def test_demo_that_cannot_be_stored_is_one_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with app.open_hub(settings(tmp_path, disk_reserve=1 << 60)) as hub:
        start_demo(hub, "http://h")
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage().startswith("the demo collection is not stored, and is tried again at the next start: ")
    assert record.exc_info is None
    assert capsys.readouterr().out == ""
