"""Makes synhub/sbol/ontologies/*.tsv from the OBO files of SO, SBO and EDAM: `python scripts/ontologies.py FILE.obo…`.

A row is a term: accession, name, accessions of its direct is_a parents, comma separated, and its exact synonyms,
separated by `|`. Obsolete terms are left out; of EDAM only the branch of formats is kept. biopax.tsv is made by hand.
"""

import re
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "synhub" / "sbol" / "ontologies"
HEADS = {
    "so": "Sequence Ontology, http://www.sequenceontology.org, CC BY 4.0",
    "sbo": "Systems Biology Ontology, https://github.com/EBI-BioModels/SBO, Artistic License 2.0",
    "edam": "EDAM, branch of formats, http://edamontology.org, CC BY-SA 4.0",
}


Row = tuple[str, str, list[str], list[str]]


def terms(text: str) -> list[Row]:
    found = []
    for stanza in re.split(r"\n(?=\[)", text):
        if not stanza.startswith("[Term]") or re.search(r"^is_obsolete: true", stanza, re.M):
            continue
        fields = dict(re.findall(r"^(id|name): (.*)$", stanza, re.M))
        parents = re.findall(r"^is_a: (\S+)", stanza, re.M)
        found.append((fields["id"], fields["name"], parents, synonyms(stanza, fields["name"])))
    return found


def synonyms(stanza: str, name: str) -> list[str]:
    """Return what else a term is called in as many words, less what differs from its name in blanks and case only."""
    known, found = {folded(name)}, []
    for text in re.findall(r'^synonym: "([^"]*)" EXACT', stanza, re.M):
        text = text.removeprefix("INSDC_qualifier:").removeprefix("INSDC_feature:")
        if folded(text) not in known and not re.search(r"[:|\t\\]", text):
            known.add(folded(text))
            found.append(text)
    return found


def folded(name: str) -> str:
    return re.sub(r"[ _\-]+", "_", name).lower()


def version(text: str) -> str:
    match = re.search(r"^data-version: (.*)$", text, re.M) or re.search(r"^date: (.*)$", text, re.M)
    return match[1] if match else "unversioned"


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        text = path.read_text()
        rows = terms(text)
        name = {"SO:": "so", "SBO": "sbo"}.get(rows[0][0][:3], "edam")
        if name == "edam":
            rows = [(i, n, [p for p in parents if p.startswith("format_")], []) for i, n, parents, _ in rows
                    if i.startswith("format_")]  # fmt: skip
        else:
            rows = [row for row in rows if row[0].startswith(name.upper() + ":")]
        lines = [f"# {HEADS[name]}; version {version(text)}"]
        lines += ["\t".join((i, n, ",".join(above), "|".join(also))) for i, n, above, also in sorted(rows)]
        (TARGET / f"{name}.tsv").write_text("\n".join(lines) + "\n")
        print(name, len(rows))


if __name__ == "__main__":
    main()
