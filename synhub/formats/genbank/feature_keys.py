"""The feature keys of GenBank and the terms of the Sequence Ontology that stand for them.

Source: the table of libSBOLj 2.3.0, measured key by key, so that designs read here and there have the same roles. It
knows no term for `protein_bind` (its ontology lacks SO:0000410); the way back has one, as other tools write that role.
The way back differs in one more row: libSBOLj makes misc_feature of SO:0000275, which is snoRNA.
"""

from collections.abc import Iterable, Mapping

from synhub.rdf import Iri
from synhub.sbol.ontology import Ontology, accession_of, ontology
from synhub.vocab import SO

_UNKNOWN_KEY = "SO:0000110"  # sequence_feature: what a key outside the table becomes
DEFAULT_KEY = "misc_feature"  # what a role becomes that no key stands for

# Of several keys for one term the first is the one that the term is written as.
_NUMBERS = """
-10_signal 175
-35_signal 176
3'UTR 205
3'clip 557
5'UTR 204
5'clip 555
CAAT_signal 172
CDS 316
C_region 1834
D-loop 297
D_segment 458
GC_signal 173
J_region 470
J_segment 470
J_gene_segment 470
LTR 286
N_region 1835
RBS 139
STS 331
S_region 1836
TATA_signal 174
V_region 1833
V_segment 466
V_gene_segment 466
allele 1023
assembly_gap 730
gap 730
attenuator 140
centromere 577
enhancer 165
exon 147
gene 704
iDNA 723
intron 188
mRNA 234
mat_peptide 419
misc_RNA 673
misc_binding 409
misc_difference 413
old_sequence 413
misc_feature 1411
misc_signal 1411
misc_marker 1645
misc_recomb 298
misc_structure 2
mobile_element 1037
modified_base 305
ncRNA 655
operon 178
oriT 724
polyA_signal 551
polyA_site 553
precursor_RNA 185
prim_transcript 185
primer 112
primer_bind 5850
promoter 167
propeptide 1062
rRNA 252
regulatory 5836
rep_origin 296
repeat_region 657
repeat_unit 726
satellite 5
scRNA 13
sig_peptide 418
snRNA 274
snoRNA 275
source 2206
stem_loop 313
tRNA 253
telomere 624
terminator 141
tmRNA 584
transit_peptide 725
transposon 1054
unsure 1086
sequence_uncertainty 1086
variation 1060
"""

TERMS: Mapping[str, str] = {
    key: f"SO:{int(number):07}" for key, number in (row.split() for row in _NUMBERS.split("\n") if row)
}
# Terms that are only written: SO:0000552 is the Shine-Dalgarno sequence.
KEYS: Mapping[str, str] = {
    **{term: key for key, term in reversed(list(TERMS.items()))},
    "SO:0000410": "protein_bind",
    "SO:0000552": "RBS",
}


def role_of(key: str) -> Iri | None:
    """Return the role that a feature key stands for, None for a key outside the table."""
    term = TERMS.get(key)
    return Iri(SO.NS + term) if term else None


def key_of(roles: Iterable[str]) -> tuple[str, str]:
    """Return the key for the first of these IRIs that has one, and '' or the term that the key says only roughly.

    A term without a key of its own is written as the nearest term above it that has one.
    """
    terms = [term for term in map(accession_of, roles) if term is not None and term.startswith("SO:")]
    for term in terms:
        if term in KEYS:
            return KEYS[term], ""
    for term in terms:
        above = _nearest(ontology("so"), term)
        if above is not None:
            return KEYS[above], term
    return DEFAULT_KEY, next((term for term in terms if term != _UNKNOWN_KEY), "")


def _nearest(so: Ontology, term: str) -> str | None:
    layer = [term] if term in so.names else []
    seen: set[str] = set()
    while layer:
        named = [above for above in layer if above in KEYS and KEYS[above] != DEFAULT_KEY]
        if named:
            return min(named)
        seen.update(layer)
        layer = sorted({above for below in layer for above in so.parents[below]} - seen)
    return None
