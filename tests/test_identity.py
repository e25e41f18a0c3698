"""IRIs, paths, versions: composing and parsing."""

import pytest

from synhub.errors import BadRequest, InvalidIri
from synhub.identity import (
    Namespace,
    ObjectRef,
    Registry,
    decode_segment,
    is_display_id,
    is_version,
    path_of_iri,
    version_key,
)
from synhub.web import routes

HUB = Registry("http://h/")


@pytest.mark.parametrize("prefix", ["", "hub", "ftp://h/", "http://h/?q", "http://h/#x", "http://h/a b/"])
def test_a_prefix_that_cannot_begin_an_iri_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidIri):
        Registry.parse(prefix)


def test_a_prefix_gains_its_slash() -> None:
    assert Registry.parse("https://hub.example").prefix == "https://hub.example/"


@pytest.mark.parametrize(
    ("iri", "graph"),
    [
        ("http://h/public/c/x/1", "http://h/public"),
        ("http://h/user/bob/c/x/1", "http://h/user/bob"),
        ("http://h/user/bob", None),
        ("http://h/publicity/c/x/1", None),
        ("http://h.evil/public/c/x/1", None),
        ("http://elsewhere/public/c/x/1", None),
    ],
)
def test_the_graph_of_an_object_follows_from_its_iri(iri: str, graph: str | None) -> None:
    assert HUB.graph_of(iri) == graph


@pytest.mark.parametrize(
    ("iri", "ref"),
    [
        ("http://h/public/c/x/1", ObjectRef(None, "c", "x", "1")),
        ("http://h/public/c/x", ObjectRef(None, "c", "x", None)),
        ("http://h/user/bob/c/x/child/1.0-rc", ObjectRef("bob", "c", "x/child", "1.0-rc")),
        ("http://h/public/c/", None),
        ("http://h/public/c", None),
        ("http://x.org/c/x/1", None),
    ],
)
def test_an_iri_parses_to_a_reference_and_back(iri: str, ref: ObjectRef | None) -> None:
    found = ObjectRef.of_iri(iri, HUB)

    assert found == ref
    assert ref is None or ref.iri(HUB) == iri


def test_the_root_collection_of_a_namespace() -> None:
    assert Namespace("http://h/", "bob", "lab").collection_iri("2") == "http://h/user/bob/lab/lab_collection/2"


def test_versions_sort_as_maven_sorts_them() -> None:
    mixed = ["1.10", "1.5", "2", "1", "1.5-rc", "1.0.1", "1.5-SNAPSHOT"]

    assert sorted(mixed, key=version_key) == ["1", "1.0.1", "1.5-SNAPSHOT", "1.5-rc", "1.5", "1.10", "2"]
    assert version_key("1") == version_key("1.0.0")


@pytest.mark.parametrize("segment", ["%zz", "%", "a%2", "%ff", "%00", "a%0Ab"])
def test_a_segment_that_decodes_to_no_name_is_refused(segment: str) -> None:
    with pytest.raises(BadRequest):
        decode_segment(segment)


def test_paths_stay_on_this_server() -> None:
    assert path_of_iri("http://h/public/c/x/1", HUB) == "/public/c/x/1"
    assert path_of_iri("http://elsewhere/public/c/x/1", HUB) is None


@pytest.mark.parametrize(
    ("path", "ref", "share", "verb"),
    [
        ("/public/c/x/1/sbol", ObjectRef(None, "c", "x", "1"), None, "sbol"),
        ("/PUBLIC/c/x/1/SBOL/", ObjectRef(None, "c", "x", "1"), None, "sbol"),
        ("/public/c/x/sbol", ObjectRef(None, "c", "x", None), None, "sbol"),
        ("/public/c/sbol", ObjectRef(None, "c", "sbol", None), None, ""),
        ("/public/c/x/child/1", ObjectRef(None, "c", "x/child", "1"), None, ""),
        ("/user/bob/c/x/1", ObjectRef("bob", "c", "x", "1"), None, ""),
        ("/user/bob/c/x/1/0123abcd/share", ObjectRef("bob", "c", "x", "1"), "0123abcd", ""),
        ("/user/bob/c/x/1/0123abcd/share/metadata", ObjectRef("bob", "c", "x", "1"), "0123abcd", "metadata"),
        ("/user/b%6Fb/c/x/1", ObjectRef("bob", "c", "x", "1"), None, ""),
        ("/public/c/x/1/nonsense", ObjectRef(None, "c", "x/1/nonsense", None), None, ""),
    ],
)
def test_an_object_path_parses(path: str, ref: ObjectRef, share: str | None, verb: str) -> None:
    matched = routes.match("GET", path)

    assert matched is not None
    assert (matched.ref, matched.share) == (ref, share)
    assert matched.handler is next(v.handler for v in routes.OBJECT_VERBS if v.verb == verb and "GET" in v.methods)


@pytest.mark.parametrize(
    "path", ["/public", "/public/c", "/user/bob/c", "/public//x/1", "/public/c/%3Cx%3E/1", "/nothing"]
)
def test_other_paths_have_no_route(path: str) -> None:
    assert routes.match("GET", path) is None


def test_a_known_path_with_another_method_says_which_are_allowed() -> None:
    matched = routes.match("DELETE", "/public/c/x/1/sbol")

    assert matched is not None
    assert matched.handler is None
    assert matched.methods == ("GET", "HEAD")


def test_versions_of_any_length_sort_as_numbers() -> None:
    long = ["1" + "0" * 4999 + "1", "1" + "0" * 5000, "9" * 5000]
    assert sorted(long, key=version_key) == [long[2], long[1], long[0]]
    assert version_key("007") == version_key("7") < version_key("010")


def test_names_have_at_most_255_characters() -> None:
    assert is_display_id("a" * 255) and is_version("1" * 255)
    assert not is_display_id("a" * 256) and not is_version("1" * 256)


@pytest.mark.parametrize("target", ["*", "", "x", "http://h/health"])
def test_a_request_target_that_is_no_path_has_no_route(target: str) -> None:
    assert routes.match("GET", target) is None
