"""The one table of SBOL 2.3 classes and properties.

It says, per class, which properties there are, how many values each may have, and whether a value is a child
(owned: it lives and dies with its owner and is nested in it), a reference to another object, a plain IRI, or
a literal. Ownership belongs to the pair (class, property): `sbol:component` owns on a ComponentDefinition and
refers on a SequenceAnnotation. Data and look-ups only: nothing here reads a document.

Source: SBOL 2.3.0, sections 7.4-7.15 (classes), 13.1 (PROV-O), 13.2 (measures), appendix A (rule numbers).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from synhub.rdf import Iri, Term, iri_term
from synhub.vocab import DCTERMS, OM, PROV, RDFS, SBOL2

Kind = Literal["child", "reference", "literal", "iri"]
Datatype = Literal["string", "display_id", "version", "positive", "natural", "float", "date_time"]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of one class.

    `targets` are the classes a child or a referenced object may have; empty means any object. `max` None is
    unbounded. `datatype` is the form that a literal's text must have, whatever datatype it is labelled with: tools
    write plain strings for numbers. `values` are the only values allowed, where the specification lists them.
    `rule` is the number that states presence and kind of value, `target_rule` the one that states what the value
    must refer to, `values_rule` the one that lists the values; '' where the specification gives none.
    """

    iri: Iri
    kind: Kind
    min: int = 0
    max: int | None = 1
    targets: tuple[Iri, ...] = ()
    rule: str = ""
    target_rule: str = ""
    datatype: Datatype | None = None
    values: tuple[Iri, ...] = ()
    values_rule: str = ""


@dataclass(frozen=True, slots=True)
class SbolClass:
    """One class with all its properties, inherited ones first, in the order in which they are written.

    `rule` is the number that forbids other properties of the namespaces that this table knows; '' for none.
    """

    iri: Iri
    top_level: bool
    properties: tuple[Property, ...]
    rule: str = ""


def _sbol(name: str) -> Iri:
    return Iri(SBOL2.NS + name)


def _prov(name: str) -> Iri:
    return Iri(PROV.NS + name)


def _om(name: str) -> Iri:
    return Iri(OM.NS + name)


_LOCATIONS = (_sbol("Range"), _sbol("Cut"), _sbol("GenericLocation"))
UNIT_CLASSES = tuple(
    _om(name) for name in ("SingularUnit", "UnitMultiplication", "UnitDivision", "UnitExponentiation", "PrefixedUnit")
)
_PREFIXES = (_om("SIPrefix"), _om("BinaryPrefix"))
_DEFINITION = (_sbol("ComponentDefinition"),)
_COMPONENT = (_sbol("Component"),)
_FUNCTIONAL = (_sbol("FunctionalComponent"),)
_INSTANCE = _COMPONENT + _FUNCTIONAL


def _children(name: str, targets: tuple[Iri, ...], rule: str, low: int = 0) -> Property:
    return Property(_sbol(name), "child", low, None, targets, rule)


def _reference(
    iri: Iri, targets: tuple[Iri, ...], rule: str, target_rule: str = "", low: int = 0, high: int | None = 1
) -> Property:
    return Property(iri, "reference", low, high, targets, rule, target_rule)


def _iri(name: str, rule: str, low: int = 0, high: int | None = 1) -> Property:
    return Property(_sbol(name), "iri", low, high, (), rule)


def _one_of(name: str, rule: str, values: str, low: int = 0, values_rule: str = "") -> Property:
    """A property whose values are terms of the SBOL namespace, listed in one of the specification's tables."""
    terms = tuple(map(_sbol, values.split()))
    return Property(_sbol(name), "iri", low, 1, (), rule, values=terms, values_rule=values_rule or rule)


def _literal(iri: Iri, rule: str, low: int = 0, high: int | None = 1, datatype: Datatype | None = "string") -> Property:
    return Property(iri, "literal", low, high, (), rule, datatype=datatype)


def _measure(rule: str) -> Property:
    return Property(_sbol("measure"), "child", 0, None, (_om("Measure"),), rule)


