"""What one version of SBOL says and the other has no words for, carried through the other as annotations.

A conversion is checked by converting back. The statements that do not come back, and those that come back too many,
are written beside the object in a namespace for the purpose: `sbol:access` becomes `backport:sbol2_access` on the way
up, `sbol3:orientation` of a feature `forward:orientation` on the way down. Converting back applies them. So a
conversion can be as plain as the specification has it, and nothing is lost whatever the document holds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from synhub.errors import InvalidIri
from synhub.rdf import Term, Triple, check_iri, iri_term
from synhub.vocab import DCTERMS, OM, PROV, RDF, SBH, SBOL2, SBOL3

_OTHERS = {"rdf_": RDF.NS, "prov_": PROV.NS, "om_": OM.NS, "dcterms_": DCTERMS.NS, "sbh_": SBH.NS}
_HEX = "iri_"
_NOT = "not_"
Translate = Callable[[Term], Term]


@dataclass(frozen=True, slots=True)
class Notation:
    """Predicates that say what `home` says: `beginning` and the local name, or `not_` and the local name."""

    beginning: str
    home: str

    def holds(self, term: Term) -> bool:
        return term.startswith("<" + self.beginning)

    def encode(self, predicate: Term, *, negated: bool = False) -> Term:
        return Term(f"<{self.beginning}{_NOT if negated else ''}{self._name(predicate[1:-1])}>")

    def decode(self, predicate: Term) -> tuple[Term, bool] | None:
        """Return the predicate that was encoded and whether it is negated; None for what is none."""
        if not self.holds(predicate):
            return None
        name = predicate[1 + len(self.beginning) : -1]
        plain = name.removeprefix(_NOT)
        for prefix, namespace in _OTHERS.items():
            if plain.startswith(prefix):
                return Term(f"<{namespace}{plain[len(prefix) :]}>"), name != plain
        if plain.startswith(_HEX):
            try:
                return iri_term(check_iri(bytes.fromhex(plain[len(_HEX) :]).decode())), name != plain
            except (ValueError, InvalidIri):  # not ours
                return None
        return Term(f"<{self.home}{plain}>"), name != plain

    def _name(self, iri: str) -> str:
        for prefix, namespace in ("", self.home), *_OTHERS.items():
            if iri.startswith(namespace):
                return prefix + iri[len(namespace) :]
        return _HEX + iri.encode().hex()


BACKPORT = Notation(SBOL3.BACKPORT + "sbol2_", SBOL2.NS)
FORWARD = Notation(SBOL3.FORWARD, SBOL3.NS)


def residue(
    original: Iterable[Triple], back: Iterable[Triple], notation: Notation, carrier: Translate, value: Translate
) -> list[Triple]:
    """Return the annotations that make `back` the `original` when they are applied.

    `carrier` says which object of the other version stands for a subject, `value` for an object. Both keep what has no
    counterpart.
    """
    wanted = dict.fromkeys(original)
    found = dict.fromkeys(back)
    return [(carrier(s), notation.encode(p), value(o)) for s, p, o in wanted if (s, p, o) not in found] + [
        (carrier(s), notation.encode(p, negated=True), value(o)) for s, p, o in found if (s, p, o) not in wanted
    ]


def with_hints(
    triples: Iterable[Triple], hints: Iterable[Triple], notation: Notation, subject: Translate, value: Translate
) -> list[Triple]:
    """Return `triples` with the statements added and removed that `hints` hold. Hints that say nothing are left out."""
    kept = dict.fromkeys(triples)
    for s, p, o in hints:
        decoded = notation.decode(p)
        if decoded is None:
            continue
        statement = (subject(s), decoded[0], value(o))
        if decoded[1]:
            kept.pop(statement, None)
        else:
            kept[statement] = None
    return list(kept)
