"""Changing single fields of stored objects: titles, descriptions, roles, types, origins, annotations, notes, citations.

Owners may edit what they own, public objects as well, children too. What the server stamps, and what makes the
structure of a design (identity, members, components, sequences), is not edited here: that takes a submission. Every
edit sets dcterms:modified of the object and of its top level.

Knows no HTTP.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from synhub.errors import BadRequest, Conflict, FieldErrors, NotAuthenticated, NotFound, SynhubError
from synhub.hub import Hub
from synhub.identity import ObjectRef, parse_object
from synhub.model import Actor, Dataset, TopLevelChange, User
from synhub.objects import Located
from synhub.ownership import is_owner, locate_owned
from synhub.rdf import Iri, Term, Triple, check_iri, iri_of, iri_term, is_iri, literal_term, text_of
from synhub.sbol.ontology import label_of
from synhub.sbol.schema import CLASSES, Property, properties_of
from synhub.store.changes import pack
from synhub.store.journal import Job
from synhub.store.top_levels import read_top_levels
from synhub.store.work import JobFuture, Planned
from synhub.submit.intake import check_length, parse_citations
from synhub.vocab import BIOPAX, DCTERMS, OBO, PREFIXES, PROV, RDF, RDFS, SBH, SBOL2, SERVER_ADDED, SO, XSD

NOT_YOUR_OBJECT = "Not authorized to edit this object"
NOT_YOUR_SUBMISSION = "not authorized to edit this submission"

Operation = Literal["edit", "add", "remove"]
Note = Literal["description", "notes", "source", "citations"]
Values = Callable[[Sequence[Term]], Sequence[Term]]  # the stored values of a predicate -> those that it is to have

_TYPE = iri_term(RDF.type)
_MODIFIED = iri_term(DCTERMS.modified)
_SHOWN = 5  # values that a refusal lists
_REPORTED = 200  # characters of a value that a report keeps

_NOTES: Mapping[Note, Iri] = MappingProxyType(
    {
        "description": SBH.mutableDescription,
        "notes": SBH.mutableNotes,
        "source": SBH.mutableProvenance,
        "citations": OBO.OBI_0001617,
    }
)


@dataclass(frozen=True, slots=True)
class _Field:
    """What is edited under a name: `single` has one value at most, and is never added to."""

    predicate: Iri
    kind: Literal["literal", "iri"]
    single: bool = False


_FIELDS: Mapping[str, _Field] = MappingProxyType(
    {
        "title": _Field(DCTERMS.title, "literal", single=True),
        "description": _Field(DCTERMS.description, "literal", single=True),
        "role": _Field(SBOL2.role, "iri"),
        "type": _Field(SBOL2.type, "iri"),
        "wasDerivedFrom": _Field(PROV.wasDerivedFrom, "iri"),
    }
)
_ANNOTATION = "annotation"

# Predicates that an annotation may not have: the server stamps them, or the design stands and falls with them.
_RESERVED_NAMESPACES = (RDF.NS, SBOL2.NS, SBH.NS, PREFIXES["synbiohub"])
_RESERVED: frozenset[Term] = SERVER_ADDED | frozenset(
    iri_term(p.iri) for c in CLASSES.values() for p in c.properties if not p.iri.startswith(RDFS.NS)
)


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """One value of one field that comes, goes, or takes the place of `previous` ('' where none was named)."""

    operation: Operation
    field: str
    predicate: Term
    value: Term
    previous: str = ""
    single: bool = False

    @property
    def shown(self) -> str:
        """What the classic API answers: the value; of a term that has a name, that."""
        text = text_of(self.value)
        name = label_of(text) if text.startswith(SO.NS) else None
        return name.replace(" ", "_") if name else text.removeprefix(BIOPAX.NS)


def edit_field(
    hub: Hub, actor: Actor, ref: ObjectRef, operation: Operation, field: str, given: Mapping[str, str]
) -> JobFuture:
    """Start the job that edits a field of an object; its options say of which, `uri`.

    `given` are the form fields `object`, `previous` and `pred`. Raises NotFound for a field that there is not,
    BadRequest for values it cannot have, and what `locate_owned` raises.
    """
    refusal = NotAuthenticated(NOT_YOUR_OBJECT)
    user, located = locate_owned(hub, actor, ref, refusal)
    edit = parse_edit(operation, field, given)

    def plan(_: Job) -> Planned:
        return _planned(hub, user, located, refusal, edit.predicate, lambda stored: values_after(edit, stored))

    return _start(hub, user, located, f"{operation} {field}", plan)


def write_note(hub: Hub, actor: Actor, uri: str, note: Note, value: str) -> JobFuture:
    """Start the job that replaces a note, or the citations, of an object; an empty value deletes.

    `uri` names the object as `parse_object` reads it; `value` of citations holds PubMed ids, comma separated. Raises
    BadRequest for either, and what `locate_owned` raises.
    """
    refusal = NotAuthenticated(NOT_YOUR_SUBMISSION)
    if actor.user is None:
        raise NotAuthenticated
    user, located = locate_owned(hub, actor, parse_object(uri, hub.registry), refusal)
    try:
        texts = parse_citations(value) if note == "citations" else (value,) if value else ()
    except FieldErrors as error:
        raise BadRequest(error.message) from error  # the classic answer is a text here, a list in a submission
    new = [literal_term(text) for text in texts]

    def plan(_: Job) -> Planned:
        return _planned(hub, user, located, refusal, iri_term(_NOTES[note]), lambda _: new)

    return _start(hub, user, located, f"update {note}", plan)


def _start(hub: Hub, user: User, located: Located, action: str, plan: Callable[[Job], Planned]) -> JobFuture:
    namespace = hub.registry.namespace_of(located.top_level)
    assert namespace is not None
    return hub.edits.start(user, action, {namespace.iri}, plan, options={"uri": located.iri})


def _planned(hub: Hub, user: User, located: Located, refusal: SynhubError, predicate: Term, values: Values) -> Planned:
    """Read the top level afresh and change one predicate of the object, which is none that says its members."""
    graph, top_level = located.graph, located.top_level
    stored = read_top_levels(hub.store, Dataset((graph,)), [top_level], members=False).get(top_level, [])
    if not stored or (graph, top_level) in hub.removals.hidden():
        raise NotFound(f"{located.iri} not found")
    if not is_owner(hub.registry, user, stored, top_level):
        raise refusal
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    modified = literal_term(now, XSD.dateTime)
    change = changes_of(stored, located.iri, top_level, predicate, values, modified)
    report = {
        "uri": located.iri,
        "predicate": iri_of(predicate),
        "removed": [_shortened(text_of(o)) for _, p, o in change[0] if p == predicate],
        "added": [_shortened(text_of(o)) for _, p, o in change[1] if p == predicate],
    }
    return Planned(pack([TopLevelChange(graph, top_level, *change)], hub.settings.step_quads), report)


def _shortened(text: str) -> str:
    return text if len(text) <= _REPORTED else text[:_REPORTED] + "…"


# --- what was asked for ---------------------------------------------------------------------------------------------


def parse_edit(operation: Operation, field: str, given: Mapping[str, str]) -> FieldEdit:
    """Read the form of an edit. Pure.

    Raises NotFound for a field that cannot be edited so, BadRequest for a missing or impossible value.
    """
    known = [*_FIELDS, _ANNOTATION]
    if operation == "add":
        known = [name for name in known if name == _ANNOTATION or not _FIELDS[name].single]
    if field not in known:
        raise NotFound(f"there is no field {field!r} to {operation}; there are {', '.join(known)}")
    text = given.get("object", "")
    if not text.strip():
        raise BadRequest(f"`object` is missing: the value of the {field} to {operation}")
    previous = given.get("previous", "") if operation == "edit" else ""
    single = False
    if field == _ANNOTATION:
        predicate, value = _annotation_predicate(given.get("pred", "")), _free_value(text)
    else:
        kind = _FIELDS[field]
        predicate, single = iri_term(kind.predicate), kind.single
        value = _iri_value(field, text) if kind.kind == "iri" else literal_term(text)
    if operation != "remove":  # uploads may bring longer ones, which can be removed
        for name, term in (("object", value), ("pred", predicate)):
            if is_iri(term):
                check_length(name, iri_of(term))
    return FieldEdit(operation, field, predicate, value, previous, single)


def _iri_value(field: str, text: str) -> Term:
    iri = check_iri(text.strip())
    if field != "wasDerivedFrom" and not iri.startswith(("http://", "https://")):
        # `SO:0000316` is an absolute IRI, too; nobody would find what has it as its role
        raise BadRequest(f"a {field} is a whole IRI, such as {SO.NS}SO:0000316; {iri!r} is not")
    return iri_term(iri)


def _free_value(text: str) -> Term:
    """Return an IRI for what begins like one of the web, a literal for everything else (the classic rule)."""
    if text.strip().startswith(("http://", "https://")):
        return iri_term(check_iri(text.strip()))
    return literal_term(text)


def _annotation_predicate(text: str) -> Term:
    if not text.strip():
        raise BadRequest("`pred` is missing: the IRI of the annotation's property")
    iri = check_iri(text.strip())
    for name, field in _FIELDS.items():
        if field.predicate == iri:
            raise BadRequest(f"{iri} is edited as the field {name}, not as an annotation")
    if iri_term(iri) in _RESERVED or iri.startswith(_RESERVED_NAMESPACES):
        raise BadRequest(f"{iri} is no annotation: the design or the server needs it; submit the object anew instead")
    return iri_term(iri)


# --- what follows from it -------------------------------------------------------------------------------------------


def values_after(edit: FieldEdit, stored: Sequence[Term]) -> list[Term]:
    """Return the values that a field has after an edit. Pure. Raises Conflict for a value that is not there."""
    if edit.operation == "add":
        return [*stored, edit.value]
    if edit.operation == "remove":
        return _without(edit, stored, text_of(edit.value))
    kept = _without(edit, stored, edit.previous) if edit.previous.strip() else []
    if not edit.previous.strip() and len(stored) > 1 and not edit.single:
        raise Conflict(f"there are several values of {edit.field}; name the one to replace as `previous`")
    return [edit.value] if edit.single else [*kept, edit.value]


def _without(edit: FieldEdit, stored: Sequence[Term], text: str) -> list[Term]:
    """Leave out the values with a text, whether they are IRIs or literals of any datatype or language."""
    kept = [term for term in stored if _comparable(text_of(term)) != _comparable(text)]
    if len(kept) < len(stored):
        return kept
    there = ", ".join(repr(_shortened(text_of(term))) for term in stored[:_SHOWN]) or "none"
    raise Conflict(f"there is no {edit.field} {_shortened(text)!r} to {edit.operation}; there is: {there}")


def _comparable(text: str) -> str:
    """Forms of browsers send other line ends than were stored."""
    return text.replace("\r\n", "\n").strip()


def changes_of(
    stored: Sequence[Triple], iri: Iri, top_level: Iri, predicate: Term, values: Values, modified: Term
) -> tuple[list[Triple], list[Triple]]:
    """Return the triples of a top level that go and come when a predicate of one of its objects gets other values.

    Pure. Raises NotFound when the object is not among them, Conflict when its class does not allow the values.
    """
    me = iri_term(iri)
    types = [o for s, p, o in stored if s == me and p == _TYPE]
    if not types:
        raise NotFound(f"{iri} not found")
    before = sorted(o for s, p, o in stored if s == me and p == predicate)
    after = list(dict.fromkeys(values(before)))
    _check_class(types, predicate, after)
    _check_values(stored, me, before, after)
    removes = [(me, predicate, o) for o in before if o not in after]
    adds = [(me, predicate, o) for o in after if o not in before]
    for subject in dict.fromkeys((me, iri_term(top_level))):
        removes += [t for t in stored if t[:2] == (subject, _MODIFIED) and t[2] != modified]
        adds.append((subject, _MODIFIED, modified))
    return removes, adds


def _check_class(types: Iterable[Term], predicate: Term, after: Sequence[Term]) -> None:
    """Refuse what no object of these classes may have. Of classes that SBOL does not know everything is allowed."""
    known = [t for t in types if t in CLASSES]
    name = iri_of(predicate).removeprefix(SBOL2.NS)
    found: list[tuple[Term, Property]] = [
        (t, properties_of(t)[predicate]) for t in known if predicate in properties_of(t)
    ]
    if known and not found and predicate in _RESERVED - SERVER_ADDED:
        raise Conflict(f"a {_name(known[0])} has no {name}")
    for cls, rule in found:
        if len(after) < rule.min:
            raise Conflict(f"a {_name(cls)} needs a {name}: add another one before you remove the last")
        if rule.max is not None and len(after) > rule.max:
            raise Conflict(f"a {_name(cls)} has at most {rule.max} {name}")


def _check_values(stored: Sequence[Triple], me: Term, before: Sequence[Term], after: Sequence[Term]) -> None:
    subjects = {s for s, _, _ in stored}
    for gone in before:
        if is_iri(gone) and gone != me and gone in subjects and gone not in after:
            raise Conflict(f"{iri_of(gone)} is an annotation with parts of its own; submit the object anew instead")
    if me in after and me not in before:
        raise Conflict(f"{iri_of(me)} cannot refer to itself")


def _name(cls: Term) -> str:
    return iri_of(cls).rpartition("#")[2].rpartition("/")[2]