_IDENTIFIED = (
    Property(SBOL2.persistentIdentity, "iri", 0, 1, (), "sbol-10203"),
    _literal(SBOL2.displayId, "sbol-10204", datatype="display_id"),
    _literal(SBOL2.version, "sbol-10206", datatype="version"),
    _reference(PROV.wasDerivedFrom, (), "sbol-10208", high=None),
    _reference(PROV.wasGeneratedBy, (PROV.Activity,), "sbol-10221", "sbol-10222", high=None),
    _literal(DCTERMS.title, "sbol-10212"),
    _literal(DCTERMS.description, "sbol-10213"),
)
_TOP_LEVEL = (
    *_IDENTIFIED,
    _reference(SBOL2.attachment, (SBOL2.Attachment,), "sbol-10306", "sbol-10307", high=None),
)
_COMPONENT_INSTANCE = (
    _reference(_sbol("definition"), _DEFINITION, "sbol-10602", "sbol-10604", low=1),
    _one_of("access", "sbol-10607", "public private", low=1),
    _children("mapsTo", (_sbol("MapsTo"),), "sbol-10606"),
    _measure("sbol-10608"),
)
_LOCATION = (
    _reference(SBOL2.sequence, (SBOL2.Sequence,), "sbol-11003", "sbol-11003"),
    _one_of("orientation", "sbol-11002", "inline reverseComplement"),
)
_UNIT = (
    _literal(_om("symbol"), "", low=1),
    _literal(_om("alternativeSymbol"), "", high=None),
    _literal(Iri(RDFS.NS + "label"), "", low=1),
    _literal(_om("alternativeLabel"), "", high=None),
    _literal(Iri(RDFS.NS + "comment"), ""),
    _literal(_om("longcomment"), ""),
)


def _unit(name: str, low: int = 1) -> Property:
    return _reference(_om(name), UNIT_CLASSES, "", low=low)


_OWN_TOP_LEVEL: dict[Iri, tuple[Property, ...]] = {
    SBOL2.Collection: (_reference(SBOL2.member, (), "sbol-12102", "sbol-12103", high=None),),
    SBOL2.ComponentDefinition: (
        _iri("type", "sbol-10502", low=1, high=None),
        _iri("role", "sbol-10507", high=None),
        _children("component", _COMPONENT, "sbol-10519"),
        _children("sequenceAnnotation", (_sbol("SequenceAnnotation"),), "sbol-10521"),
        _children("sequenceConstraint", (_sbol("SequenceConstraint"),), "sbol-10524"),
        _reference(SBOL2.sequence, (SBOL2.Sequence,), "sbol-10512", "sbol-10513", high=None),
    ),
    SBOL2.Sequence: (
        _literal(SBOL2.elements, "sbol-10402", low=1),
        _iri("encoding", "sbol-10403", low=1),
    ),
    _sbol("ModuleDefinition"): (
        _iri("role", "sbol-11602", high=None),
        _children("module", (_sbol("Module"),), "sbol-11604"),
        _children("functionalComponent", _FUNCTIONAL, "sbol-11606"),
        _children("interaction", (_sbol("Interaction"),), "sbol-11605"),
        _reference(_sbol("model"), (_sbol("Model"),), "sbol-11607", "sbol-11608", high=None),
    ),
    _sbol("Model"): (
        _reference(SBOL2.source, (), "sbol-11502", low=1),  # a file's IRI, or an Attachment's
        _iri("language", "sbol-11504", low=1),
        _iri("framework", "sbol-11508", low=1),
    ),
    SBOL2.Attachment: (
        _reference(SBOL2.source, (), "sbol-13202", low=1),
        _iri("format", "sbol-13204"),
        _literal(SBOL2.size, "sbol-13207", datatype="natural"),
        _literal(SBOL2.hash, "sbol-13208"),
    ),
    _sbol("CombinatorialDerivation"): (
        _reference(_sbol("template"), _DEFINITION, "sbol-12904", "sbol-12905", low=1),
        _children("variableComponent", (_sbol("VariableComponent"),), "sbol-12906"),
        _one_of("strategy", "sbol-12914", "enumerate sample", values_rule="sbol-12902"),
    ),
    _sbol("Implementation"): (
        _reference(_sbol("built"), (*_DEFINITION, _sbol("ModuleDefinition")), "sbol-13102", "sbol-13103"),
    ),
    _sbol("ExperimentalData"): (),
    _sbol("Experiment"): (
        _reference(_sbol("experimentalData"), (_sbol("ExperimentalData"),), "sbol-13402", "sbol-13404", high=None),
    ),
    PROV.Activity: (
        _iri("type", "sbol-12412", high=None),
        _literal(_prov("startedAtTime"), "sbol-12402", datatype="date_time"),
        _literal(_prov("endedAtTime"), "sbol-12403", datatype="date_time"),
        Property(_prov("qualifiedAssociation"), "child", 0, None, (PROV.Association,), "sbol-12404"),
        Property(_prov("qualifiedUsage"), "child", 0, None, (PROV.Usage,), "sbol-12405"),
        _reference(_prov("wasInformedBy"), (PROV.Activity,), "sbol-12406", "sbol-12407", high=None),
    ),
    PROV.Agent: (),
    PROV.Plan: (),
    _om("SingularUnit"): (*_UNIT, _unit("hasUnit", low=0), _literal(_om("hasFactor"), "")),
    _om("UnitMultiplication"): (*_UNIT, _unit("hasTerm1"), _unit("hasTerm2")),
    _om("UnitDivision"): (*_UNIT, _unit("hasNumerator"), _unit("hasDenominator")),
    _om("UnitExponentiation"): (*_UNIT, _unit("hasBase"), _literal(_om("hasExponent"), "", low=1)),
    _om("PrefixedUnit"): (*_UNIT, _unit("hasUnit"), _reference(_om("hasPrefix"), _PREFIXES, "", low=1)),
    _om("SIPrefix"): (*_UNIT, _literal(_om("hasFactor"), "", low=1)),
    _om("BinaryPrefix"): (*_UNIT, _literal(_om("hasFactor"), "", low=1)),
}

