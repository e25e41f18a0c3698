"""The only home of namespaces and terms.

Classes are namespaces, attributes are IRIs. `PREFIXES` are the prefixes that a search path, a query file and an
RDF/XML document may use. A literal `http://` string for a vocabulary anywhere else in the package is a mistake
(tests/test_layers.py).
"""

from synhub.rdf import Iri, Term, iri_term


class RDF:
    """Source: RDF 1.1 Concepts, section 1.4."""

    NS = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    type = Iri(NS + "type")


class RDFS:
    NS = "http://www.w3.org/2000/01/rdf-schema#"
    Class = Iri(NS + "Class")
    label = Iri(NS + "label")
    comment = Iri(NS + "comment")


class XSD:
    NS = "http://www.w3.org/2001/XMLSchema#"
    float = Iri(NS + "float")
    dateTime = Iri(NS + "dateTime")
    integer = Iri(NS + "integer")
    boolean = Iri(NS + "boolean")


class SBOL2:
    """Source: SBOL 2.3.0, section 'SBOL Data Model'."""

    NS = "http://sbols.org/v2#"
    Collection = Iri(NS + "Collection")
    ComponentDefinition = Iri(NS + "ComponentDefinition")
    Sequence = Iri(NS + "Sequence")
    Attachment = Iri(NS + "Attachment")
    persistentIdentity = Iri(NS + "persistentIdentity")
    displayId = Iri(NS + "displayId")
    version = Iri(NS + "version")
    member = Iri(NS + "member")
    type = Iri(NS + "type")
    role = Iri(NS + "role")
    sequence = Iri(NS + "sequence")
    elements = Iri(NS + "elements")
    encoding = Iri(NS + "encoding")
    attachment = Iri(NS + "attachment")
    source = Iri(NS + "source")
    hash = Iri(NS + "hash")
    size = Iri(NS + "size")
    format = Iri(NS + "format")
    component = Iri(NS + "component")
    definition = Iri(NS + "definition")
    location = Iri(NS + "location")
    orientation = Iri(NS + "orientation")
    start = Iri(NS + "start")
    end = Iri(NS + "end")
    at = Iri(NS + "at")
    Component = Iri(NS + "Component")
    SequenceAnnotation = Iri(NS + "SequenceAnnotation")
    SequenceConstraint = Iri(NS + "SequenceConstraint")
    Range = Iri(NS + "Range")
    Cut = Iri(NS + "Cut")
    GenericLocation = Iri(NS + "GenericLocation")
    sequenceAnnotation = Iri(NS + "sequenceAnnotation")
    sequenceConstraint = Iri(NS + "sequenceConstraint")
    sourceLocation = Iri(NS + "sourceLocation")
    access = Iri(NS + "access")
    public = Iri(NS + "public")
    private = Iri(NS + "private")
    inline = Iri(NS + "inline")
    reverseComplement = Iri(NS + "reverseComplement")
    restriction = Iri(NS + "restriction")
    subject = Iri(NS + "subject")
    object = Iri(NS + "object")
    precedes = Iri(NS + "precedes")


class SBOL1:
    """Source: SBOL 1.1.0, section 'Data model'."""

    NS = "http://sbols.org/v1#"
    DnaComponent = Iri(NS + "DnaComponent")
    DnaSequence = Iri(NS + "DnaSequence")
    SequenceAnnotation = Iri(NS + "SequenceAnnotation")
    Collection = Iri(NS + "Collection")
    displayId = Iri(NS + "displayId")
    name = Iri(NS + "name")
    description = Iri(NS + "description")
    dnaSequence = Iri(NS + "dnaSequence")
    nucleotides = Iri(NS + "nucleotides")
    annotation = Iri(NS + "annotation")
    bioStart = Iri(NS + "bioStart")
    bioEnd = Iri(NS + "bioEnd")
    strand = Iri(NS + "strand")
    subComponent = Iri(NS + "subComponent")
    precedes = Iri(NS + "precedes")
    component = Iri(NS + "component")


