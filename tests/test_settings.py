"""Settings come from defaults, then the environment, then the command line."""

import dataclasses
from pathlib import Path

import pytest

from synhub.errors import BadRequest
from synhub.settings import SETTINGS, load_settings


def test_defaults_without_any_environment() -> None:
    settings = load_settings({})

    assert settings.data == Path("synhub-data")
    assert (settings.host, settings.port, settings.uri_prefix) == ("127.0.0.1", 7777, "")
    assert (settings.engine, settings.signup, settings.demo) == ("oxigraph:", True, False)


def test_environment_beats_defaults_and_arguments_beat_the_environment() -> None:
    environment = {"SYNHUB_PORT": "8000", "SYNHUB_HOST": "::1", "SYNHUB_DATA": "/srv/parts"}

    settings = load_settings(environment, port=9000, host=None)

    assert (settings.port, settings.host, settings.data) == (9000, "::1", Path("/srv/parts"))


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("Yes", True), (" on ", True), ("0", False), ("off", False)]
)
def test_switches_are_words(text: str, value: bool) -> None:
    assert load_settings({"SYNHUB_SIGNUP": text}).signup is value


def test_numbers_keep_the_kind_of_their_default() -> None:
    settings = load_settings({"SYNHUB_QUERY_TIMEOUT": "5", "SYNHUB_UPLOAD_LIMIT": "1000"})

    assert (settings.query_timeout, type(settings.query_timeout)) == (5.0, float)
    assert (settings.upload_limit, type(settings.upload_limit)) == (1000, int)


@pytest.mark.parametrize(
    ("name", "text"),
    [("SYNHUB_PORT", "http"), ("SYNHUB_PORT", "80.5"), ("SYNHUB_SIGNUP", "maybe"), ("SYNHUB_QUERY_TIMEOUT", "")],
)
def test_a_value_of_the_wrong_kind_is_refused_with_name_and_value(name: str, text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        load_settings({name: text})

    assert f"{name}={text!r}" in refused.value.message


def test_an_unknown_setting_is_refused_and_the_known_are_listed() -> None:
    with pytest.raises(BadRequest, match=r"unknown setting SYNHUB_PROT; known are .*SYNHUB_PORT"):
        load_settings({"SYNHUB_PROT": "80"})


@pytest.mark.parametrize("name", ["SYNHUB_TOKEN", "SYNHUB_CORPUS", "SYNHUB_RECORDINGS", "PATH"])
def test_variables_of_others_are_left_alone(name: str) -> None:
    assert load_settings({name: "x"}) == load_settings({})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_settings({}).port = 1  # type: ignore[misc]  # that it is refused is the point


def test_every_setting_is_explained() -> None:
    assert [setting.name for setting in SETTINGS if len(setting.help) < 10] == []
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
