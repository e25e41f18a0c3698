"""Reading, validating and writing, in MB/s, beside rdflib, sbol2, pyshacl and Biopython on the same files in one run:
`python -m bench.formats --out bench/FORMATS.md`.

Needs real files ($SYNHUB_CORPUS or ../shared/corpus). Everything runs in this one process, on one core; CPU seconds are
counted, so that others on the machine disturb little. A tool that cannot do a thing has no figure; a file that one tool
cannot read is left out for all, and counted.
"""

import argparse
import contextlib
import io
import os
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pyshacl
import rdflib
import sbol2
from Bio import SeqIO
from Bio.SeqRecord import SeqRecord

from bench import machine
from bench.servers import ROOT
from synhub.errors import SynhubError
from synhub.formats.fasta import write_fasta
from synhub.formats.genbank import write_genbank
from synhub.formats.gff3 import write_gff3
from synhub.formats.reading import Options, Reading
from synhub.formats.sniff import HEAD_BYTES, sniff
from synhub.formats.source import MemorySource, Writer
from synhub.rdf import Iri, iri_of
from synhub.sbol.graph import Document, unskolemise
from synhub.sbol.prescan import Limits
from synhub.sbol.rdf_text import write_jsonld, write_ntriples, write_turtle
from synhub.sbol.rules.check import check_document
from synhub.sbol.sbol3 import write_sbol3
from synhub.sbol.shapes import shapes_text
from synhub.sbol.xml import write_sbol2_source
from synhub.submit.mint import Target, mint
from synhub.submit.readers import read_file

ROUNDS = 2
BUDGET_S = 30.0  # a tool that takes longer for one round is not asked again
VALIDATED_BYTES = 1_000_000  # what pyshacl is given
TARGET = Target("http://hub.example/", "ada", "lab", Iri("http://hub.example/user/ada/lab/lab_collection/1"))

Work = Callable[[], object]  # one file done by one tool


@dataclass(frozen=True, slots=True)
class Row:
    """One table row: seconds by tool for `size` bytes in `files` files; `left_out` are those that a tool refused."""

    name: str
    files: int
    size: int
    seconds: dict[str, float]
    left_out: int


def measure(name: str, jobs: Sequence[tuple[int, dict[str, Work]]]) -> Row:
    """`jobs` are the files: their size and what each tool has to do with them."""
    kept = [(size, tools) for size, tools in jobs if all(_works(work) for work in tools.values())]
    seconds: dict[str, float] = {}
    for tool in kept[0][1]:
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.process_time()
            for _, tools in kept:
                tools[tool]()
            best = min(best, time.process_time() - started)
            if best > BUDGET_S / ROUNDS:
                break
        seconds[tool] = best
    row = Row(name, len(kept), sum(size for size, _ in kept), seconds, len(jobs) - len(kept))
    print(*(f"{tool} {row.size / 1e6 / s:.2f} MB/s" for tool, s in seconds.items()), name, sep="; ", flush=True)
    return row


def _works(work: Work) -> bool:
    try:
        work()
    except Exception:
        return False
    return True


def _read(data: bytes, name: str = "") -> Reading:
    return read_file(sniff(data[:HEAD_BYTES], name), data, Options(name), Limits())


def _rdflib(data: bytes, form: str) -> rdflib.Graph:
    return rdflib.Graph().parse(data=data, format=form, publicID="http://base.example/")


def _sbol2(data: bytes) -> sbol2.Document:
    document = sbol2.Document()
    document.readString(data.decode())
    return document


def _biopython(data: bytes, form: str) -> list[SeqRecord]:
    return list(
        SeqIO.parse(  # type: ignore[no-untyped-call]
            io.StringIO(data.decode("utf-8", "replace")), form
        )
    )


def _biopython_write(records: list[SeqRecord], form: str) -> str:
    sink = io.StringIO()
    SeqIO.write(records, sink, form)
    return sink.getvalue()


def _prepared(data: bytes) -> None:
    document = Document.of(_read(data).triples)
    check_document(document)
    mint(document, TARGET)


def _source(data: bytes) -> MemorySource:
    document = Document.of(_read(data).triples)
    groups = []
    for top in document.top_levels:
        own = [(s, p, o) for s in document.subtree(top) for p, values in document.subjects[s].items() for o in values]
        groups.append((iri_of(top), unskolemise(own)))
    return MemorySource(groups, [iri for iri, _ in groups], is_collection=False)


def _written(write: Writer, source: MemorySource) -> bytes:
    return b"".join(write(source))


def _files(corpus: Path, *patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(corpus.glob(pattern))]


def reading(corpus: Path) -> list[Row]:
    sbol2_files = _files(corpus, "SBOL2/*.xml*", "igem_parts/*.xml")
    rows = [
        measure(
            "SBOL 2, RDF/XML",
            [
                (len(d), {"synhub": partial(_read, d), "rdflib": partial(_rdflib, d, "xml"),
                          "sbol2": partial(_sbol2, d)})
                for d in sbol2_files
            ],
        ),
        measure("… read, validated, minted", [(len(d), {"synhub": partial(_prepared, d)}) for d in sbol2_files]),
    ]  # fmt: skip
    for name, pattern, form in (
        ("SBOL 1, RDF/XML, converted", "SBOL1/*.xml", "xml"),
        ("SBOL 3, RDF/XML, converted", "SBOL3/*.rdf", "xml"),
        ("SBOL 3, Turtle, converted", "SBOL3/*.ttl", "turtle"),
        ("SBOL 3, JSON-LD, converted", "SBOL3/*.jsonld", "json-ld"),
    ):
        rows.append(
            measure(
                name,
                [
                    (len(d), {"synhub": partial(_read, d), "rdflib": partial(_rdflib, d, form)})
                    for d in _files(corpus, pattern)
                ],
            )
        )
    for name, form, patterns in (
        ("GenBank", "genbank", ("GenBank/*", "igem_distribution_gb/*")),
        ("FASTA", "fasta", ("fasta/*",)),
    ):
        rows.append(
            measure(
                name,
                [
                    (len(d), {"synhub": partial(_read, d), "Biopython": partial(_biopython, d, form)})
                    for d in _files(corpus, *patterns)
                ],
            )
        )
    sources = [_source(d) for d in _files(corpus, "oracle/genbank_to_sbol2/*.xml")]
    texts = [_written(write_gff3, source) for source in sources]
    rows.append(measure("GFF3", [(len(d), {"synhub": partial(_read, d)}) for d in texts]))
    return rows