class SBOL3:
    """Source: SBOL 3.1.0, sections 6 and 10.2."""

    NS = "http://sbols.org/v3#"
    source = Iri(NS + "source")
    functional_entity = Iri("https://identifiers.org/SBO:0000241")
    nucleic_acid = Iri("https://identifiers.org/edam:format_1207")
    BACKPORT = "https://sbols.org/backport/2_3#"  # what SBOL 2 says and SBOL 3 has no words for
    FORWARD = "urn:x-synhub:sbol3#"  # what SBOL 3 says and SBOL 2 has no words for


class DCTERMS:
    NS = "http://purl.org/dc/terms/"
    title = Iri(NS + "title")
    description = Iri(NS + "description")
    created = Iri(NS + "created")
    modified = Iri(NS + "modified")


class DC:
    NS = "http://purl.org/dc/elements/1.1/"
    creator = Iri(NS + "creator")


class PROV:
    """Source: PROV-O; SBOL 2.3.0, section 'Provenance'."""

    NS = "http://www.w3.org/ns/prov#"
    wasDerivedFrom = Iri(NS + "wasDerivedFrom")
    wasGeneratedBy = Iri(NS + "wasGeneratedBy")
    Activity = Iri(NS + "Activity")
    Agent = Iri(NS + "Agent")
    Plan = Iri(NS + "Plan")
    Association = Iri(NS + "Association")
    Usage = Iri(NS + "Usage")


class OM:
    """Units of measure, SBOL 2.3.0, section 'Measures'."""

    NS = "http://www.ontology-of-units-of-measure.org/resource/om-2/"


class SBH:
    """SynBioHub's own terms; kept so that stored data and clients stay compatible."""

    NS = "http://wiki.synbiohub.org/wiki/Terms/synbiohub#"
    topLevel = Iri(NS + "topLevel")
    ownedBy = Iri(NS + "ownedBy")
    mutableDescription = Iri(NS + "mutableDescription")
    mutableNotes = Iri(NS + "mutableNotes")
    mutableProvenance = Iri(NS + "mutableProvenance")
    archivePath = Iri(NS + "archivePath")  # ours: where in an uploaded archive an attached file lay, a plain literal


class MEDIA_TYPES:
    """IRIs of media types, as sbol:format of an attached file has them: the namespace and the media type's name."""

    NS = "http://purl.org/NET/mediatypes/"


class COMBINE:
    """Formats of the members of a COMBINE archive. Source: OMEX 1.0, section 'The manifest'."""

    NS = "http://identifiers.org/combine.specifications/"
    MANIFEST_NS = NS + "omex-manifest"
    omex = Iri(NS + "omex")
    omex_manifest = Iri(MANIFEST_NS)
    omex_metadata = Iri(NS + "omex-metadata")
    sbol2 = Iri(NS + "sbol.version-2")
    sbml = Iri(NS + "sbml")
    sedml = Iri(NS + "sedml")  # SynBioHub's spelling


class VCARD:
    NS = "http://www.w3.org/2006/vcard/ns#"


class OBO:
    NS = "http://purl.obolibrary.org/obo/"
    OBI_0001617 = Iri(NS + "OBI_0001617")  # PubMed id


class OWL:
    NS = "http://www.w3.org/2002/07/owl#"
    imports = Iri(NS + "imports")


