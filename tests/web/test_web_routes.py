"""The route table: object verbs, and those with an argument."""

import pytest

from synhub.identity import ObjectRef
from synhub.web import routes
from synhub.web.routes import ObjectVerb, match


async def handler(*_: object) -> None: ...


@pytest.fixture
def argument_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    verb = ObjectVerb(("POST",), "tell/{whom}", handler)  # type: ignore[arg-type]
    monkeypatch.setitem(routes._VERBS_WITH_ARGUMENT, "tell", [verb])


@pytest.mark.usefixtures("argument_verb")
@pytest.mark.parametrize(
    ("path", "ref", "share"),
    [
        ("/public/c/d/1/tell/a%20b", ObjectRef(None, "c", "d", "1"), None),
        ("/public/c/d/TELL/a%20b/", ObjectRef(None, "c", "d", None), None),
        ("/user/u/c/d/e/1/tell/a%20b", ObjectRef("u", "c", "d/e", "1"), None),
        ("/user/u/c/d/1/s3cret/share/tell/a%20b", ObjectRef("u", "c", "d", "1"), "s3cret"),
    ],
)
def test_a_verb_with_an_argument_is_found_in_every_form(path: str, ref: ObjectRef, share: str | None) -> None:
    found = match("POST", path)

    assert found is not None
    assert (found.verb, found.parameters, found.ref, found.share) == ("tell/{whom}", {"whom": "a b"}, ref, share)


@pytest.mark.usefixtures("argument_verb")
@pytest.mark.parametrize(
    ("method", "path", "ref", "verb"),
    [
        ("GET", "/public/c/d/tell/x", ObjectRef(None, "c", "d/tell/x", None), ""),
        ("GET", "/public/c/d/tell/sbol", ObjectRef(None, "c", "d/tell", None), "sbol"),
        ("GET", "/public/c/tell/1/sbol", ObjectRef(None, "c", "tell", "1"), "sbol"),
        ("GET", "/public/c/tell/1", ObjectRef(None, "c", "tell", "1"), ""),
        ("GET", "/public/c/sbol", ObjectRef(None, "c", "sbol", None), ""),
    ],
)
def test_with_other_methods_it_is_a_child(method: str, path: str, ref: ObjectRef, verb: str) -> None:
    found = match(method, path)

    assert found is not None and found.handler is not None
    assert (found.ref, found.verb, found.parameters) == (ref, verb, {})


def test_a_known_path_with_another_method_names_the_methods() -> None:
    found = match("PUT", "/public/c/d/1/sbol")

    assert found is not None and found.handler is None
    assert found.methods == ("GET", "HEAD")
