"""SBOL 3, in and out: the functions that others use. What they share is in the modules beside this one."""

from synhub.sbol.sbol3.conversion import Sbol3Syntax, convert_sbol3, sbol3_groups, write_sbol3

__all__ = ["Sbol3Syntax", "convert_sbol3", "sbol3_groups", "write_sbol3"]