class SH:
    """Source: SHACL, section 3.6 (validation report) and appendix."""

    NS = "http://www.w3.org/ns/shacl#"
    ValidationReport = Iri(NS + "ValidationReport")
    ValidationResult = Iri(NS + "ValidationResult")
    ConstraintComponent = Iri(NS + "ConstraintComponent")
    conforms = Iri(NS + "conforms")
    result = Iri(NS + "result")
    focusNode = Iri(NS + "focusNode")
    resultPath = Iri(NS + "resultPath")
    value = Iri(NS + "value")
    resultMessage = Iri(NS + "resultMessage")
    resultSeverity = Iri(NS + "resultSeverity")
    sourceConstraintComponent = Iri(NS + "sourceConstraintComponent")
    SPARQLExecutable = Iri(NS + "SPARQLExecutable")
    SPARQLSelectExecutable = Iri(NS + "SPARQLSelectExecutable")
    SPARQLAskExecutable = Iri(NS + "SPARQLAskExecutable")
    SPARQLConstructExecutable = Iri(NS + "SPARQLConstructExecutable")
    select = Iri(NS + "select")
    ask = Iri(NS + "ask")
    construct = Iri(NS + "construct")


class SYNHUB:
    """Names of our own for what has no others: the rules of validation, the shapes made of them, and the properties
    by which SPARQL asks the search index."""

    RULE = "urn:x-synhub:rule:"
    SHAPE = "urn:x-synhub:shape:"
    NS = "urn:x-synhub:search:"
    textMatch = Iri(NS + "textMatch")
    sequenceMatch = Iri(NS + "sequenceMatch")


class VOID:
    """Source: Describing Linked Datasets with the VoID Vocabulary, W3C note of 3 March 2011."""

    NS = "http://rdfs.org/ns/void#"
    DatasetDescription = Iri(NS + "DatasetDescription")
    Dataset = Iri(NS + "Dataset")
    sparqlEndpoint = Iri(NS + "sparqlEndpoint")
    uriSpace = Iri(NS + "uriSpace")
    feature = Iri(NS + "feature")
    exampleResource = Iri(NS + "exampleResource")
    vocabulary = Iri(NS + "vocabulary")
    triples = Iri(NS + "triples")
    entities = Iri(NS + "entities")
    distinctSubjects = Iri(NS + "distinctSubjects")
    classes = Iri(NS + "classes")
    properties = Iri(NS + "properties")
    classPartition = Iri(NS + "classPartition")
    propertyPartition = Iri(NS + "propertyPartition")
    class_ = Iri(NS + "class")
    property = Iri(NS + "property")


class SD:
    """Source: SPARQL 1.1 Service Description, section 3."""

    NS = "http://www.w3.org/ns/sparql-service-description#"
    FORMATS = "http://www.w3.org/ns/formats/"
    Service = Iri(NS + "Service")
    Dataset = Iri(NS + "Dataset")
    Graph = Iri(NS + "Graph")
    NamedGraph = Iri(NS + "NamedGraph")
    endpoint = Iri(NS + "endpoint")
    supportedLanguage = Iri(NS + "supportedLanguage")
    SPARQL11Query = Iri(NS + "SPARQL11Query")
    resultFormat = Iri(NS + "resultFormat")
    feature = Iri(NS + "feature")
    UnionDefaultGraph = Iri(NS + "UnionDefaultGraph")
    propertyFeature = Iri(NS + "propertyFeature")
    defaultDataset = Iri(NS + "defaultDataset")
    defaultGraph = Iri(NS + "defaultGraph")
    namedGraph = Iri(NS + "namedGraph")
    name = Iri(NS + "name")
    graph = Iri(NS + "graph")


class FOAF:
    NS = "http://xmlns.com/foaf/0.1/"
    primaryTopic = Iri(NS + "primaryTopic")


class SCHEMA:
    NS = "https://schema.org/"
    target = Iri(NS + "target")


class BIOPAX:
    NS = "http://www.biopax.org/release/biopax-level3.owl#"
    Dna = Iri(NS + "Dna")
    DnaRegion = Iri(NS + "DnaRegion")
    Rna = Iri(NS + "Rna")
    RnaRegion = Iri(NS + "RnaRegion")
    Protein = Iri(NS + "Protein")


class SO:
    """Sequence Ontology as SBOL 2 spells it."""

    NS = "http://identifiers.org/so/"
    sequence_feature = Iri(NS + "SO:0000110")
    engineered_region = Iri(NS + "SO:0000804")
    linear = Iri(NS + "SO:0000987")
    circular = Iri(NS + "SO:0000988")