_OWN_CHILD: dict[Iri, tuple[Property, ...]] = {
    _sbol("Component"): (
        *_COMPONENT_INSTANCE,
        _iri("role", "sbol-10702", high=None),
        _one_of("roleIntegration", "sbol-10708", "overrideRoles mergeRoles"),
        _children("sourceLocation", _LOCATIONS, "sbol-10710"),
    ),
    _sbol("FunctionalComponent"): (
        *_COMPONENT_INSTANCE,
        _one_of("direction", "sbol-11802", "in out inout none", low=1),
    ),
    _sbol("Module"): (
        _reference(_sbol("definition"), (_sbol("ModuleDefinition"),), "sbol-11702", "sbol-11703", low=1),
        _children("mapsTo", (_sbol("MapsTo"),), "sbol-11706"),
        _measure("sbol-11707"),
    ),
    _sbol("MapsTo"): (
        _one_of("refinement", "sbol-10810", "verifyIdentical useLocal useRemote merge", low=1),
        _reference(_sbol("local"), _INSTANCE, "sbol-10802", "sbol-10803", low=1),
        _reference(_sbol("remote"), _INSTANCE, "sbol-10805", "sbol-10808", low=1),
    ),
    _sbol("SequenceAnnotation"): (
        _children("location", _LOCATIONS, "sbol-10902", low=1),
        _reference(_sbol("component"), _COMPONENT, "sbol-10904", "sbol-10905"),
        _iri("role", "sbol-10906", high=None),
    ),
    _sbol("Range"): (
        _literal(_sbol("start"), "sbol-11102", low=1, datatype="positive"),
        _literal(_sbol("end"), "sbol-11103", low=1, datatype="positive"),
        *_LOCATION,
    ),
    _sbol("Cut"): (_literal(_sbol("at"), "sbol-11202", low=1, datatype="natural"), *_LOCATION),
    _sbol("GenericLocation"): _LOCATION,
    _sbol("SequenceConstraint"): (
        _iri("restriction", "sbol-11407", low=1),
        _reference(_sbol("subject"), _COMPONENT, "sbol-11402", "sbol-11403", low=1),
        _reference(_sbol("object"), _COMPONENT, "sbol-11404", "sbol-11405", low=1),
    ),
    _sbol("Interaction"): (
        _iri("type", "sbol-11902", low=1, high=None),
        _children("participation", (_sbol("Participation"),), "sbol-11906"),
        _measure("sbol-11908"),
    ),
    _sbol("Participation"): (
        _iri("role", "sbol-12004", low=1, high=None),
        _reference(_sbol("participant"), _FUNCTIONAL, "sbol-12002", "sbol-12003", low=1),
        _measure("sbol-12008"),
    ),
    _sbol("VariableComponent"): (
        _one_of("operator", "sbol-13002", "zeroOrOne one zeroOrMore oneOrMore", low=1, values_rule="sbol-13003"),
        _reference(_sbol("variable"), _COMPONENT, "sbol-13004", "sbol-13005", low=1),
        _reference(_sbol("variant"), _DEFINITION, "sbol-13007", "sbol-13008", high=None),
        _reference(_sbol("variantCollection"), (SBOL2.Collection,), "sbol-13009", "sbol-13010", high=None),
        _reference(
            _sbol("variantDerivation"),
            (_sbol("CombinatorialDerivation"),),
            "sbol-13013",
            "sbol-13014",
            high=None,
        ),
    ),
    PROV.Association: (
        Property(_prov("hadRole"), "iri", 0, None, (), "sbol-12602"),
        _reference(_prov("hadPlan"), (PROV.Plan,), "sbol-12603", "sbol-12604"),
        _reference(_prov("agent"), (PROV.Agent,), "sbol-12605", "sbol-12606", low=1),
    ),
    PROV.Usage: (
        Property(_prov("hadRole"), "iri", 0, None, (), "sbol-12503"),
        _reference(_prov("entity"), (), "sbol-12502", low=1),
    ),
    _om("Measure"): (
        _literal(_om("hasNumericalValue"), "sbol-13502", low=1, datatype="float"),
        _reference(_om("hasUnit"), UNIT_CLASSES, "sbol-13503", "sbol-13506", low=1),
        _iri("type", "sbol-13504", high=None),
    ),
}

