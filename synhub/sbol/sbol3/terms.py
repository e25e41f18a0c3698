"""How SBOL 2 and SBOL 3 name the same things: identities, properties, classes, terms, numbers. Tables and functions of
single values; what becomes of whole objects is in `up.py` and `down.py`.

Identities follow the converter that other tools use: `<prefix>/<id>/<version>` is `<prefix>/<version>/<id>` in SBOL 3.

Source: SBOL 3.1.0, section 10.2; SBOL 2.3.0, section 12.
"""

import re
from collections.abc import Mapping

from synhub.rdf import Term, datatype_of, iri_term, is_literal, literal_term, text_of
from synhub.sbol.schema import CLASSES
from synhub.vocab import DCTERMS, OM, PROV, RDF, SBOL2, SBOL3, SBOL3_SPELLINGS, SBOL3_TERMS, XSD

TYPE = iri_term(RDF.type)


def v2(name: str) -> Term:
    """Return a term of SBOL 2."""
    return Term(f"<{SBOL2.NS}{name}>")


def v3(name: str) -> Term:
    """Return a term of SBOL 3."""
    return Term(f"<{SBOL3.NS}{name}>")


def backport(name: str) -> Term:
    """Return a term that carries what only SBOL 2 says."""
    return Term(f"<{SBOL3.BACKPORT}{name}>")


def forward(name: str) -> Term:
    """Return a term that carries what only SBOL 3 says."""
    return Term(f"<{SBOL3.FORWARD}{name}>")


IDENTIFIED = v3("Identified")
TOP_LEVEL = v3("TopLevel")
FUNCTIONAL_ENTITY = iri_term(SBOL3.functional_entity)
TRUE = Term('"true"')

# Terms of the converter that other tools use.
ORIGINAL = backport("sbol2OriginalURI")
FROM_MODULE = backport("sbol2OriginatesFromModule")
ANNOTATION = backport("sbol2OriginalSequenceAnnotationURI")
NO_PLACE = backport("sbol2GenericLocation")
NO_SEQUENCE = backport("sbol2LocationSequenceNull")
MADE_SEQUENCE = backport("sbol3TempSequenceURI")

_SAME = [
    "displayId",
    "elements",
    "encoding",
    "type",
    "role",
    "roleIntegration",
    "sourceLocation",
    "start",
    "end",
    "at",
    "orientation",
    "subject",
    "object",
    "restriction",
    "participant",
    "strategy",
    "template",
    "variable",
    "variant",
    "variantCollection",
    "variantDerivation",
    "built",
    "source",
    "framework",
    "language",
    "format",
    "size",
    "hash",
    "member",
]
PROPERTIES_UP: Mapping[Term, Term] = {
    **{v2(name): v3(name) for name in _SAME},
    iri_term(DCTERMS.title): v3("name"),
    iri_term(DCTERMS.description): v3("description"),
    v2("attachment"): v3("hasAttachment"),
    v2("measure"): v3("hasMeasure"),
    v2("sequence"): v3("hasSequence"),
    v2("model"): v3("hasModel"),
    v2("interaction"): v3("hasInteraction"),
    v2("participation"): v3("hasParticipation"),
    v2("definition"): v3("instanceOf"),
    v2("variableComponent"): v3("hasVariableFeature"),
    v2("operator"): v3("cardinality"),
    v2("experimentalData"): v3("member"),
}
PROPERTIES_DOWN: Mapping[Term, Term] = {
    up: down for down, up in PROPERTIES_UP.items() if down != v2("experimentalData")
}

# Classes with one counterpart each. Components, features and constraints depend on what they hold.
_SAME_CLASSES = [
    "Sequence",
    "Model",
    "Attachment",
    "Implementation",
    "Experiment",
    "ExperimentalData",
    "Collection",
    "CombinatorialDerivation",
    "Range",
    "Cut",
    "Interaction",
    "Participation",
]
CLASSES_UP: Mapping[Term, Term] = {v2(name): v3(name) for name in _SAME_CLASSES} | {
    v2("ComponentDefinition"): v3("Component"),
    v2("ModuleDefinition"): v3("Component"),
    v2("Component"): v3("SubComponent"),
    v2("FunctionalComponent"): v3("SubComponent"),
    v2("Module"): v3("SubComponent"),
    v2("MapsTo"): v3("ComponentReference"),
    v2("SequenceAnnotation"): v3("SequenceFeature"),
    v2("SequenceConstraint"): v3("Constraint"),
    v2("VariableComponent"): v3("VariableFeature"),
}
CLASSES_DOWN: Mapping[Term, Term] = {v3(name): v2(name) for name in _SAME_CLASSES} | {
    v3("VariableFeature"): v2("VariableComponent"),
}
TOP_LEVELS_3 = frozenset(CLASSES_UP[c] for c in CLASSES_UP if CLASSES[c].top_level) | {TOP_LEVEL}
SHARED_CLASSES = frozenset(c for c in CLASSES if c.startswith((f"<{PROV.NS}", f"<{OM.NS}")))
CHILDREN_3 = frozenset(
    v3(name)
    for name in [
        "hasFeature",
        "hasConstraint",
        "hasInteraction",
        "hasInterface",
        "hasParticipation",
        "hasLocation",
        "sourceLocation",
        "hasMeasure",
        "hasVariableFeature",
        "variantMeasure",
    ]
) | {Term(f"<{PROV.NS}{name}>") for name in ("qualifiedAssociation", "qualifiedUsage")}

