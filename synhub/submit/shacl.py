"""The task that runs in a child of its own: triples and somebody's SHACL shapes in, findings out.

The only module that loads rdflib and pyshacl. Runs SHACL Core alone: shapes that bring their own queries, functions or
scripts are refused, owl:imports is not followed, nothing is fetched. Whatever pyshacl makes of hostile shapes is an
error with words, or the end of this child.

Source: SHACL, sections 2 to 4 (Core), 3.6 (validation report).
"""

import logging
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyoxigraph
import pyshacl
import rdflib
from rdflib.term import Node

from synhub.errors import BadRequest, TooLarge
from synhub.formats.sniff import HEAD_BYTES, Syntax, sniff
from synhub.model import Finding, Severity
from synhub.rdf import Term, Triple, datatype_of, read_ntriples, text_of
from synhub.sbol.prescan import Limits, prescan
from synhub.sbol.report import SHACL_RULE
from synhub.vocab import OWL, RDFS, SH

MOST_SHAPES_BYTES = 4 << 20
MOST_FINDINGS = 10_000

_LABEL = re.compile(r"\w+")
_BASE = "x-synhub-shapes://document/"
_SYNTAXES: dict[Syntax, pyoxigraph.RdfFormat] = {
    "turtle": pyoxigraph.RdfFormat.TURTLE,
    "ntriples": pyoxigraph.RdfFormat.TURTLE,  # what begins like it may go on as Turtle
    "jsonld": pyoxigraph.RdfFormat.JSON_LD,
    "rdfxml": pyoxigraph.RdfFormat.RDF_XML,
}
# Beyond SHACL Core: queries (which can also ask other servers), functions, rules, scripts, entailment.
_NOT_RUN = frozenset(
    f"<{SH.NS}{name}>"
    for name in (
        "sparql", "select", "ask", "construct", "update", "validator", "nodeValidator", "propertyValidator", "rule",
        "target", "expression", "js", "jsFunctionName", "jsLibrary", "jsLibraryURL", "entailment", "shapesGraph",
    )
)  # fmt: skip
_SEVERITIES: dict[str, Severity] = {SH.NS + "Warning": "warning", SH.NS + "Info": "note"}


def run(argument: dict[str, Any]) -> dict[str, Any]:
    """Check the triples of `data` (a file of canonical N-Triples) against the shapes in the file `shapes`.

    `name` is what the client calls the shapes. Returns `findings` (JSON). Raises BadRequest for shapes that cannot be
    read or used, TooLarge for too many bytes of them.
    """
    shapes = read_shapes(Path(argument["shapes"]).read_bytes(), str(argument["name"]))
    findings = check_shapes(read_ntriples(Path(argument["data"]).read_bytes()), shapes)
    return {"findings": [finding.as_json() for finding in findings]}


def read_shapes(data: bytes, name: str) -> list[Triple]:
    """Read a shapes graph in Turtle, N-Triples, RDF/XML or JSON-LD; see `run`.

    pyoxigraph reads, not rdflib: that follows the address of a JSON-LD context.
    """
    if len(data) > MOST_SHAPES_BYTES:
        raise TooLarge(f"the shapes in {name!r} have {len(data)} bytes; they may have at most {MOST_SHAPES_BYTES}")
    syntax = sniff(data[:HEAD_BYTES], name)
    if syntax not in _SYNTAXES:
        raise BadRequest(f"the shapes in {name!r} cannot be read: send Turtle, N-Triples, RDF/XML or JSON-LD")
    if syntax == "rdfxml":
        data = prescan(data, Limits()).data
    try:
        quads = pyoxigraph.parse(data, format=_SYNTAXES[syntax], base_iri=_BASE)
        triples = list(dict.fromkeys(_triple(quad) for quad in quads))
    except (SyntaxError, ValueError) as error:
        words = "it refers to a remote @context: write that into the file" if _is_remote(error) else error
        raise BadRequest(f"the shapes in {name!r} cannot be read: {words}") from error
    for _, predicate, _ in triples:
        if predicate in _NOT_RUN:
            raise BadRequest(
                f"the shapes in {name!r} use {text_of(predicate)}, which is not run here: only SHACL Core is"
                " (no queries, functions, rules, scripts or entailment)"
            )
    return triples


def _is_remote(error: Exception) -> bool:
    return "LoadDocumentCallback" in str(error)


def _triple(quad: pyoxigraph.Quad) -> Triple:
    return Term(str(quad.subject)), Term(str(quad.predicate)), Term(str(quad.object))


