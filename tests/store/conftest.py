"""What several files about the store begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from writer_parts import Parts, open_parts


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    opened = open_parts(tmp_path / "data")
    yield opened
    opened.close()
