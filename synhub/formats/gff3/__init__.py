"""GFF3, in and out: the two functions that others use. What they share is in the modules beside it."""

from synhub.formats.gff3.read import read_gff3
from synhub.formats.gff3.write import write_gff3

__all__ = ["read_gff3", "write_gff3"]