_OTHER_PROPERTIES: dict[Iri, str] = {
    SBOL2.Sequence: "sbol-10401",
    SBOL2.ComponentDefinition: "sbol-10501",
    _sbol("Component"): "sbol-10701",
    _sbol("MapsTo"): "sbol-10801",
    _sbol("SequenceAnnotation"): "sbol-10901",
    _sbol("Range"): "sbol-11101",
    _sbol("Cut"): "sbol-11201",
    _sbol("GenericLocation"): "sbol-11301",
    _sbol("SequenceConstraint"): "sbol-11401",
    _sbol("Model"): "sbol-11501",
    _sbol("ModuleDefinition"): "sbol-11601",
    _sbol("Module"): "sbol-11701",
    _sbol("FunctionalComponent"): "sbol-11801",
    _sbol("Interaction"): "sbol-11901",
    _sbol("Participation"): "sbol-12001",
    SBOL2.Collection: "sbol-12101",
    PROV.Activity: "sbol-12401",
    PROV.Usage: "sbol-12501",
    PROV.Association: "sbol-12601",
    PROV.Plan: "sbol-12701",
    PROV.Agent: "sbol-12801",
    _sbol("CombinatorialDerivation"): "sbol-12901",
    _sbol("VariableComponent"): "sbol-13001",
    _sbol("Implementation"): "sbol-13101",
    SBOL2.Attachment: "sbol-13201",
    _sbol("ExperimentalData"): "sbol-13301",
    _sbol("Experiment"): "sbol-13401",
    _om("Measure"): "sbol-13501",
}
GENERIC_RULE = "sbol-12301"  # the same for generic top levels

CLASSES: Mapping[Term, SbolClass] = MappingProxyType(
    {
        iri_term(iri): SbolClass(iri, top_level, inherited + own, _OTHER_PROPERTIES.get(iri, ""))
        for classes, top_level, inherited in ((_OWN_TOP_LEVEL, True, _TOP_LEVEL), (_OWN_CHILD, False, _IDENTIFIED))
        for iri, own in classes.items()
    }
)
GENERIC_PROPERTIES: tuple[Property, ...] = _TOP_LEVEL  # of an object of no class of the table

TOP_LEVEL_CLASSES: frozenset[Term] = frozenset(term for term, c in CLASSES.items() if c.top_level)
CHILD_CLASSES: frozenset[Term] = frozenset(CLASSES) - TOP_LEVEL_CLASSES

_BY_NAME: Mapping[Term, Mapping[Term, Property]] = MappingProxyType(
    {term: MappingProxyType({iri_term(p.iri): p for p in c.properties}) for term, c in CLASSES.items()}
)
CHILD_PROPERTIES: Mapping[Term, frozenset[Term]] = MappingProxyType(
    {
        term: frozenset(name for name, p in properties.items() if p.kind == "child")
        for term, properties in _BY_NAME.items()
    }
)
_NAMES = frozenset(
    p.iri.removeprefix(SBOL2.NS) for c in CLASSES.values() for p in c.properties if p.iri.startswith(SBOL2.NS)
)


def properties_of(class_term: Term) -> Mapping[Term, Property]:
    """Return the properties of a class by their term, in the order of writing; {} for a foreign class."""
    return _BY_NAME.get(class_term, MappingProxyType({}))


def is_child_property(class_term: Term, property_term: Term) -> bool:
    """Tell whether values of the property are owned by objects of the class."""
    return property_term in CHILD_PROPERTIES.get(class_term, frozenset())


def owning_properties(class_term: Term) -> list[tuple[SbolClass, Property]]:
    """Return the (class, property) pairs that may own an object of this class; [] for a top-level class."""
    return [
        (owner, p)
        for owner in CLASSES.values()
        for p in owner.properties
        if p.kind == "child" and class_term in map(iri_term, p.targets)
    ]


def property_names() -> frozenset[str]:
    """Return the local names of all properties in the SBOL namespace, such as `role`."""
    return _NAMES
