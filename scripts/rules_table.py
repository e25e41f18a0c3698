"""Makes docs/validation.md from the catalogue of rules: `python scripts/rules_table.py`."""

from pathlib import Path

from synhub.sbol.rules.catalogue import CATALOGUE, IN_BYTES, Entry
from synhub.sbol.rules.check import IMPLEMENTED

TARGET = Path(__file__).parent.parent / "docs" / "validation.md"
HEAD = """# Validation

Made by `python scripts/rules_table.py` from `synhub/sbol/rules/catalogue.py`.

Every upload, and every file given to `/validate` or `synhub validate`, is checked against the rules of SBOL 2.3,
appendix A. Each rule belongs to a gate:

| gate | findings are | it asks |
|---|---|---|
| always | errors: an upload is refused | whether the document is SBOL at all |
| compliant | warnings | whether IRIs follow the pattern of section 12.3 |
| complete | warnings | whether what is referred to is in the document; of a wrong class it is an error |
| best practice | warnings | whether the specification's recommendations are kept |

A reference by persistent identity means the latest version that is in the document. Letters of every script may stand
in a displayId and in a version that is read; minting makes names of letters, digits and `_` of them. Numbers and
dates are judged by their text, whatever datatype they are labelled with. Properties of PROV-O and OM that the
specification does not list for a class are annotations. At most 1 000 findings of one rule and 10 000 in all are
listed.

References that have to be unique everywhere (sbol-10202) are looked at within one upload, before it is compared with
what is stored. sbol-10520 compares each definition that has a sequence with those of the definitions right below
it; of SMILES, only the characters and the brackets are looked at (sbol-10405).
"""


def text() -> str:
    checkable = [entry for entry in CATALOGUE.values() if entry.gate is not None]
    done = sum(entry.id in IMPLEMENTED for entry in checkable)
    lines = [
        HEAD,
        f"## {done} of {len(checkable)} checkable rules\n",
        "| rule | section | gate | severity | checked | what holds |",
        "|---|---|---|---|---|---|",
        *(row(entry) for entry in CATALOGUE.values()),
    ]
    return "\n".join(lines) + "\n"


def row(entry: Entry) -> str:
    if entry.gate is None:
        return f"| {entry.id} | {entry.section} | | | people only | {entry.wording} |"
    where = "yes, in the bytes" if entry.id in IN_BYTES else "yes" if entry.id in IMPLEMENTED else "no"
    severity = "error" if entry.gate == "always" else "warning"
    return f"| {entry.id} | {entry.section} | {entry.gate.replace('_', ' ')} | {severity} | {where} | {entry.wording} |"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text(), "utf-8")
