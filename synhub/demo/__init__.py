"""The demo collection that `synhub serve --demo` holds: what is submitted and under which name.

Only gives the files out; submitting them, once, into the public graph is app.py's part. Where the facts
about the parts come from is written in fixtures/demo/SOURCE.md.
"""

from importlib.resources import files

COLLECTION_ID = "demo"
VERSION = "1"
NAME = "Demo parts"
DESCRIPTION = "Promoters, ribosome binding sites, a reporter, terminators and the devices built of them"


def demo_files() -> list[tuple[str, bytes]]:
    """Return (file name, bytes) of the SBOL2 documents to submit."""
    folder = files("synhub.demo")
    return [(name, folder.joinpath(name).read_bytes()) for name in ("demo.xml",)]
