"""Building compliant SBOL 2 objects for files whose format knows no IRIs.

Answers for identities: displayIds that are well-formed and unique, and the four triples that every object has. Knows no
class of SBOL in particular. Minting moves the objects to the collection afterwards and keeps displayId and version.

Source: SBOL 2.3.0, section 'Compliant SBOL Objects'.
"""

from dataclasses import dataclass

from synhub.formats.reading import NAMESPACE
from synhub.identity import display_id_from
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.vocab import RDF, SBOL2

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Made:
    """One object of a design; `term` is what other objects refer to."""

    term: Term
    persistent_identity: Iri
    display_id: str
    version: str

    @property
    def iri(self) -> Iri:
        return Iri(self.term[1:-1])


class Design:
    """Objects in the making, and what is said about them, in the order in which it is said."""

    def __init__(self, namespace: str = NAMESPACE) -> None:
        self._namespace = namespace
        self._triples: list[Triple] = []
        self._taken: dict[tuple[str, str], int] = {}

    @property
    def triples(self) -> list[Triple]:
        """Everything said so far, distinct."""
        return list(dict.fromkeys(self._triples))

    def top_level(self, name: str, kind: Iri, version: str = VERSION) -> Made:
        """Make a top level of class `kind`.

        Its displayId is the name squashed into one, then with `_2`, `_3`, … if another top level of this version has
        it. `version` must be a well-formed one.
        """
        return self._make(self._namespace, name, kind, version)

    def child(self, owner: Made, name: str, kind: Iri, property: Iri) -> Made:
        """Make a child of class `kind`, as a value of the owner's property; its displayId is unique below the owner."""
        child = self._make(f"{owner.persistent_identity}/", name, kind, owner.version)
        self.say(owner, property, child.term)
        return child

    def say(self, subject: Made, predicate: Iri, value: Term) -> None:
        self._triples.append((subject.term, iri_term(predicate), value))

    def say_iri(self, subject: Made, predicate: Iri, value: Iri) -> None:
        self.say(subject, predicate, iri_term(value))

    def say_text(self, subject: Made, predicate: Iri, text: str) -> None:
        """Say a plain string. `text` must hold nothing that XML cannot (formats.text sees to that)."""
        self.say(subject, predicate, literal_term(text))

    def _make(self, place: str, name: str, kind: Iri, version: str) -> Made:
        display_id = self._unique(place, display_id_from(name) or kind.rpartition("#")[2], version)
        identity = Iri(place + display_id)
        made = Made(iri_term(Iri(f"{identity}/{version}")), identity, display_id, version)
        self.say_iri(made, RDF.type, kind)
        self.say_iri(made, SBOL2.persistentIdentity, identity)
        self.say_text(made, SBOL2.displayId, display_id)
        self.say_text(made, SBOL2.version, version)
        return made

    def _unique(self, place: str, display_id: str, version: str) -> str:
        """Take the first free one of `x`, `x_2`, `x_3`, …; the next number is kept, so that many of a name are fast."""
        wanted, number = display_id, self._taken.get((place + display_id, version), 1)
        while (place + display_id, version) in self._taken:
            number += 1
            display_id = f"{wanted}_{number}"
        self._taken[(place + wanted, version)] = number
        self._taken.setdefault((place + display_id, version), 1)
        return display_id
