"""What validation says about some files, in the forms in which people and tools read it.

Values only: findings in, JSON, text or RDF out. Decides nothing about a document.

Source: SHACL, section 3.6 (validation report).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyoxigraph

from synhub.errors import InvalidIri
from synhub.model import GATES, Finding, Gate, Severity
from synhub.rdf import Iri, Term, Triple, check_iri, iri_term, literal_term, write_ntriples
from synhub.vocab import RDF, RDFS, SH, SYNHUB, XSD

SHACL_RULE: Final = "sh:"  # how the rule of a finding begins that is a constraint component of SHACL

# Media type -> the engine's writer; the first is the usual one.
GRAPH_FORMATS: Final[Mapping[str, pyoxigraph.RdfFormat]] = {
    "text/turtle": pyoxigraph.RdfFormat.TURTLE,
    "application/n-triples": pyoxigraph.RdfFormat.N_TRIPLES,
    "application/rdf+xml": pyoxigraph.RdfFormat.RDF_XML,
    "application/ld+json": pyoxigraph.RdfFormat.JSON_LD,
}

_PREFIXES: Final = {"sh": SH.NS, "rdfs": RDFS.NS, "xsd": XSD.NS, "rule": SYNHUB.RULE}
_SEVERITIES: Final[Mapping[Severity, str]] = {"error": "Violation", "warning": "Warning", "note": "Info"}
_COLOURS: Final[Mapping[Severity, str]] = {"error": "31", "warning": "33", "note": "36"}
_TRUE, _FALSE = (literal_term(text, XSD.boolean) for text in ("true", "false"))


@dataclass(frozen=True, slots=True)
class Report:
    """`files` say of each file, or member of an archive, its `name`, its `role` and the `format` that it was taken for.

    `gates` are the groups of rules that were asked for, in the order of GATES.
    """

    gates: tuple[Gate, ...]
    files: Sequence[Mapping[str, Any]]
    findings: Sequence[Finding]

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong that would keep a submission from being stored."""
        return all(finding.severity != "error" for finding in self.findings)

    @property
    def counts(self) -> dict[Severity, int]:
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in _SEVERITIES}

    def as_json(self) -> dict[str, Any]:
        return {
            "valid": self.valid,
            "gates": list(self.gates),
            "counts": self.counts,
            "files": [dict(file) for file in self.files],
            "findings": [finding.as_json() for finding in self.findings],
        }


def parse_gates(text: str) -> tuple[Gate, ...]:
    """Read a comma separated list of gates; none means all, and `always` is always among them.

    Raises ValueError that names what is no gate.
    """
    names = {name.strip().replace("-", "_") for name in text.split(",") if name.strip()}
    unknown = sorted(names.difference(GATES))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no gate; there are {', '.join(GATES)}")
    return tuple(gate for gate in GATES if not names or gate in names or gate == "always")


# --- text -----------------------------------------------------------------------------------------------------------


def grouped(report: Report) -> Iterator[tuple[str, list[tuple[str, list[Finding]]]]]:
    """Yield (file, [(object, findings)]) in the order in which they were found; '' where none is to blame."""
    files: dict[str, dict[str, list[Finding]]] = {}
    for finding in report.findings:
        files.setdefault(finding.file, {}).setdefault(finding.subject, []).append(finding)
    for file, subjects in files.items():
        yield file, list(subjects.items())


def write_text(report: Report, *, colours: bool = False) -> str:
    """Return the report as lines for people, by file and object, the verdict last."""
    lines = [f"{file['name']}: {file['format'] or file['role']}" for file in report.files]
    for file, subjects in grouped(report):
        lines += ["", *([f"{file}:"] if file else [])]
        for subject, findings in subjects:
            lines += [subject] if subject else []
            lines += [_line(finding, colours) for finding in findings]
    return "\n".join([*lines, "", summary(report)]) + "\n"


def summary(report: Report) -> str:
    """Return the verdict in one line."""
    said = ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in report.counts.items() if n)
    return f"{'valid' if report.valid else 'not valid'}: {said or 'nothing found'}"


def message_of(finding: Finding) -> str:
    """Return what a finding says about its object, without repeating which one."""
    message = finding.message
    if finding.subject and message.startswith(finding.subject + " "):
        message = message[len(finding.subject) + 1 :]
    return message


def _line(finding: Finding, colours: bool) -> str:
    severity = f"{finding.severity:7}"
    if colours:
        severity = f"\x1b[{_COLOURS[finding.severity]}m{severity}\x1b[0m"
    return f"  {severity} {finding.rule}: {message_of(finding)}"


# --- SHACL ----------------------------------------------------------------------------------------------------------


def write_graph(report: Report, media_type: str) -> bytes:
    """Return the report as a sh:ValidationReport in one of GRAPH_FORMATS."""
    triples = pyoxigraph.parse(write_ntriples(report_triples(report)), format=pyoxigraph.RdfFormat.N_TRIPLES)
    written = pyoxigraph.serialize(triples, format=GRAPH_FORMATS[media_type], prefixes=_PREFIXES)
    assert written is not None  # no output was given
    return written


def report_triples(report: Report) -> list[Triple]:
    """Return the report as triples, one sh:ValidationResult for each finding, in their order.

    A result has exactly one focus node: where no object is to blame it is a node that bears the name of the file. The
    constraint component is that of SHACL where SHACL found it, and else our name of the rule.
    """
    me = Term("_:report")
    triples: list[Triple] = [
        (me, iri_term(RDF.type), iri_term(SH.ValidationReport)),
        (me, iri_term(SH.conforms), _FALSE if report.findings else _TRUE),
    ]
    files = dict.fromkeys(finding.file for finding in report.findings)
    places = {file: Term(f"_:file{number}") for number, file in enumerate(files)}
    rules: dict[Term, str] = {}
    for number, finding in enumerate(report.findings):
        node = Term(f"_:result{number}")
        triples.append((me, iri_term(SH.result), node))
        component = _component(finding.rule)
        if not finding.rule.startswith(SHACL_RULE):
            rules[component] = finding.rule
        said = [*_result(finding, places[finding.file]), (SH.sourceConstraintComponent, component)]
        triples += ((node, iri_term(predicate), value) for predicate, value in said)
    for component, rule in rules.items():
        triples.append((component, iri_term(RDF.type), iri_term(SH.ConstraintComponent)))
        triples.append((component, iri_term(RDFS.label), literal_term(rule)))
    triples += ((place, iri_term(RDFS.label), literal_term(file)) for file, place in places.items() if file)
    return triples


def _component(rule: str) -> Term:
    if rule.startswith(SHACL_RULE):
        return iri_term(Iri(SH.NS + rule.removeprefix(SHACL_RULE)))
    return iri_term(Iri(SYNHUB.RULE + rule))


def _result(finding: Finding, place: Term) -> Iterator[tuple[Iri, Term]]:
    yield RDF.type, iri_term(SH.ValidationResult)
    yield SH.focusNode, _iri(finding.subject) or place
    if path := _iri(finding.property):
        yield SH.resultPath, path
    if finding.value:
        yield SH.value, _iri(finding.value) or literal_term(finding.value)
    yield SH.resultMessage, literal_term(f"{finding.rule}: {finding.message}")
    yield SH.resultSeverity, iri_term(Iri(SH.NS + _SEVERITIES[finding.severity]))


def _iri(text: str) -> Term | None:
    """Return the term of an IRI, None for what is a text (`a:b` as well)."""
    if not text.startswith(("http://", "https://", "urn:")):
        return None
    try:
        return iri_term(check_iri(text))
    except InvalidIri:
        return None
