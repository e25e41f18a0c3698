"""Letters of a sequence and what its encoding allows. Chapter 104.

Source: SBOL 2.3.0, section 7.6, table 1. The alphabets are those of the reference library, which takes any letter for
an amino acid; of SMILES, whose grammar calls for a chemist, only the characters and the brackets are looked at.
"""

import re
from collections.abc import Iterator, Mapping

from synhub.rdf import Term, iri_term, text_of
from synhub.sbol.rules.rule import Facts, Problem, Rule, shown
from synhub.vocab import ENCODING as ENCODINGS
from synhub.vocab import SBOL2

NUCLEIC, PROTEIN = iri_term(ENCODINGS.NUCLEIC_ACID), iri_term(ENCODINGS.AMINO_ACID)
SMILES = iri_term(ENCODINGS.SMILES)
ELEMENTS, ENCODING = iri_term(SBOL2.elements), iri_term(SBOL2.encoding)
SEQUENCE = iri_term(SBOL2.Sequence)

_STRANGE: Mapping[Term, tuple[re.Pattern[str], str]] = {
    NUCLEIC: (
        re.compile(r"[^ACGTURYSWKMBDHVN.\-]", re.IGNORECASE | re.ASCII),
        "the IUPAC letters of nucleic acids, '.' and '-'",
    ),
    # '*' ends a translation and '-' is a gap; the reference library takes neither, files of sequences have both
    PROTEIN: (re.compile(r"[^A-Z*\-]", re.IGNORECASE | re.ASCII), "the letters of amino acids, '*' and '-'"),
    SMILES: (re.compile(r"[^A-Za-z0-9@+\-\[\]()\\/%=#$:.*~]"), "the characters of SMILES"),
}
# The characters that each allows, as bytes: what is left when these are taken out is looked for by the expression.
_FINE: Mapping[Term, bytes] = {
    encoding: bytes(n for n in range(128) if not strange.match(chr(n))) for encoding, (strange, _) in _STRANGE.items()
}
_PAIRS = (("(", ")"), ("[", "]"))


def _letters(facts: Facts, sequence: Term) -> Iterator[Problem]:
    said = facts.document.subjects[sequence]
    for encoding in said.get(ENCODING, ()):
        known = _STRANGE.get(encoding)
        for elements in said.get(ELEMENTS, ()) if known is not None else ():
            assert known is not None
            text = text_of(elements)
            strange = known[0].search(text) if text.encode().translate(None, _FINE[encoding]) else None
            if strange is not None:
                yield Problem(
                    f"has the character {strange[0]!r} at position {strange.start() + 1} of its sbol:elements, whose "
                    f"encoding allows {known[1]} only: mend the elements or the sbol:encoding ({shown(encoding)})",
                    ELEMENTS,
                    elements,
                )
            elif encoding == SMILES and any(text.count(left) != text.count(right) for left, right in _PAIRS):
                yield Problem(f"has brackets without a partner in its SMILES {shown(elements)!r}", ELEMENTS, elements)


def _known_encoding(facts: Facts, sequence: Term) -> Iterator[Problem]:
    for encoding in facts.document.subjects[sequence].get(ENCODING, ()):
        if encoding not in _STRANGE:
            choices = ", ".join(map(text_of, _STRANGE))
            yield Problem(
                f"has the sbol:encoding {shown(encoding)}, which few tools know: use one of {choices} where it fits",
                ENCODING,
                encoding,
            )


RULES: tuple[Rule, ...] = (
    Rule("sbol-10405", "always", (SEQUENCE,), _letters, ELEMENTS),
    Rule("sbol-10407", "best_practice", (SEQUENCE,), _known_encoding, ENCODING),
)