class ENCODING:
    """Values of sbol:encoding. Source: SBOL 2.3.0, section 'Sequence', table of encodings."""

    NUCLEIC_ACID = Iri("http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html")
    AMINO_ACID = Iri("http://www.chem.qmul.ac.uk/iupac/AminoAcid/")
    SMILES = Iri("http://www.opensmiles.org/opensmiles.html")


class GFF3:
    """What the reference library keeps of a line of GFF3 as annotations."""

    NS = "http://sbolstandard.org/gff3#"


class GENBANK:
    """Header lines of GenBank records, as libSBOLj names them."""

    NS = "http://www.ncbi.nlm.nih.gov/genbank#"
    Reference = Iri(NS + "Reference")
    reference = Iri(NS + "reference")
    locus = Iri(NS + "locus")
    molecule = Iri(NS + "molecule")
    division = Iri(NS + "division")
    date = Iri(NS + "date")
    comment = Iri(NS + "comment")
    region = Iri(NS + "region")
    GInumber = Iri(NS + "GInumber")
    version = Iri(NS + "version")
    accession = Iri(NS + "accession")
    locusRest = Iri(NS + "locusRest")  # ours: words of a LOCUS line that nobody understands
    origin = Iri(NS + "origin")
    baseCount = Iri(NS + "baseCount")
    label = Iri(NS + "label")


class GBCONV:
    """Qualifiers of GenBank features, and what libSBOLj says about their locations; `location` is our own."""

    NS = "http://sbols.org/genBankConversion#"
    featureType = Iri(NS + "featureType")
    multiRangeType = Iri(NS + "multiRangeType")
    position = Iri(NS + "position")
    startLessThan = Iri(NS + "startLessThan")
    endGreaterThan = Iri(NS + "endGreaterThan")
    singleBaseRange = Iri(NS + "singleBaseRange")
    stradlesOrigin = Iri(NS + "stradlesOrigin")  # the spelling that stored data has
    location = Iri(NS + "location")


# Prefixes a search path and our query files may use; the classic search declares exactly the first group.
PREFIXES: dict[str, str] = {
    "sbol2": SBOL2.NS,
    "dcterms": DCTERMS.NS,
    "ncbi": "http://www.ncbi.nlm.nih.gov#",
    "synbiohub": "http://synbiohub.org#",
    "sbh": SBH.NS,
    "igem": "http://wiki.synbiohub.org/wiki/Terms/igem#",
    "xsd": XSD.NS,
    "prov": PROV.NS,
    "dc": DC.NS,
    "cello": "http://cellocad.org/Terms/cello#",
    "rdf": RDF.NS,
    "rdfs": RDFS.NS,
    "purl": OBO.NS,
    "biopax": BIOPAX.NS,
    "so": SO.NS,
    "bench": "http://wiki.synbiohub.org/wiki/Terms/benchling#",
    "genbank": GENBANK.NS,
    # not declared by the classic search, accepted all the same
    "sbol": SBOL2.NS,
    "obo": OBO.NS,
    "om": OM.NS,
}

# Prefixes that a SPARQL query may use without declaring them. `sbol` could be SBOL 2 or SBOL 3.
KNOWN_PREFIXES: dict[str, str] = {name: namespace for name, namespace in PREFIXES.items() if name != "sbol"} | {
    "synhub": SYNHUB.NS,
    "owl": OWL.NS,
    "sh": SH.NS,
    "void": VOID.NS,
    "sd": SD.NS,
    "schema": SCHEMA.NS,
    "foaf": FOAF.NS,
    "skos": "http://www.w3.org/2004/02/skos/core#",
}