def validating(corpus: Path) -> list[Row]:
    """Our rules beside pyshacl with the shapes generated from the same table, which say about half as much."""
    chosen: list[bytes] = []
    for data in sorted(_files(corpus, "SBOL2/*.xml*"), key=len):
        if sum(map(len, chosen)) + len(data) <= VALIDATED_BYTES:
            chosen.append(data)
    shapes = rdflib.Graph().parse(data=shapes_text(), format="turtle")

    def judged(graph: rdflib.Graph) -> Work:
        return lambda: pyshacl.validate(graph, shacl_graph=shapes)

    jobs: list[tuple[int, dict[str, Work]]] = []
    for data in chosen:
        document = Document.of(_read(data).triples)
        tools: dict[str, Work] = {"synhub": partial(check_document, document)}
        jobs.append((len(data), tools | {"pyshacl": judged(_rdflib(data, "xml"))}))
    return [measure("SBOL 2, all rules (pyshacl: the shapes)", jobs)]


def writing(corpus: Path) -> list[Row]:
    files = _files(corpus, "SBOL2/*.xml*", "igem_parts/*.xml")
    sources = [_source(d) for d in files]
    graphs = [_rdflib(d, "xml") for d in files]
    rows = []
    for name, write, form in (
        ("SBOL 2, RDF/XML", write_sbol2_source, "xml"),
        ("SBOL 2, Turtle", write_turtle, "turtle"),
        ("SBOL 2, N-Triples", write_ntriples, "nt"),
        ("SBOL 2, JSON-LD", write_jsonld, "json-ld"),
    ):
        jobs: list[tuple[int, dict[str, Work]]] = []
        for data, source, graph in zip(files, sources, graphs, strict=True):
            tools: dict[str, Work] = {
                "synhub": partial(_written, write, source),
                "rdflib": partial(graph.serialize, format=form),
            }
            if form == "xml":
                document = _sbol2(data)
                tools["sbol2"] = document.writeString
            jobs.append((len(_written(write, source)), tools))
        rows.append(measure(name, jobs))
    three = partial(write_sbol3, syntax="turtle")
    rows.append(
        measure(
            "SBOL 3, Turtle, converted",
            [(len(_written(three, s)), {"synhub": partial(_written, three, s)}) for s in sources],
        )
    )
    designs = [_source(d) for d in _files(corpus, "oracle/genbank_to_sbol2/*.xml")]
    for name, write, form in (
        ("GenBank", write_genbank, "genbank"),
        ("FASTA", write_fasta, "fasta"),
        ("GFF3", write_gff3, ""),
    ):
        jobs = []
        for source in designs:
            try:
                text = _written(write, source)
            except SynhubError:
                continue
            tools = {"synhub": partial(_written, write, source)}
            if form:
                records = _biopython(text, form)
                tools["Biopython"] = partial(_biopython_write, records, form)
            jobs.append((len(text), tools))
        rows.append(measure(name, jobs))
    return rows


def report(tables: Iterable[tuple[str, list[Row]]]) -> str:
    tools = ["synhub", "rdflib", "sbol2", "Biopython", "pyshacl"]
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("pyoxigraph", "rdflib", "sbol2", "biopython", "pyshacl")
    )
    lines = [
        "# Formats",
        "",
        f"Written by `python -m bench.formats` on {date.today().isoformat()}. {machine.describe()};",
        f"load average before the run {machine.load():.2f}. {versions}.",
        "",
        "MB/s of CPU time in one process, the best of up to two rounds; sizes are those of the files read, or of",
        "what synhub writes. Behind a figure: how many times slower than synhub. synhub reads into checked SBOL 2",
        "triples (hostile input refused, other formats converted), the others into their own model without either.",
    ]
    for title, rows in tables:
        lines += ["", f"## {title}", "", f"| files | n | MB | {' | '.join(tools)} |", "|---" * (3 + len(tools)) + "|"]
        for row in rows:
            cells = [_cell(row, tool) for tool in tools]
            left = f" ({row.left_out} left out)" if row.left_out else ""
            lines.append(f"| {row.name} | {row.files}{left} | {row.size / 1e6:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(row: Row, tool: str) -> str:
    if tool not in row.seconds:
        return ""
    rate = row.size / 1e6 / row.seconds[tool]
    slower = row.seconds[tool] / row.seconds["synhub"]
    return f"{rate:.2f}" if tool == "synhub" else f"{rate:.2f} ({slower:.1f}x)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    corpus = Path(os.environ.get("SYNHUB_CORPUS", ROOT.parent / "shared" / "corpus"))
    sbol2.Config.setOption("validate", False)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        tables = [("Reading", reading(corpus)), ("Validating", validating(corpus)), ("Writing", writing(corpus))]
    out.write_text(report(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
