"""What every reader of an uploaded file takes and gives, whatever its format. Values only.

A reader is a function `(data, options) -> Reading`. It gets the bytes of one file and returns SBOL 2 triples as
`sbol.graph` wants them: literals as the engine stores them, no blank nodes, distinct, in document order. A file that
cannot be read raises InvalidDesign with findings that say where and what to do; a limit raises TooLarge and names it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from synhub.model import Finding
from synhub.rdf import Triple

# Where objects of files that know no IRIs are placed: `<NAMESPACE><displayId>/<version>`. Minting moves them. RFC 2606
# keeps `.invalid` free, so nothing of anybody's can lie there.
NAMESPACE = "http://upload.invalid/"


@dataclass(frozen=True, slots=True)
class Options:
    """`name` is what the client calls the file, path included. `namespace` ends in `/`. `sequence_only` makes no
    ComponentDefinition of a record of FASTA.
    """

    name: str = ""
    namespace: str = NAMESPACE
    sequence_only: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """`format` says in words what the file was taken for, such as `SBOL 3 (Turtle)` or `FASTA (protein)`."""

    format: str
    triples: list[Triple]
    findings: list[Finding] = field(default_factory=list)


Reader = Callable[[bytes, Options], Reading]