# Whose values are names of terms, and whose are numbers; both by their SBOL 2 names.
_TERMS = frozenset(
    v2(name)
    for name in (
        [
            "type",
            "role",
            "encoding",
            "language",
            "framework",
            "format",
            "roleIntegration",
            "restriction",
            "strategy",
            "operator",
            "orientation",
        ]
    )
) | {Term(f"<{PROV.NS}hadRole>")}
_INTEGERS = frozenset(v2(name) for name in ("start", "end", "at", "size"))
_FLOATS = frozenset({Term(f"<{OM.NS}hasNumericalValue>")})
# Values are IRIs of objects, in the document or not; of other properties they may be anything.
REFERENCES = frozenset(
    iri_term(p.iri) for c in CLASSES.values() for p in c.properties if p.kind in ("reference", "child") and p.targets
) | {v2("member")}

_TERM_UP = {Term(f"<{down}>"): Term(f"<{up}>") for down, up in SBOL3_TERMS}
_TERM_DOWN = {up: down for down, up in _TERM_UP.items()}
_VERSION = re.compile(r"[0-9]+[\w.\-]*\Z")
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")


def iri_up(term: Term) -> Term:
    """Move the version before the displayId; anything without a version stays."""
    head, slash, version = term[1:-1].rpartition("/")
    prefix, _, name = head.rpartition("/")
    if term[0] != "<" or not slash or not _VERSION.match(version) or not name or prefix.endswith("/") or not prefix:
        return term
    return Term(f"<{prefix}/{version}/{name}>")


def iri_down(term: Term) -> Term:
    """Move the version behind the displayId: the inverse of `iri_up`."""
    head, slash, name = term[1:-1].rpartition("/")
    prefix, _, version = head.rpartition("/")
    if term[0] != "<" or not slash or not name or not _VERSION.match(version) or prefix.endswith("/") or not prefix:
        return term
    return Term(f"<{prefix}/{name}/{version}>")


def split_version(term: Term) -> tuple[str, str]:
    """Return an SBOL 2 IRI without its version, bare, and the version, '' for none."""
    head, _, version = term[1:-1].rpartition("/")
    return (head, version) if _VERSION.match(version) and not head.endswith("/") else (term[1:-1], "")


def namespace_of(term: Term) -> str:
    """Return the namespace of a top level of SBOL 3, which is the identity without version and displayId."""
    iri = term[1:-1]
    head = iri.rpartition("/")[0]
    if ":" not in head or head.endswith(("/", ":")):  # urn:… or http://host
        head = iri.rpartition(":")[0]
        return head if ":" in head else iri
    prefix, _, version = head.rpartition("/")
    return prefix if _VERSION.match(version) and ":" in prefix and not prefix.endswith("/") else head


def local_name(iri: str) -> str:
    """Return the last part of an IRI as a displayId."""
    name = re.sub(r"\W", "_", re.split(r"[/#]", iri.rstrip("/#"))[-1], flags=re.ASCII) or "object"
    return f"_{name}" if name[0].isdigit() else name


def value_up(predicate: Term, value: Term) -> Term:
    """Translate a name of a term or a number; `predicate` is the one of SBOL 2."""
    if predicate in _TERMS:
        return _spelled(value, _TERM_UP, 0)
    if predicate in _INTEGERS and is_literal(value) and value[-1] == '"' and value[1:-1].isdecimal():
        return literal_term(value[1:-1], XSD.integer)
    if predicate in _FLOATS and is_literal(value) and value[-1] == '"' and _DECIMAL.match(value[1:-1]):
        whole, _, fraction = value[1:-1].partition(".")
        return literal_term(f"{whole}.{fraction}".rstrip("0").rstrip(".") if fraction else whole, XSD.float)
    return value


def value_down(predicate: Term, value: Term) -> Term:
    """Translate a name of a term or a number; `predicate` is the one of SBOL 2."""
    if predicate in _TERMS:
        return _spelled(value, _TERM_DOWN, 1)
    if predicate in _INTEGERS and is_literal(value) and value[-1] in '">' and text_of(value).isdecimal():
        return literal_term(text_of(value))
    if predicate in _FLOATS and is_literal(value) and datatype_of(value) == XSD.NS + "float":
        return literal_term(text_of(value))
    return value


def same_number(predicate: Term, value: Term) -> Term:
    """Write a number of SBOL 3 as an integer, as the specification wants it: many files have plain text."""
    name = PROPERTIES_DOWN.get(predicate)
    return value_up(name, value_down(name, value)) if name in _INTEGERS else value


def _spelled(value: Term, exact: Mapping[Term, Term], side: int) -> Term:
    if value in exact:
        return exact[value]
    for pair in SBOL3_SPELLINGS:
        if value.startswith("<" + pair[side]):
            return Term(f"<{pair[1 - side]}{value[1 + len(pair[side]) :]}")
    return value
