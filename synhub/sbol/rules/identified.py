"""What holds for every identified object: compliant IRIs, one class per persistent identity, provenance. Chapter 102.

Source: SBOL 2.3.0, sections 7.4, 12.3 (compliant objects) and 12.8 (provenance).
"""

from collections.abc import Callable, Iterator

from synhub.rdf import Iri, Term, iri_term, text_of
from synhub.sbol.rules.cycles import around, find_cycles
from synhub.sbol.rules.lookup import a_named, name_of, values
from synhub.sbol.rules.rule import IDENTIFIED, TOP_LEVELS, Check, Facts, Problem, Rule, sbol
from synhub.sbol.schema import CHILD_CLASSES, CLASSES
from synhub.vocab import PROV, SBOL2

DISPLAY_ID, VERSION = iri_term(SBOL2.displayId), iri_term(SBOL2.version)
PERSISTENT_IDENTITY = iri_term(SBOL2.persistentIdentity)
_GENERATED_BY = iri_term(PROV.wasGeneratedBy)
_ASSOCIATION, _USAGE = iri_term(Iri(PROV.NS + "qualifiedAssociation")), iri_term(Iri(PROV.NS + "qualifiedUsage"))
_ROLE, _ENTITY = iri_term(Iri(PROV.NS + "hadRole")), iri_term(Iri(PROV.NS + "entity"))
_IMPLEMENTATION, _ATTACHMENT, _COLLECTION = sbol("Implementation"), iri_term(SBOL2.Attachment), sbol("Collection")
_MEMBER = iri_term(SBOL2.member)
_CHILDREN = tuple(sorted(CHILD_CLASSES))
_DELIMITERS = ("/", "#", ":")


def _text(facts: Facts, subject: Term, prop: Term) -> str | None:
    found = facts.document.subjects[subject].get(prop)
    return None if found is None else text_of(found[0])


def _display_id(facts: Facts, subject: Term) -> Iterator[Problem]:
    if DISPLAY_ID not in facts.document.subjects[subject]:
        yield Problem("has no sbol:displayId: give it one, the last word of its persistent identity", DISPLAY_ID)


def _top_level_identity(facts: Facts, subject: Term) -> Iterator[Problem]:
    name, identity = _text(facts, subject, DISPLAY_ID), _text(facts, subject, PERSISTENT_IDENTITY)
    if name is None:
        return  # said by sbol-10215
    if identity is None:
        yield Problem(f"has no sbol:persistentIdentity: give it one that ends in /{name}", PERSISTENT_IDENTITY)
    elif not identity.endswith(name) or identity[-len(name) - 1 : -len(name)] not in _DELIMITERS:
        yield Problem(
            f"has the sbol:persistentIdentity {identity}, which does not end in its displayId: end it in /{name}",
            PERSISTENT_IDENTITY,
            facts.document.value(subject, PERSISTENT_IDENTITY),
        )


def _child_identity(facts: Facts, subject: Term) -> Iterator[Problem]:
    owner, name = facts.document.owner.get(subject), _text(facts, subject, DISPLAY_ID)
    if owner is None or name is None:
        return  # said by sbol-10215
    identity, above = _text(facts, subject, PERSISTENT_IDENTITY), _text(facts, owner, PERSISTENT_IDENTITY)
    if identity is not None and above is not None and _follows(identity, above, name):
        return
    if not _is_compliant(facts, owner):
        return  # what goes wrong above goes wrong below
    wanted = f"{above or 'the persistent identity of ' + text_of(owner)}/{name}"
    if identity is None:
        yield Problem(f"has no sbol:persistentIdentity: give it {wanted}", PERSISTENT_IDENTITY)
    else:
        yield Problem(
            f"has the sbol:persistentIdentity {identity}, which is not that of its owner and its displayId: "
            f"make it {wanted}",
            PERSISTENT_IDENTITY,
            facts.document.value(subject, PERSISTENT_IDENTITY),
        )


def _follows(longer: str, beginning: str, end: str) -> bool:
    """Tell whether a text is another one, a delimiter, and an end."""
    middle = len(beginning)
    return len(longer) == middle + 1 + len(end) and (
        longer[middle] in _DELIMITERS and longer.startswith(beginning) and longer.endswith(end)
    )


def _is_compliant(facts: Facts, owner: Term) -> bool:
    """Tell whether the top level above has the identity that those of its children are made from."""
    root = facts.document.top_level_of(owner)
    return root is not None and not any(
        problem for check in (_display_id, _top_level_identity, _identity) for problem in check(facts, root)
    )


def _identity(facts: Facts, subject: Term) -> Iterator[Problem]:
    identity = _text(facts, subject, PERSISTENT_IDENTITY)
    if identity is None:
        return  # said by sbol-10216 and sbol-10217
    version, iri = _text(facts, subject, VERSION), text_of(subject)
    if version is None and iri != identity:
        message = f"has no version, so that its IRI should be its persistent identity: make it {identity}"
    elif version is not None and not _follows(iri, identity, version):
        message = f"is not named by its persistent identity and its version: make it {identity}/{version}"
    else:
        return
    yield Problem(message, PERSISTENT_IDENTITY, facts.document.value(subject, PERSISTENT_IDENTITY))