def check_shapes(data: Iterable[Triple], shapes: Iterable[Triple]) -> list[Finding]:
    """Return what SHACL Core finds, sorted. Raises BadRequest for shapes that cannot be used."""
    shapes = list(shapes)
    notes = [_not_followed(o) for _, p, o in shapes if p == f"<{OWL.imports}>"]
    if not any(_is_target(p, o) for _, p, o in shapes):
        notes.append(
            Finding("synhub-shapes", "note", "", "no shape says its target, as by sh:targetClass: none is used")
        )
    for name in ("pyshacl-validate", "rdflib.term"):  # what they say is about the caller's files, not for our log
        logging.getLogger(name).disabled = True
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            _, report, text = pyshacl.validate(
                _graph(data), shacl_graph=_graph(shapes), advanced=False, inference=None, inplace=False, js=False,
                do_owl_imports=False, meta_shacl=False, allow_infos=True, allow_warnings=True,
            )  # fmt: skip
    except MemoryError:
        raise
    except RecursionError as error:
        raise BadRequest("the shapes are nested too deeply, or refer to each other in a circle") from error
    except Exception as error:  # whatever it meets in shapes that nobody expected
        raise BadRequest(f"the shapes cannot be used: {_named(_words(error), shapes)}") from error
    if not isinstance(report, rdflib.Graph):  # a ValidationFailure
        raise BadRequest(f"the shapes cannot be used: {text}")
    if any("Recursive Shape" in str(warning.message) for warning in warned):
        notes.append(Finding("synhub-recursion", "note", "", "a shape refers to itself; not followed without end"))
    found = sorted(set(_findings(report)), key=lambda f: (f.subject, f.property, f.value, f.rule, f.message))
    if len(found) > MOST_FINDINGS:
        message = f"and {len(found) - MOST_FINDINGS} more results of these shapes"
        found = [*found[:MOST_FINDINGS], Finding("synhub-findings", "note", "", message)]
    return notes + found


def _words(error: Exception) -> str:
    """Return the first lines of what pyshacl says; its errors carry whole graphs."""
    return " ".join(str(getattr(error, "message", None) or error).split())[:500] or type(error).__name__


def _named(words: str, shapes: Iterable[Triple]) -> str:
    """Say of blank nodes, whose names nobody knows, in what they are."""
    holders = {o[2:]: s for s, _, o in shapes if o.startswith("_:")}
    for label in sorted(set(_LABEL.findall(words)) & holders.keys()):
        holder, seen = holders[label], {label}
        while holder[2:] in holders and holder[2:] not in seen:
            seen.add(holder[2:])
            holder = holders[Term(holder[2:])]
        words = words.replace(f"'{label}'", label).replace(label, f"a blank node in {text_of(holder)}")
    return words


def _is_target(predicate: Term, value: Term) -> bool:
    """Say whether a statement gives a shape a target; a class that is a shape has its instances as targets."""
    return predicate.startswith(f"<{SH.NS}target") or value == f"<{RDFS.Class}>"


def _not_followed(imported: Term) -> Finding:
    message = f"owl:imports {text_of(imported)} is not followed: send those shapes along in the same file"
    return Finding("synhub-import", "note", "", message)


def _graph(triples: Iterable[Triple]) -> rdflib.Graph:
    """Return the triples as rdflib holds them, lexical forms as they are."""
    graph = rdflib.Graph()
    known: dict[Term, Node] = {}
    for triple in triples:
        for term in triple:
            if term not in known:
                known[term] = _node(term)
        s, p, o = triple
        graph.add((known[s], known[p], known[o]))
    return graph


def _node(term: Term) -> Node:
    if term[0] == "<":
        return rdflib.URIRef(term[1:-1])
    if term[0] == "_":
        return rdflib.BNode(term[2:])
    tail = term[term.rindex('"') + 1 :]
    if tail.startswith("@"):
        return rdflib.Literal(text_of(term), lang=tail[1:])
    datatype = rdflib.URIRef(datatype_of(term)) if tail else None
    return rdflib.Literal(text_of(term), datatype=datatype, normalize=False)


def _findings(report: rdflib.Graph) -> Iterable[Finding]:
    sh = rdflib.Namespace(SH.NS)
    for result in report.objects(None, sh.result):
        component = str(report.value(result, sh.sourceConstraintComponent) or "")
        path = report.value(result, sh.resultPath)
        shape = report.value(result, sh.sourceShape)
        said = sorted({str(message) for message in report.objects(result, sh.resultMessage)})
        message = "; ".join(said) or component
        if isinstance(shape, rdflib.URIRef):
            message += f" (shape {shape})"
        value = report.value(result, sh.value)
        yield Finding(
            SHACL_RULE + component.removeprefix(SH.NS),
            _SEVERITIES.get(str(report.value(result, sh.resultSeverity)), "error"),
            str(report.value(result, sh.focusNode)),
            message,
            str(path) if isinstance(path, rdflib.URIRef) else "",
            "" if value is None or isinstance(value, rdflib.BNode) else str(value),
        )
