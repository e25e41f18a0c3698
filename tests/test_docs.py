"""README says what the code has: settings, commands, routes, modules."""

import argparse
import re
from pathlib import Path

import pytest

from synhub import __version__
from synhub.__main__ import build_parser
from synhub.settings import MIB, SETTINGS, Setting
from synhub.web.routes import OBJECT_VERBS, ROUTES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def settings_row(setting: Setting) -> str:
    default = str(setting.default)
    if isinstance(setting.default, bool):
        default = "yes" if setting.default else "no"
    if setting.unit == "bytes":
        default = f"{default} ({setting.default // MIB} MiB)"
    return f"| `SYNHUB_{setting.name.upper()}` | {default} | {setting.unit} | {setting.help} |"


def subcommands(parser: argparse.ArgumentParser, prefix: str) -> list[tuple[str, argparse.ArgumentParser]]:
    """Return every command that can be run, with its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return [found for name, child in action.choices.items() for found in subcommands(child, f"{prefix} {name}")]
    return [(prefix, parser)]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_readme_has_the_row_of_every_setting(setting: Setting) -> None:
    assert settings_row(setting) in README


def test_readme_has_no_row_of_a_setting_that_is_gone() -> None:
    assert set(re.findall(r"^\| `SYNHUB_(\w+)`", README, re.MULTILINE)) == {s.name.upper() for s in SETTINGS}


def test_readme_names_every_command() -> None:
    assert [name for name, _ in subcommands(build_parser(), "synhub") if name not in README] == []


@pytest.mark.parametrize("command", ["synhub serve", "synhub user add"])
def test_readme_names_every_option_of_the_long_commands(command: str) -> None:
    parser = dict(subcommands(build_parser(), "synhub"))[command]
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{command} ")]
    options = {option for action in parser._actions for option in action.option_strings if option.startswith("--")}

    assert {option for option in options - {"--help", "--data"} if option not in row} == set()


def test_readme_names_every_route() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("| `"))
    paths = {re.sub(r"\{\*\w+\}$", "…", route.path) for route in ROUTES}
    paths -= {"/jobs/{id}/upload/{number}"}  # the second and later files of one upload
    paths |= {f"<object>/{verb.verb}".rstrip("/") for verb in OBJECT_VERBS}
    missing = [path for path in paths if not re.search(rf"`([A-Z]+ )?{re.escape(path)}`", table)]

    assert missing == []


def test_readme_lists_every_module_and_package_once() -> None:
    listed = re.findall(r"^\| `synhub/([^`]+)`", README, re.MULTILINE)
    modules = [path.name for path in (ROOT / "synhub").glob("*.py") if path.name != "__init__.py"]
    packages = [
        path.parent.relative_to(ROOT / "synhub").as_posix() + "/"
        for path in (ROOT / "synhub").rglob("__init__.py")
        if path.parent != ROOT / "synhub"
    ]

    assert sorted(listed) == sorted(modules + packages)


def test_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == __version__


@pytest.mark.parametrize("folder", ["sbol2", "invalid"])
def test_every_fixture_is_described_in_its_source_file(folder: str) -> None:
    names = {path.name for path in (ROOT / "fixtures" / folder).glob("*.xml")}
    described = re.findall(r"^\| (\S+\.xml) \|", (ROOT / "fixtures" / folder / "SOURCE.md").read_text(), re.MULTILINE)

    assert sorted(described) == sorted(names)


def test_license_is_apache_2() -> None:
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()