def _version_of_owner(facts: Facts, subject: Term) -> Iterator[Problem]:
    subjects, owner = facts.document.subjects, facts.document.owner.get(subject)
    if owner is None or subjects[subject].get(VERSION) == subjects[owner].get(VERSION):
        return
    version, above = _text(facts, subject, VERSION), _text(facts, owner, VERSION)
    if version != above:
        said = "no version" if version is None else f"the version {version!r}"
        wanted = "none" if above is None else repr(above)
        yield Problem(f"has {said}, its owner {text_of(owner)} has {wanted}: make them the same", VERSION)


def _one_class(facts: Facts, _: Term) -> Iterator[Problem]:
    for identity, subjects in facts.versions.items():
        if len(subjects) > 1:
            kinds = {
                s: [t for t in facts.document.types(s) if t in CLASSES] or facts.document.types(s) for s in subjects
            }
            first = kinds[subjects[0]]
            for subject in subjects[1:]:
                if first and kinds[subject] and set(first).isdisjoint(kinds[subject]):
                    yield Problem(
                        f"is {a_named(kinds[subject][0])} and has the persistent identity {text_of(identity)} of the "
                        f"{name_of(first[0])} {text_of(subjects[0])}: versions of one thing are of one class",
                        PERSISTENT_IDENTITY,
                        identity,
                        subject,
                    )


def _no_circle(facts: Facts, _: Term) -> Iterator[Problem]:
    edges: dict[Term, list[Term]] = {}
    for subject, said in facts.document.subjects.items():
        for activity in said.get(_GENERATED_BY, ()):
            edges.setdefault(subject, []).append(facts.find(activity) or activity)
        for usage in said.get(_USAGE, ()):
            for entity in values(facts, usage, _ENTITY):
                edges.setdefault(subject, []).append(facts.find(entity) or entity)
    for cycle in find_cycles(edges):
        yield Problem(
            f"comes from itself by way of activities: {around(cycle)}; take one of these statements out",
            _GENERATED_BY,
            subject=cycle[0],
        )


def _doings(facts: Facts, subject: Term) -> set[Term]:
    """Return the roles of the associations of the activities that made an object."""
    found: set[Term] = set()
    for reference in values(facts, subject, _GENERATED_BY):
        activity = facts.find(reference)
        for association in () if activity is None else values(facts, activity, _ASSOCIATION):
            found.update(values(facts, association, _ROLE))
    return found


def _made_by(stage: str, wanted: str, fits: Callable[[Facts, Term], bool]) -> Check:
    """Return the rule about what an activity of one stage (design, build, test, learn) makes."""
    role = sbol(stage)

    def check(facts: Facts, subject: Term) -> Iterator[Problem]:
        if role in _doings(facts, subject) and not fits(facts, subject):
            kinds = " and ".join(map(a_named, facts.document.types(subject)))
            yield Problem(f"is {kinds} and comes from an activity of the stage {stage}: {wanted}", _GENERATED_BY, role)

    return check


def _is_design(facts: Facts, subject: Term) -> bool:
    types = facts.document.types(subject)
    return _IMPLEMENTATION not in types and CHILD_CLASSES.isdisjoint(types)


def _is_build(facts: Facts, subject: Term) -> bool:
    return _IMPLEMENTATION in facts.document.types(subject)


def _is_test(facts: Facts, subject: Term) -> bool:
    types = facts.document.types(subject)
    if _COLLECTION in types:
        return all(facts.has_type(member, _ATTACHMENT) for member in values(facts, subject, _MEMBER))
    return _ATTACHMENT in types


def _is_learned(facts: Facts, subject: Term) -> bool:
    return _IMPLEMENTATION not in facts.document.types(subject)


RULES: tuple[Rule, ...] = (
    Rule("sbol-10215", "compliant", IDENTIFIED, _display_id),
    Rule("sbol-10216", "compliant", TOP_LEVELS, _top_level_identity),
    Rule("sbol-10217", "compliant", _CHILDREN, _child_identity),
    Rule("sbol-10218", "compliant", IDENTIFIED, _identity),
    Rule("sbol-10219", "compliant", _CHILDREN, _version_of_owner),
    Rule("sbol-10220", "always", (), _one_class),
    Rule("sbol-10223", "always", (), _no_circle),
    Rule(
        "sbol-10224",
        "best_practice",
        IDENTIFIED,
        _made_by("design", "designs are top levels other than Implementations", _is_design),
        _GENERATED_BY,
    ),
    Rule(
        "sbol-10225",
        "best_practice",
        IDENTIFIED,
        _made_by("build", "what is built is an Implementation", _is_build),
        _GENERATED_BY,
    ),
    Rule(
        "sbol-10226",
        "best_practice",
        IDENTIFIED,
        _made_by("test", "what a test gives is an Attachment, or a Collection of Attachments", _is_test),
        _GENERATED_BY,
    ),
    Rule(
        "sbol-10227",
        "best_practice",
        IDENTIFIED,
        _made_by("learn", "what is learned is no Implementation", _is_learned),
        _GENERATED_BY,
    ),
)
