"""The list of rules agrees with what is checked, with the fixtures and with the page in docs/."""

import runpy
import tomllib
from pathlib import Path

from synhub.sbol.rules.catalogue import CATALOGUE, IN_BYTES
from synhub.sbol.rules.check import IMPLEMENTED, RULES

ROOT = Path(__file__).parent.parent.parent


def test_all_rules_of_the_specification_are_listed_and_all_but_one_of_the_checkable_are_checked() -> None:
    assert len(CATALOGUE) == 268
    checkable = {entry.id for entry in CATALOGUE.values() if entry.gate is not None}
    assert len(checkable) == 239
    assert checkable - IMPLEMENTED == {"sbol-10705"}
    assert checkable >= IMPLEMENTED


def test_a_rule_has_the_gate_that_the_list_says() -> None:
    assert {rule.id: rule.gate for rule in RULES} == {rule.id: CATALOGUE[rule.id].gate for rule in RULES}


def test_every_checked_rule_has_a_pair_of_documents() -> None:
    files = (ROOT / "fixtures" / "rules").glob("*.toml")
    paired = {name for file in files for name in tomllib.loads(file.read_text("utf-8")) if name != "given"}
    assert paired == IMPLEMENTED
    assert paired >= IN_BYTES


def test_the_page_is_what_the_script_writes() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "rules_table.py"))["text"]()
    assert (ROOT / "docs" / "validation.md").read_text("utf-8") == written
