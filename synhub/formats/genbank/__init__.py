"""GenBank flat files, in and out: the two functions that others use. What they share is in the modules beside it."""

from synhub.formats.genbank.read import read_genbank
from synhub.formats.genbank.write import write_genbank

__all__ = ["read_genbank", "write_genbank"]
