"""`synhub validate`: judge files here, without a server or a data folder. The same code as POST /validate runs."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from synhub.errors import BadRequest
from synhub.model import GATES, Gate
from synhub.sbol.report import Report, parse_gates, write_text

VALID, NOT_VALID, WRONG_USAGE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="any format that a submission may have")
    parser.add_argument(
        "--gates", type=_gates, default=GATES, metavar="G,G", help=f"which rules: {', '.join(GATES)}; default all"
    )
    parser.add_argument("--shapes", type=Path, metavar="FILE", help="SHACL shapes of your own to check as well")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def _gates(text: str) -> tuple[Gate, ...]:
    try:
        return parse_gates(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(arguments: argparse.Namespace) -> int:
    """Print what is wrong with `arguments.files`, which are one submission; 0 valid, 1 not, 2 for wrong usage.

    Raises TooLarge when a file is beyond the limits.
    """
    try:
        for path in [*arguments.files, *([arguments.shapes] if arguments.shapes else [])]:
            path.open("rb").close()
        report = _judged(arguments.files, arguments.gates, arguments.shapes)
    except OSError as error:
        print(f"synhub: cannot read {error.filename}: {error.strerror}", file=sys.stderr)
        return WRONG_USAGE
    except BadRequest as error:  # the shapes: what is wrong with the files is in the report
        print(f"synhub: {error.message}", file=sys.stderr)
        return WRONG_USAGE
    if arguments.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        print(write_text(report, colours=sys.stdout.isatty()), end="")
    return VALID if report.valid else NOT_VALID


def _judged(files: Sequence[Path], gates: Sequence[Gate], shapes: Path | None) -> Report:
    from synhub.submit.validate import judge, triples_of  # loads every reader: not for the other commands

    with tempfile.TemporaryDirectory(prefix="synhub-") as folder:
        report, document = judge([(str(path), path) for path in files], Path(folder), gates)
    if shapes is None:
        return report
    from synhub.submit import shacl  # loads rdflib

    own = shacl.read_shapes(shapes.read_bytes(), str(shapes))
    return replace(report, findings=[*report.findings, *shacl.check_shapes(triples_of(document), own)])
