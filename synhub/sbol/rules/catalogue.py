"""All rules of SBOL 2.3 as data: number, gate, section, and what a rule says in words of ours.

The list is complete, with the rules that no program can check; which ones are checked is `check.IMPLEMENTED`. Knows no
document.

Source: SBOL 2.3.0, appendix A; gates as the reference library applies them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from synhub.model import Gate

_GATES: Mapping[str, Gate | None] = {
    "A": "always",
    "C": "compliant",
    "K": "complete",
    "B": "best_practice",
    "-": None,
}

# number, gate (- where no program can tell), section, what holds
_TEXT = """\
10101 A 10     An RDF/XML document declares the namespace of SBOL 2.
10105 A 10     The document can be read in the RDF syntax that it is written in.
10106 A 10     Namespaces that name classes or properties end in '/', '#' or ':'.
10201 A 7.4    Every object has an IRI of its own.
10202 A 7.4    No two objects with different contents have the same IRI.
10203 A 7.4    The persistentIdentity of an object: at most one; an IRI.
10204 A 7.4    The displayId of an object: at most one; letters, digits and _, not beginning with a digit.
10206 A 7.4    The version of an object: at most one; letters, digits, _, - and ., beginning with a digit.
10208 A 7.4    The wasDerivedFrom of an object: any number; an IRI.
10212 A 7.4    The title of an object: at most one; a text.
10213 A 7.4    The description of an object: at most one; a text.
10214 - 7.4    Annotations are what a reader takes them for.
10215 C 12.3   Every object has a displayId.
10216 C 12.3   The persistent identity of a top level ends in its displayId.
10217 C 12.3   The persistent identity of a child is that of its owner and its displayId.
10218 C 12.3   The IRI is the persistent identity, followed by the version where there is one.
10219 C 12.3   A child has the version of its owner.
10220 A 7.4    Objects with one persistent identity are of one class.
10221 A 12.8   The wasGeneratedBy of an object: any number; an IRI.
10222 K 12.8   The wasGeneratedBy of an object refers to an Activity.
10223 A 12.8   No object comes from itself by way of activities and what these used.
10224 B 12.8   What an activity of the stage design made is a top level other than an Implementation.
10225 B 12.8   What an activity of the stage build made is an Implementation.
10226 B 12.8   What an activity of the stage test made is an Attachment or a Collection of Attachments.
10227 B 12.8   What an activity of the stage learn made is no Implementation.
10228 A 7.4    An object has at most one class of SBOL, one of PROV-O and one of OM.
10302 A 7.4    A version is not derived from a later version of the same thing.
10303 A 7.4    A top level is not derived from itself.
10304 A 7.4    Top levels are not derived from each other in a circle.
10305 - 7.4    Versions that are derived from each other follow each other in time.
10306 A 7.5    The attachment of a top level: any number; an IRI.
10307 K 7.5    The attachment of a top level refers to an Attachment.
10401 A 7.6    Of the SBOL namespace, a Sequence has only its own properties.
10402 A 7.6    The elements of a Sequence: exactly one; a text.
10403 A 7.6    The encoding of a Sequence: exactly one; an IRI.
10404 - 7.6    The encoding tells how the elements are to be understood.
10405 A 7.6    The elements of a Sequence have only letters of their encoding.
10406 - 7.6    The encoding is a listed one where one of those fits.
10407 B 7.6    The encoding is a listed one: IUPAC nucleic acid, IUPAC amino acid or SMILES.
10501 A 7.7    Of the SBOL namespace, a ComponentDefinition has only its own properties.
10502 A 7.7    The type of a ComponentDefinition: one or more; an IRI.
10503 A 7.7    A ComponentDefinition is of one kind of matter only: DNA, RNA, protein, small molecule or complex.
10504 - 7.7    The types say what kind of thing is defined.
10505 - 7.7    The types hold a listed kind of matter where one of those fits.
10506 - 7.7    The types do not contradict each other.
10507 A 7.7    The role of a ComponentDefinition: any number; an IRI.
10508 - 7.7    The roles say what the thing does.
10509 - 7.7    The roles suit the types.
10510 - 7.7    The roles hold a listed term where one of those fits.
10511 B 7.7    Only DNA and RNA have roles that are sequence features of the Sequence Ontology.
10512 A 7.7    The sequence of a ComponentDefinition: any number; an IRI.
10513 K 7.7    The sequence of a ComponentDefinition refers to a Sequence.
10514 - 7.7    The sequences of a ComponentDefinition say the same.
10515 - 7.7    The encodings of its sequences do not contradict each other.
10516 B 7.7    DNA, RNA, proteins and small molecules that have sequences have one in the encoding for their kind.
10518 B 7.7    Sequences of one ComponentDefinition in one encoding are of equal length.
10519 A 7.7    The component of a ComponentDefinition: any number; nested, Component.
10520 B 7.7    Where annotations put Components, the letters are those of the definitions of these.
10521 A 7.7    The sequenceAnnotation of a ComponentDefinition: any number; nested, SequenceAnnotation.
10522 A 7.7    A Component has at most one SequenceAnnotation.
10523 B 7.7    Annotations lie within the sequence.
10524 A 7.7    The sequenceConstraint of a ComponentDefinition: any number; nested, SequenceConstraint.
10525 B 7.7    A ComponentDefinition says of what kind of matter it is: DNA, RNA, protein, small molecule or complex.
10526 A 7.7    Of the MapsTos in a ComponentDefinition that replace one Component, at most one says useRemote.
10527 B 7.7    DNA and RNA have exactly one role that is a sequence feature of the Sequence Ontology.
10528 B 7.7    DNA and RNA have at most one type that is a topology of the Sequence Ontology.
10529 B 7.7    Only DNA and RNA have types that are topologies or strands of the Sequence Ontology.
10602 A 7.7.1  The definition of a Component or FunctionalComponent: exactly one; an IRI.
10603 A 7.7.1  A ComponentDefinition is not the definition of its own Component.
10604 K 7.7.1  The definition of a Component or FunctionalComponent refers to a ComponentDefinition.
10605 A 7.7.1  ComponentDefinitions do not contain each other in a circle.
10606 A 7.7.1  The mapsTo of a Component or FunctionalComponent: any number; nested, MapsTo.
10607 A 7.7.1  The access of a Component or FunctionalComponent: exactly one; one of public, private.
10608 A 7.7.1  The measure of a Component or FunctionalComponent: any number; nested, Measure.
10701 A 7.7.1  Of the SBOL namespace, a Component has only its own properties.
10702 A 7.7.2  The role of a Component: any number; an IRI.
10703 - 7.7.2  The roles of a Component say what it does.
10704 - 7.7.2  The roles of a Component suit the types of its definition.
10705 A 7.7.2  The roles of a Component hold a listed term where one of those fits; which one does is for people to say.
10706 B 7.7.2  Only Components of DNA and RNA have roles that are sequence features of the Sequence Ontology.
10707 B 7.7.2  A Component of DNA or RNA has at most one role that is a sequence feature of the Sequence Ontology.
10708 A 7.7.2  The roleIntegration of a Component: at most one; one of overrideRoles, mergeRoles.
10709 A 7.7.2  A Component with roles says how they go together with those of its definition.
10710 A 7.7.2  The sourceLocation of a Component: any number; nested, Range or Cut or GenericLocation.
10711 B 7.7.2  The sourceLocations of a Component do not overlap.
10712 B 7.7.2  A Component's sourceLocations and the locations of its annotation are of equal length.
10801 A 7.7.3  Of the SBOL namespace, a MapsTo has only its own properties.
10802 A 7.7.3  The local of a MapsTo: exactly one; an IRI.
10803 A 7.7.3  In a ComponentDefinition, the local of a MapsTo is one of its Components.
10804 A 7.7.3  In a ModuleDefinition, the local of a MapsTo is one of its FunctionalComponents.
10805 A 7.7.3  The remote of a MapsTo: exactly one; an IRI.
10807 K 7.7.3  The remote of a MapsTo has public access.
10808 K 7.7.3  The remote of a component's MapsTo is a Component of that one's definition.
10809 K 7.7.3  The remote of a Module's MapsTo is a FunctionalComponent of that one's definition.
10810 A 7.7.3  The refinement of a MapsTo: exactly one; one of verifyIdentical, useLocal, useRemote, merge.
10811 K 7.7.3  Where a MapsTo says verifyIdentical, local and remote have the same definition.
10901 A 7.7.4  Of the SBOL namespace, a SequenceAnnotation has only its own properties.
10902 A 7.7.4  The location of a SequenceAnnotation: one or more; nested, Range or Cut or GenericLocation.
10903 B 7.7.4  The locations of a SequenceAnnotation do not overlap.
10904 A 7.7.4  The component of a SequenceAnnotation: at most one; an IRI.
10905 A 7.7.4  A SequenceAnnotation is about a Component of its own ComponentDefinition.
10906 A 7.7.4  The role of a SequenceAnnotation: any number; an IRI.
10907 - 7.7.4  The roles of a SequenceAnnotation say what the sequence does.
10908 - 7.7.4  The roles of a SequenceAnnotation hold a listed term where one of those fits.
10909 A 7.7.4  A SequenceAnnotation has a component or roles, not both.
11002 A 7.7.5  The orientation of a Location: at most one; one of inline, reverseComplement.
11003 A 7.7.5  A Location is on a sequence of the definition that it belongs to.
11101 A 7.7.5  Of the SBOL namespace, a Range has only its own properties.
11102 A 7.7.5  The start of a Range: exactly one; a whole number greater than 0.
11103 A 7.7.5  The end of a Range: exactly one; a whole number greater than 0.
11104 A 7.7.5  A Range ends where it starts or later.
11201 A 7.7.5  Of the SBOL namespace, a Cut has only its own properties.
11202 A 7.7.5  The at of a Cut: exactly one; a whole number, 0 or greater.
11301 A 7.7.5  Of the SBOL namespace, a GenericLocation has only its own properties.
11401 A 7.7.6  Of the SBOL namespace, a SequenceConstraint has only its own properties.
11402 A 7.7.6  The subject of a SequenceConstraint: exactly one; an IRI.
11403 A 7.7.6  The subject of a SequenceConstraint is a Component of the same ComponentDefinition.
11404 A 7.7.6  The object of a SequenceConstraint: exactly one; an IRI.
11405 A 7.7.6  The object of a SequenceConstraint is a Component of the same ComponentDefinition.
11406 A 7.7.6  Subject and object of a SequenceConstraint are different Components.
11407 A 7.7.6  The restriction of a SequenceConstraint: exactly one; an IRI.
11408 - 7.7.6  The restriction says how the places or strands of two Components are tied.
11409 A 7.7.6  Where the restriction is precedes, the subject lies before the object.
11410 A 7.7.6  Where the restriction is sameOrientationAs, subject and object have the same orientation.
11411 A 7.7.6  Where the restriction is oppositeOrientationAs, subject and object have opposite orientations.
11412 B 7.7.6  The restriction is a listed one.
11413 A 7.7.6  Where the restriction is differentFrom, subject and object do not name the same definition.
11414 A 7.7.6  Where the restriction is differentFrom, subject and object do not mean the same definition.
11501 A 7.8    Of the SBOL namespace, a Model has only its own properties.
11502 A 7.8    The source of a Model: exactly one; an IRI.
11503 - 7.8    The source says where the file of the Model is.
11504 A 7.8    The language of a Model: exactly one; an IRI.
11505 - 7.8    The language says what the Model is written in.
11506 - 7.8    The language is a listed one where one of those fits.
11507 B 7.8    The language of a Model is a format of EDAM.
11508 A 7.8    The framework of a Model: exactly one; an IRI.
11509 - 7.8    The framework says what kind of model it is.
11510 - 7.8    The framework is a listed one where one of those fits.
11511 B 7.8    The framework of a Model is a modelling framework of the Systems Biology Ontology.
11601 A 7.9    Of the SBOL namespace, a ModuleDefinition has only its own properties.
11602 A 7.9    The role of a ModuleDefinition: any number; an IRI.
11603 - 7.9    The roles of a ModuleDefinition say what it is for.
11604 A 7.9    The module of a ModuleDefinition: any number; nested, Module.
11605 A 7.9    The interaction of a ModuleDefinition: any number; nested, Interaction.
11606 A 7.9    The functionalComponent of a ModuleDefinition: any number; nested, FunctionalComponent.
11607 A 7.9    The model of a ModuleDefinition: any number; an IRI.
11608 K 7.9    The model of a ModuleDefinition refers to a Model.
11609 A 7.7.3  Of the MapsTos in a ModuleDefinition that replace one FunctionalComponent, at most one says useRemote.
11701 A 7.9.1  Of the SBOL namespace, a Module has only its own properties.
11702 A 7.9.1  The definition of a Module: exactly one; an IRI.
11703 K 7.9.1  The definition of a Module refers to a ModuleDefinition.
11704 A 7.9.1  A ModuleDefinition is not the definition of its own Module.
11705 A 7.9.1  ModuleDefinitions do not contain each other in a circle.
11706 A 7.9.1  The mapsTo of a Module: any number; nested, MapsTo.
11707 A 7.9.1  The measure of a Module: any number; nested, Measure.
11801 A 7.7.1  Of the SBOL namespace, a FunctionalComponent has only its own properties.
11802 A 7.9.2  The direction of a FunctionalComponent: exactly one; one of in, out, inout, none.
11901 A 7.9.3  Of the SBOL namespace, an Interaction has only its own properties.
11902 A 7.9.3  The type of an Interaction: one or more; an IRI.
11903 - 7.9.3  The types of an Interaction say what happens.
11904 - 7.9.3  The types of an Interaction do not contradict each other.
11905 B 7.9.3  An Interaction has exactly one type that is an occurring entity of the Systems Biology Ontology.
11906 A 7.9.3  The participation of an Interaction: any number; nested, Participation.
11907 B 7.9.4  The participants of an Interaction have roles that go with its type.
11908 A 7.7.1  The measure of an Interaction: any number; nested, Measure.
12001 A 7.9.4  Of the SBOL namespace, a Participation has only its own properties.
12002 A 7.9.4  The participant of a Participation: exactly one; an IRI.
12003 A 7.9.4  The participant is a FunctionalComponent of the same ModuleDefinition.
12004 A 7.9.4  The role of a Participation: one or more; an IRI.
12005 - 7.9.4  The roles of a Participation say what the participant does.
12006 - 7.9.4  The roles of a Participation do not contradict each other.
12007 B 7.9.4  A Participation has exactly one role that is a participant role of the Systems Biology Ontology.
12008 A 7.9.4  The measure of a Participation: any number; nested, Measure.
12101 A 7.10   Of the SBOL namespace, a Collection has only its own properties.
12102 A 7.10   The member of a Collection: any number; an IRI.
12103 K 7.10   The member of a Collection refers to a top level.
12201 A 7.14   The property of an annotation can be written as prefix:name.
12203 C 7.14   The value of an annotation is a text, a number, an IRI or a nested annotation.
12204 A 7.14   The class of a nested annotation can be written as prefix:name.
12205 C 7.14   A nested annotation has an IRI.
12206 C 7.14   A nested annotation has no properties of the SBOL namespace.
12301 A 7.14.2 Of the SBOL namespace, an object of a foreign class has only the properties of every top level.
12302 A 7.14.2 A generic top level has a class.
12303 A 7.14.2 No class of the SBOL namespace is made up.
12401 A 12.8.1 Of the SBOL namespace, an Activity has only its own properties.
12402 A 12.8.1 The startedAtTime of an Activity: at most one; a date and time.
12403 A 12.8.1 The endedAtTime of an Activity: at most one; a date and time.
12404 A 12.8.1 The qualifiedAssociation of an Activity: any number; nested, Association.
12405 A 12.8.1 The qualifiedUsage of an Activity: any number; nested, Usage.
12406 A 12.8.1 The wasInformedBy of an Activity: any number; an IRI.
12407 K 12.8.1 The wasInformedBy of an Activity refers to an Activity.
12408 B 12.8.1 An activity of the stage design uses nothing for build or test.
12409 B 12.8.1 An activity of the stage build uses nothing for test or learn.
12410 B 12.8.1 An activity of the stage test uses nothing for design or learn.
12411 B 12.8.1 An activity of the stage learn uses nothing for design or build.
12412 A 12.8.1 The type of an Activity: any number; an IRI.
12501 A 12.8.3 Of the SBOL namespace, a Usage has only its own properties.
12502 A 12.8.3 The entity of a Usage: exactly one; an IRI.
12503 A 12.8.3 The hadRole of a Usage: any number; an IRI.
12504 B 12.8.3 What is used for design is a top level other than an Implementation.
12505 B 12.8.3 What is used for build is an Implementation.
12506 B 12.8.3 What is used for test is an Attachment or a Collection of Attachments.
12507 B 12.8.3 What is used for learn is no Implementation.
12601 A 12.8.2 Of the SBOL namespace, an Association has only its own properties.
12602 A 12.8.2 The hadRole of an Association: any number; an IRI.
12603 A 12.8.2 The hadPlan of an Association: at most one; an IRI.
12604 K 12.8.2 The hadPlan of an Association refers to a Plan.
12605 A 12.8.2 The agent of an Association: exactly one; an IRI.
12606 K 12.8.2 The agent of an Association refers to an Agent.
12701 A 12.8.4 Of the SBOL namespace, a Plan has only its own properties.
12801 A 12.8.5 Of the SBOL namespace, an Agent has only its own properties.
12901 A 7.11   Of the SBOL namespace, a CombinatorialDerivation has only its own properties.
12902 A 7.11   The strategy of a CombinatorialDerivation is one of enumerate, sample.
12903 A 7.11   Where all designs are to be enumerated, no operator leaves the number of Components open.
12904 A 7.11   The template of a CombinatorialDerivation: exactly one; an IRI.
12905 K 7.11   The template of a CombinatorialDerivation refers to a ComponentDefinition.
12906 A 7.11   The variableComponent of a CombinatorialDerivation: any number; nested, VariableComponent.
12907 A 7.11   Each Component of the template is varied by one VariableComponent at most.
12908 K 7.11   Components of a derived design keep the SequenceConstraints of the template.
12909 B 7.11   The template has Components.
12910 B 7.11   A derived design has the types of its template.
12911 B 7.11   A derived design has the roles of its template.
12912 B 7.11   A Collection of designs of one derivation is derived from it as well.
12913 B 7.11   The members of a Collection that is derived from a derivation are derived from it as well.
12914 A 7.11   The strategy of a CombinatorialDerivation: at most one; an IRI.
13001 A 7.11.1 Of the SBOL namespace, a VariableComponent has only its own properties.
13002 A 7.11.1 The operator of a VariableComponent: exactly one; an IRI.
13003 A 7.11.1 The operator of a VariableComponent is one of zeroOrOne, one, zeroOrMore, oneOrMore.
13004 A 7.11.1 The variable of a VariableComponent: exactly one; an IRI.
13005 K 7.11.1 The variable is a Component of the template.
13006 B 7.11.1 A VariableComponent names variants, collections of them, or derivations.
13007 A 7.11.1 The variant of a VariableComponent: any number; an IRI.
13008 K 7.11.1 The variant of a VariableComponent refers to a ComponentDefinition.
13009 A 7.11.1 The variantCollection of a VariableComponent: any number; an IRI.
13010 K 7.11.1 The variantCollection of a VariableComponent refers to a Collection.
13011 K 7.11.1 A collection of variants is not empty.
13012 K 7.11.1 A collection of variants has only ComponentDefinitions as members.
13013 A 7.11.1 The variantDerivation of a VariableComponent: any number; an IRI.
13014 K 7.11.1 The variantDerivation of a VariableComponent refers to a CombinatorialDerivation.
13015 A 7.11.1 CombinatorialDerivations are not variants of each other in a circle.
13016 K 7.11.1 What takes the place of a varied Component is one of its variants.
13017 K 7.11.1 What takes the place of a Component that is not varied has the same definition.
13018 B 7.11.1 A derived Component has the roles of the Component in the template.
13019 B 7.11.1 Where the operator is zeroOrOne, a derived design has at most one Component for the variable.
13020 B 7.11.1 Where the operator is one, a derived design has exactly one Component for the variable.
13021 B 7.11.1 Where the operator is oneOrMore, a derived design has at least one Component for the variable.
13022 B 7.11.1 A derived design has exactly one Component for each Component of the template that is not varied.
13101 A 7.12   Of the SBOL namespace, an Implementation has only its own properties.
13102 A 7.12   The built of an Implementation: at most one; an IRI.
13103 K 7.12   The built of an Implementation refers to a ComponentDefinition or ModuleDefinition.
13201 A 7.13   Of the SBOL namespace, an Attachment has only its own properties.
13202 A 7.13   The source of an Attachment: exactly one; an IRI.
13203 - 7.13   The source says where the file of the Attachment is.
13204 A 7.13   The format of an Attachment: at most one; an IRI.
13205 - 7.13   The format says what kind of file it is.
13206 B 7.13   The format of an Attachment is a format of EDAM.
13207 A 7.13   The size of an Attachment: at most one; a whole number, 0 or greater.
13208 A 7.13   The hash of an Attachment: at most one; a text.
13301 A 7.14   Of the SBOL namespace, an ExperimentalData has only its own properties.
13401 A 7.15   Of the SBOL namespace, an Experiment has only its own properties.
13402 A 7.15   The experimentalData of an Experiment: any number; an IRI.
13404 K 7.15   The experimentalData of an Experiment refers to an ExperimentalData.
13501 A 13.2.1 Of the SBOL namespace, a Measure has only its own properties.
13502 A 13.2.1 The hasNumericalValue of a Measure: exactly one; a number.
13503 A 13.2.1 The hasUnit of a Measure: exactly one; an IRI.
13504 A 13.2.1 The type of a Measure: any number; an IRI.
13505 B 13.2.1 Exactly one type of a Measure is a systems description parameter of the Systems Biology Ontology.
13506 A 13.2.1 The hasUnit of a Measure refers to a unit of measure.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule. `gate` is None where only people can tell; a reference to an object of a wrong class is an error, and
    of the gate `always`, where the entry says `complete`.
    """

    id: str
    gate: Gate | None
    section: str
    wording: str


def _entry(line: str) -> Entry:
    number, gate, section, wording = line.split(maxsplit=3)
    return Entry(f"sbol-{number}", _GATES[gate], section, wording)


CATALOGUE: Mapping[str, Entry] = {entry.id: entry for entry in map(_entry, _TEXT.splitlines())}

# Seen where others look: in the bytes, or when a document is put in order before the rules are asked.
IN_BYTES = frozenset({"sbol-10101", "sbol-10105", "sbol-10106", "sbol-10201", "sbol-10202"})
IN_STRUCTURE = frozenset({"sbol-10228", "sbol-12302", "sbol-12303"})
