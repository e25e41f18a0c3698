"""What every test shares: no network but loopback, and where corpus and recordings are."""

import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import argon2
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"

# How long an example takes is the machine's affair. The rest is as hypothesis has it, which draws the same in every CI.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def _is_loopback(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    host = address[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def network_is_blocked() -> Iterator[None]:
    """Let this process connect to loopback only; a test that needs more fails and says so."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, original: Any = original) -> Any:
            if self.family != socket.AF_UNIX and not _is_loopback(address):
                raise AssertionError(f"a test tried to reach {address!r}; only loopback is allowed")
            return original(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


class _CheapHasher(argon2.PasswordHasher):
    def __init__(self, **_: Any) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True, scope="session")
def passwords_cost_little() -> Iterator[None]:
    """Hash with the least work there is: an eighth of the quick tests' time went into passwords."""
    patch = pytest.MonkeyPatch()
    patch.setattr(argon2, "PasswordHasher", _CheapHasher)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="module")
def access_log_is_left_as_it_was() -> Iterator[None]:
    """Take away what `serve` in this process has set: its handler would write every later line to a closed stream."""
    logger = logging.getLogger("synhub.access")
    handlers, propagate = [*logger.handlers], logger.propagate
    yield
    logger.handlers[:], logger.propagate = handlers, propagate


def _shared(variable: str, default: Path, what: str) -> Path:
    folder = Path(os.environ.get(variable, default))
    if not folder.is_dir():
        pytest.skip(f"{what} absent: neither ${variable} nor {default} is a folder")
    return folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of real design files; skips where there is none."""
    return _shared("SYNHUB_CORPUS", ROOT.parent / "shared" / "corpus", "corpus")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of recorded answers of a SynBioHub; skips where there is none."""
    return _shared("SYNHUB_RECORDINGS", ROOT.parent / "shared" / "reference" / "recordings", "recordings")


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files of slow tests before they are compiled and imported, which takes every worker seconds."""
    if config.option.markexpr == "not slow" and collection_path.suffix == ".py":
        return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text() or None
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With TEST_ENGINE, leave out what is about the embedded engine, or about what an engine has no means for."""
    engine = os.environ.get("TEST_ENGINE")
    for item in items:
        name = item.name.partition("[")[0]
        reason = _EMBEDDED_ONLY.get(item.path.name)
        if engine == "virtuoso":
            reason = reason or _NOT_ON_VIRTUOSO.get(item.path.name) or _NOT_ON_VIRTUOSO.get(name)
        if engine and reason:
            item.add_marker(pytest.mark.skip(f"{reason}: see docs/engines.md"))


_EMBEDDED = "about the embedded engine"
_EMBEDDED_ONLY = {
    "test_app.py": _EMBEDDED,  # and its folder in the data folder
    "test_backup.py": _EMBEDDED,
    "test_store_snapshots.py": _EMBEDDED,
    "test_injection.py": _EMBEDDED,
}
_NOT_ON_VIRTUOSO = {
    "test_web_sparql.py": "it offers no SPARQL",
    "test_fields_of_a_link_may_be_as_long_as_they_are_allowed_to": "it keeps no IRI of more than 1 800 bytes",
}
