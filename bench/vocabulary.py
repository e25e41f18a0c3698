"""The words and numbers that generated corpora are made of. Data only.

Shares follow the public iGEM collection in kind, not in detail: a few roles cover most parts, a few words occur
everywhere, most words are rare.
"""

BIOPAX = "http://www.biopax.org/release/biopax-level3.owl#"
SO = "http://identifiers.org/so/SO:"
IGEM = "http://wiki.synbiohub.org/wiki/Terms/igem#"

# (Sequence Ontology term, the iGEM part type beside it), most frequent first; used Zipf-like: 1, 1/2, 1/3, …
ROLES: tuple[tuple[str, str], ...] = (
    ("0000316", "Coding"),
    ("0000804", "Composite"),
    ("0000167", "Regulatory"),
    ("0000139", "RBS"),
    ("0000141", "Terminator"),
    ("0000804", "Device"),
    ("0000110", "Other"),
    ("0000155", "Plasmid"),
    ("0000627", "Generator"),
    ("0005850", "Primer"),
    ("0000417", "Protein_Domain"),
    ("0000057", "Signalling"),
    ("0001411", "Measurement"),
    ("0000296", "Plasmid_Backbone"),
    ("0000655", "RNA"),
    ("0000031", "Tag"),
    ("0001953", "Scar"),
    ("0000314", "Inverter"),
)
TYPES: tuple[tuple[str, int], ...] = (("DnaRegion", 94), ("RnaRegion", 3), ("Protein", 3))
STATUSES: tuple[tuple[str, int], ...] = (("Available", 60), ("Planning", 25), ("Deleted", 10), ("Informational", 5))
SAMPLES: tuple[str, ...] = ("In stock", "It's complicated", "Not in stock", "Discontinued", "Sent")

_WORDS = """
the of and a with promoter gene protein coding sequence from under expression strong fluorescent is for in
binding site region coli bacterial terminator ribosome reporter control regulated induced constitutive GFP this
part composite device plasmid vector cells inducible green red yellow operator repressor activator synthetic
signal receptor sensor fusion tag linker domain cloning standard assembly prefix suffix restriction enzyme
resistance ampicillin kanamycin chloramphenicol tetracycline arabinose IPTG lactose LacI TetR AraC LuxR LuxI AHL
quorum sensing degradation LVA tail optimized codon yeast Bacillus subtilis mammalian plant Saccharomyces
transcription translation initiation start stop codon mutant variant wild type truncated improved version
measurement relative units fluorescence luminescence luciferase firefly Renilla enzyme pathway synthase
reductase dehydrogenase kinase phosphatase membrane secretion export import transport channel light heat cold
toggle switch oscillator inverter gate logic memory recombinase integrase Cre lox FLP FRT homology arm origin
replication copy number CRISPR Cas9 guide RNA antisense riboswitch aptamer toehold hammerhead ribozyme leader
peptide his histidine cellulose spider silk melanin violacein lycopene carotene limonene vanillin butanol
hydrogen arsenic mercury lead copper zinc iron biosensor detection toxin antitoxin lysis holin kill containment
biofilm adhesion chemotaxis
"""
WORDS: tuple[str, ...] = tuple(_WORDS.split())  # most frequent first
_SYLLABLES = "ba co di fu ga hel in ju ka lo mi na or pa que ro si tu va xe zy phe tri mon"
SYLLABLES: tuple[str, ...] = tuple(_SYLLABLES.split())

# Texts outside ASCII and with every character that has a meaning somewhere; put into descriptions and names.
ODD: tuple[str, ...] = (
    "5'→3' strand",
    "β-galactosidase (α-fragment)",
    "λ cI, 37 °C, ΔG = −12 kcal/mol",
    "100% of <wild type> & more",
    'the "strong" one',
    "back\\slash {braces} $name ?x",
    "Ångström naïve façade Øre",
    "大肠杆菌 启动子",
    "プロモーター",
    "двойной терминатор",
    "🧬 synthetic",
    "μg/mL • tab\tinside",
)
FAMILIES: tuple[str, ...] = ("B", "C", "E", "I", "J", "K", "K", "K", "K", "M", "P", "R", "S")
PREFIXES: tuple[str, ...] = ("p", "lac", "tet", "ara", "lux", "cI", "las", "rhl", "mCherry ", "GFP ", "RBS ", "T7 ")
RARE_WORD = "kaleidoscope"
RARE_PARTS = 7
ODD_TEXT_SHARE = 0.02
PRIVATE_SHARE = 0.03
COMPOSITE_SHARE = 0.15
LARGE_SHARE = 0.40  # members of the one large collection
LENGTH_MEDIAN_BP = 480.0
LENGTH_SIGMA = 1.1
LONGEST_BP = 12_000
