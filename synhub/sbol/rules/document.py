"""Rules that minting relies on (interface first)."""

from synhub.model import Finding
from synhub.sbol.graph import Document
from synhub.sbol.xml import Prescan


def check_document(document: Document, prescan: Prescan) -> list[Finding]:
    """The findings of the pre-scan, then those of the graph."""
    raise NotImplementedError
