"""Lets a fuzzer at one reader: `python tests/hostile/fuzz_target.py SYNTAX CORPUS [libFuzzer options]`.

What a reader may do with any bytes at all: read them, or raise InvalidDesign or TooLarge. What it read can be checked
and minted, or that raises one of the two. What `written` is given, any syntax, is also written in every representation,
which raises nothing but Unwritable, and what was written can be read. Anything else, a crash of the engine, a hang or
much memory ends the process with another status than 0.
"""

import contextlib
import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["synhub"]):
    from synhub.errors import InvalidDesign, TooLarge, Unwritable
    from synhub.formats.archive import read_archive, read_gzip, read_member
    from synhub.formats.manifest import read_manifest
    from synhub.formats.reading import Options
    from synhub.formats.representations import REPRESENTATIONS, Representation
    from synhub.formats.sniff import sniff
    from synhub.formats.source import MemorySource
    from synhub.rdf import Iri
    from synhub.sbol.graph import Document, unskolemise
    from synhub.sbol.prescan import Limits
    from synhub.sbol.rules.check import check_document
    from synhub.submit.mint import Target, mint
    from synhub.submit.prepared import Prepared
    from synhub.submit.readers import read_file

READABLE = {"ttl": "turtle", "nt": "ntriples", "jsonld": "jsonld", "xml": "rdfxml", "gb": "genbank", "gff": "gff3"}
ANY = ("sniff", "written")
TARGET = Target("http://hub.example/", "alice", "lab", Iri("http://hub.example/user/alice/lab/lab_collection/1"))


def seeds(syntax: str, folder: Path) -> None:
    """Write the small files of this syntax that are at hand."""
    from fixtures.hostile.make import CASES

    files = [p for p in Path(__file__).parents[2].joinpath("fixtures").glob("*/*") if p.stat().st_size < 8_000]
    contents = [p.read_bytes() for p in files if p.is_file() and p.suffix not in (".py", ".md", ".toml")]
    contents += [case.make() for case in CASES if "_mb" not in case.name and "000" not in case.name]
    for number, content in enumerate(contents):
        if len(content) < 8_000 and (syntax in ANY or syntax == sniff(content)):
            (folder / f"seed{number}").write_bytes(content)


def _unzip(data: bytes) -> None:
    file = io.BytesIO(data)
    for member in read_archive(file).members:
        b"".join(read_member(file, member))


def _unpack(data: bytes) -> None:
    b"".join(read_gzip(io.BytesIO(data)))


def _prepare(syntax: str, data: bytes) -> Prepared:
    reading = read_file(syntax, data, Options("fuzz"), Limits())  # type: ignore[arg-type]
    document = Document.of(dict.fromkeys(reading.triples))
    findings = [*reading.findings, *check_document(document)]
    has_errors = any(finding.severity == "error" for finding in findings)
    return Prepared() if has_errors else mint(document, TARGET)


def _write(data: bytes) -> None:
    groups = [(item.minted, unskolemise(item.triples)) for item in _prepare(sniff(data), data).objects]
    roots = [[iri] for iri, _ in groups[:3]] + [[iri for iri, _ in groups]] * (len(groups) > 1)
    for root in roots:
        source = MemorySource(groups, root, is_collection=len(root) > 1)
        for representation in REPRESENTATIONS:
            with contextlib.suppress(Unwritable):
                _read_back(representation, b"".join(representation.write(source)))


def _read_back(representation: Representation, written: bytes) -> None:
    syntax = READABLE.get(representation.ending)
    says_something = any(line and not line.startswith(b"#") for line in written.split(b"\n"))
    if syntax and says_something:  # without a definition GFF3 has only a header, and what was left out
        try:
            read_file(syntax, written, Options("written"), Limits())  # type: ignore[arg-type]
        except (InvalidDesign, TooLarge) as error:
            raise AssertionError(f"{representation.name}: {error.message}\n{written[:3000].decode()}") from error


OTHERS: dict[str, Callable[[bytes], object]] = {
    "sniff": sniff,
    "written": _write,
    "zip": _unzip,
    "gzip": _unpack,
    "manifest": read_manifest,
}


def main() -> None:
    syntax, folder, *options = sys.argv[1:]
    seeds(syntax, Path(folder))
    read = OTHERS.get(syntax) or partial(_prepare, syntax)

    def one_input(data: bytes) -> None:
        with contextlib.suppress(InvalidDesign, TooLarge):
            read(data)

    atheris.Setup([sys.argv[0], *options, folder], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