# Prefixes at the top of an SBOL3 document.
SBOL3_PREFIXES: dict[str, str] = {
    "rdf": RDF.NS,
    "rdfs": RDFS.NS,
    "sbol": SBOL3.NS,
    "dcterms": DCTERMS.NS,
    "prov": PROV.NS,
    "om": OM.NS,
    "xsd": XSD.NS,
    "backport": SBOL3.BACKPORT,
    "synbiohub": PREFIXES["synbiohub"],
    "sbh": SBH.NS,
    "igem": PREFIXES["igem"],
    "genbank": PREFIXES["genbank"],
    "gbconv": GBCONV.NS,
    "dc": DC.NS,
    "obo": OBO.NS,
}

# How SBOL 2 and SBOL 3 spell the same term: exact pairs, then beginnings.
# Source: SBOL 2.3.0, tables 1, 2, 5; SBOL 3.1.0, tables 1, 2; one name for two goes down to the last of them.
SBOL3_TERMS: tuple[tuple[str, str], ...] = (
    (BIOPAX.NS + "Dna", "https://identifiers.org/SBO:0000251"),
    (BIOPAX.NS + "DnaRegion", "https://identifiers.org/SBO:0000251"),
    (BIOPAX.NS + "Rna", "https://identifiers.org/SBO:0000250"),
    (BIOPAX.NS + "RnaRegion", "https://identifiers.org/SBO:0000250"),
    (BIOPAX.NS + "Protein", "https://identifiers.org/SBO:0000252"),
    (BIOPAX.NS + "SmallMolecule", "https://identifiers.org/SBO:0000247"),
    (BIOPAX.NS + "Complex", "https://identifiers.org/SBO:0000253"),
    (ENCODING.NUCLEIC_ACID, "https://identifiers.org/edam:format_1207"),
    (ENCODING.AMINO_ACID, "https://identifiers.org/edam:format_1208"),
    (ENCODING.SMILES, "https://identifiers.org/edam:format_1196"),
    (SBOL2.inline, "https://identifiers.org/SO:0001030"),
    (SBOL2.reverseComplement, "https://identifiers.org/SO:0001031"),
)
SBOL3_SPELLINGS: tuple[tuple[str, str], ...] = (
    ("http://identifiers.org/so/SO:", "https://identifiers.org/SO:"),
    ("http://identifiers.org/biomodels.sbo/SBO:", "https://identifiers.org/SBO:"),
    ("http://identifiers.org/edam/", "https://identifiers.org/edam:"),
    ("http://identifiers.org/go/GO:", "https://identifiers.org/GO:"),
    ("http://identifiers.org/chebi/CHEBI:", "https://identifiers.org/CHEBI:"),
    (SBOL2.NS, SBOL3.NS),
)

# Prefixes that design tools expect at the top of an SBOL2 document.
DOCUMENT_PREFIXES: dict[str, str] = {
    "rdf": RDF.NS,
    "dcterms": DCTERMS.NS,
    "prov": PROV.NS,
    "sbol": SBOL2.NS,
    "xsd": XSD.NS,
    "om": OM.NS,
    "synbiohub": PREFIXES["synbiohub"],
    "sbh": SBH.NS,
    "rdfs": RDFS.NS,
    "ncbi": PREFIXES["ncbi"],
    "igem": PREFIXES["igem"],
    "genbank": PREFIXES["genbank"],
    "gbconv": GBCONV.NS,
    "dc": DC.NS,
    "obo": OBO.NS,
}

# Predicates that only the server writes: an upload's values are dropped and stamped anew.
STAMPS: frozenset[Term] = frozenset({iri_term(SBH.ownedBy), iri_term(SBH.topLevel)})

# Predicates whose stored values do not make an object differ from an upload that lacks them.
SERVER_ADDED: frozenset[Term] = STAMPS | frozenset(
    iri_term(iri)
    for iri in (
        DCTERMS.created,
        DCTERMS.modified,
        OBO.OBI_0001617,
        SBOL2.attachment,
        SBH.mutableDescription,
        SBH.mutableNotes,
        SBH.mutableProvenance,
    )
)
