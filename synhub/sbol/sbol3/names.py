"""What the objects of one top level of SBOL 2 are called in SBOL 3, and which object there holds them.

Source: SBOL 3.1.0, sections 5.1 and 10.2.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from synhub.rdf import Term, Triple, is_blank, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.graph import Document
from synhub.sbol.sbol3.residue import FORWARD
from synhub.sbol.sbol3.terms import (
    CHILDREN_3,
    CLASSES_UP,
    SHARED_CLASSES,
    forward,
    iri_up,
    local_name,
    split_version,
    v2,
)
from synhub.sbol.schema import CLASSES

LOCAL_NAME = forward("localName")
ANNOTATION_2 = v2("SequenceAnnotation")
LOCATIONS_2 = frozenset({v2("Range"), v2("Cut")})
_MAX_LENGTH = 2_000  # of an identity that others go below: annotations may be nested as deep as anybody likes
_DISPLAY_ID = v2("displayId")


def class_of(document: Document, subject: Term) -> Term:
    """Return the class of the schema that a subject is treated as; '' for none."""
    return min((t for t in document.types(subject) if t in CLASSES), default=Term(""))


@dataclass(slots=True)
class Names:
    """The SBOL 3 identities of one top level and its children, and what stands for what.

    `merged` maps an annotation of a component's place to the component: its locations move there. `places` maps
    objects to the one that holds them in SBOL 3, `kept_in` objects that SBOL 2 has no class for. `versionless` maps
    persistent identities to objects.
    """

    document: Document
    of: dict[Term, Term] = field(default_factory=dict)
    merged: dict[Term, Term] = field(default_factory=dict)
    places: dict[Term, Term] = field(default_factory=dict)
    versionless: dict[Term, Term] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    kept_in: dict[Term, Term] = field(default_factory=dict)
    holders: set[Term] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def in_group(cls, triples: Iterable[Triple]) -> "Names":
        names = cls(Document.of(triples))
        document = names.document
        for subject in document.subjects:
            identity = document.value(subject, v2("persistentIdentity"))
            if identity is not None and subject not in document.nested:
                names.versionless.setdefault(identity, subject)
        for subject, said in document.subjects.items():
            for predicate in said:
                if (decoded := FORWARD.decode(predicate)) and decoded[0] in CHILDREN_3 and not decoded[1]:
                    names.kept_in |= dict.fromkeys(said[predicate], subject)
        for root in sorted(document.top_levels + document.orphans):
            if not is_blank(root) and root not in names.of:
                names._name_all(root)
        return names

    def local(self, subject: Term) -> str:
        """Return the last part of the identity that a child wants to have."""
        given = self.document.value(subject, LOCAL_NAME) or self.document.value(subject, forward("displayId"))
        given = given or self.document.value(subject, _DISPLAY_ID)
        return local_name(text_of(given) if given else split_version(subject)[0])

    def name(self, term: Term) -> Term:
        """Return the identity of an object of this group or of a blank node below one; other terms as they are."""
        found = self.of.get(term, term)
        if found is term and is_skolem(term):
            owner, _, node = term.partition("/.bnode/")
            return Term(f"{self.name(Term(owner + '>'))[:-1]}/.bnode/{node}")
        return found

    def is_nameless(self, term: Term) -> bool:
        """Tell a child that SBOL 3 has no class for."""
        return term in self.document.owner and term not in self.of and term not in self.document.nested

    def resolve(self, value: Term) -> Term:
        """Return the object of this group that is meant by an IRI with or without version."""
        return value if value in self.of else self.versionless.get(value, value)

    def has_interface(self, root: Term) -> bool:
        """Tell whether an interface came with the object, which then needs none to be made."""
        return forward("hasInterface") in self.document.subjects[root]

    def _name_all(self, root: Term) -> None:
        self.of[root] = iri_up(root)
        self.used |= {self.of[root]}
        if not self.has_interface(root):
            self.used |= {f"{self.of[root][:-1]}/Interface1>"}
        annotations: list[Term] = []
        for subject in self.document.subtree(root)[1:]:
            main = class_of(self.document, subject)
            owner = self.document.owner[subject]
            if main == ANNOTATION_2:
                annotations.append(subject)
            elif main in LOCATIONS_2 and class_of(self.document, owner) == ANNOTATION_2:
                continue
            elif main == v2("MapsTo"):
                self._place(subject, root, f"{self.local(owner)}_{self.local(subject)}")
            elif main in CLASSES_UP or main in SHARED_CLASSES or self.is_kept(subject):
                self._place(subject, self._holder(subject, owner))
        for annotation in annotations:
            self._annotation(annotation, root)

    def is_kept(self, subject: Term) -> bool:
        return subject in self.document.nested and any(FORWARD.holds(t) for t in self.document.types(subject))

    def _holder(self, subject: Term, owner: Term) -> Term:
        """Return the owner, or of several that mention a kept object the one whose child it is."""
        return self.kept_in.get(subject, owner) if subject in self.document.nested else owner

    def _place(self, subject: Term, holder: Term, wanted: str = "") -> None:
        above = self.of.get(holder)
        if above is None or len(above) > _MAX_LENGTH:
            return
        local = self.document.value(subject, LOCAL_NAME)
        base = f"{above[:-1]}/{local_name(text_of(local)) if local else wanted or self.local(subject)}"
        name, number = base, self.numbers.get(base, 1)
        # What has no name of its own is written under its old one, which nothing else may have then.
        while f"{name}>" in self.used or (f"{name}>" in self.document.subjects and f"{name}>" != subject):
            number += 1
            name = f"{base}_{number}"
        self.numbers[base] = number
        self.used |= {f"{name}>", f"{name}_constraint>"}
        self.of[subject] = Term(f"{name}>")
        self.places[subject] = holder
        self.holders.add(holder)

    def _annotation(self, annotation: Term, root: Term) -> None:
        """Place an annotation's locations in the component that it is about, or in a feature of its own."""
        said = self.document.subjects[annotation]
        locations = [c for c in self.document.children.get(annotation, ()) if class_of(self.document, c) in LOCATIONS_2]
        about = said.get(v2("component"), [])
        component = self.resolve(about[0]) if len(about) == 1 else Term("")
        if about:
            if (
                not locations
                or self.places.get(component) != root
                or class_of(self.document, component) != v2("Component")
            ):
                return
            self.merged[annotation] = component
        elif locations or (v2("location") in said and v2("type") in self.document.subjects[root]):
            self._place(annotation, root)
        for location in locations:
            self._place(location, component if about else annotation)
