"""Settings: one frozen value, built once from one table, passed in everywhere. No singleton.

A limit is a setting when a test must change it or an administrator would.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from synhub.errors import BadRequest

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: field name, default, unit ('' for none), what it means, and the least and most that a number may be."""

    name: str
    default: Any
    unit: str
    help: str
    least: float = 0
    most: float = float("inf")


SETTINGS: tuple[Setting, ...] = (
    Setting("data", Path("synhub-data"), "", "folder that holds everything the instance knows"),
    Setting("host", "127.0.0.1", "", "address to listen on"),
    Setting("port", 7777, "", "port to listen on; 0 takes a free one", most=65535),
    Setting("uri_prefix", "", "", "base of all IRIs; fixed at the first start"),
    Setting(
        "engine",
        "oxigraph:",
        "",
        "oxigraph: (on disk), memory: (in a temporary folder, deleted at exit), or sparql+http://host:port/path",
    ),
    Setting("signup", True, "", "whether anybody may register"),
    Setting("remove_public", False, "", "whether administrators may remove what is public"),
    Setting("demo", False, "", "hold the demo collection and account"),
    Setting("upload_limit", 512 * MIB, "bytes", "largest request body of /submit", least=1),
    Setting("attachment_limit", 4096 * MIB, "bytes", "largest request body of /attach", least=1),
    Setting("body_limit", 4 * MIB, "bytes", "largest body of any other request", least=1),
    Setting("prepare_timeout", 600.0, "s", "longest time one upload may take to be read", least=0.01),
    Setting("prepare_memory", 4096 * MIB, "bytes", "address space of a child that reads an upload", least=1),
    Setting("validate_limit", 64 * MIB, "bytes", "largest request body of /validate", least=1),
    Setting("validate_timeout", 60.0, "s", "longest time one file may take to be validated", least=0.01),
    Setting("validate_memory", 2048 * MIB, "bytes", "address space of a child that validates", least=1),
    Setting("shacl_timeout", 60.0, "s", "longest time a caller's own SHACL shapes may run", least=0.01),
    Setting("query_timeout", 30.0, "s", "longest time one SPARQL query may run", least=0.01),
    Setting("query_memory", 1024 * MIB, "bytes", "address space of a child that runs a query", least=1),
    Setting("query_length", 256 * 1024, "characters", "longest SPARQL query text", least=1),
    Setting("query_nesting", 64, "levels", "deepest nesting of braces and brackets in a SPARQL query", least=1),
    Setting("query_result", 256 * MIB, "bytes", "largest result of a SPARQL query", least=1),
    Setting("download_timeout", 3600.0, "s", "longest time a large download may take", least=0.01),
    Setting("download_limit", 16 * 1024 * MIB, "bytes", "largest download", least=1),
    Setting("sequence_timeout", 10.0, "s", "longest time one sequence search may take", least=0.01),
    Setting("sequence_memory", 16_384 * MIB, "bytes", "address space of a child of the sequence index", least=1),
    Setting("query_workers", 0, "children", "child processes for queries, besides four for long ones; 0: by the cores"),
    Setting("prepare_workers", 0, "children", "child processes for uploads; 0 means one per core"),
    Setting("step_quads", 50_000, "quads", "jobs above this are applied as numbered steps", least=1),
    Setting("disk_reserve", 64 * MIB, "bytes", "room on the disk that only removing may use"),
    Setting("flush_interval", 10.0, "s", "how often the store is flushed when something was written", least=0.01),
    Setting("snapshot_age", 1.0, "s", "a snapshot older than this is replaced when the store has changed"),
    Setting("closure_limit", 10_000, "objects", "references that travel along with a download"),
    Setting("search_limit", 10_000, "rows", "largest page of a search", least=1),
    Setting("user_bytes", 20 * 1024 * MIB, "bytes", "files that one user may have kept here; 0 means no limit"),
    Setting("user_jobs", 16, "jobs", "jobs that one user may have under way; 0 means no limit"),
    Setting(
        "share_days", 365, "days", "a share link expires after this unless asked for otherwise", least=1, most=3650
    ),
    Setting("token_days", 90, "days", "an unused token expires after this", least=1),
    Setting("report_days", 90, "days", "how long job reports are kept", least=1),
    Setting("login_attempts", 10, "attempts", "failed logins per account or address before they are slowed", least=1),
    Setting("trusted_proxies", "", "", "addresses whose X-Forwarded-For is believed, comma separated"),
    Setting("request_rate", 50.0, "requests/s", "of one address; a user has four times that; 0 means no limit"),
    Setting("request_burst", 500, "requests", "as many at once", least=1),
    Setting(
        "costly_rate", 20.0, "requests/s", "queries, searches and downloads; a user has four times that; 0: no limit"
    ),
    Setting("costly_burst", 300, "requests", "as many of these at once", least=1),
    Setting("unlimited", "127.0.0.0/8,::1", "", "addresses and networks that these limits are not for"),
    Setting("access_log", True, "", "whether each request is told in one line on standard error"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    data: Path
    host: str
    port: int
    uri_prefix: str
    engine: str
    signup: bool
    remove_public: bool
    demo: bool
    upload_limit: int
    attachment_limit: int
    body_limit: int
    prepare_timeout: float
    prepare_memory: int
    validate_limit: int
    validate_timeout: float
    validate_memory: int
    shacl_timeout: float
    query_timeout: float
    query_memory: int
    query_length: int
    query_nesting: int
    query_result: int
    download_timeout: float
    download_limit: int
    sequence_timeout: float
    sequence_memory: int
    query_workers: int
    prepare_workers: int
    step_quads: int
    disk_reserve: int
    flush_interval: float
    snapshot_age: float
    closure_limit: int
    search_limit: int
    user_bytes: int
    user_jobs: int
    share_days: int
    token_days: int
    report_days: int
    login_attempts: int
    trusted_proxies: str
    request_rate: float
    request_burst: int
    costly_rate: float
    costly_burst: int
    unlimited: str
    access_log: bool


assert [s.name for s in SETTINGS] == [f.name for f in fields(Settings)]

_TRUE = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def _convert(setting: Setting, text: str) -> Any:
    try:
        if isinstance(setting.default, bool):
            return _TRUE[text.strip().lower()]
        return type(setting.default)(text)
    except (KeyError, ValueError) as error:
        kind = type(setting.default).__name__
        raise BadRequest(f"SYNHUB_{setting.name.upper()}={text!r} is not a {kind}") from error


def load_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Build the settings: defaults, then `SYNHUB_…` variables, then what the command line gave (None = not given).

    Raises BadRequest for a value of the wrong kind or an unknown `SYNHUB_` name.
    """
    environment = os.environ if environment is None else environment
    known = {f"SYNHUB_{s.name.upper()}": s for s in SETTINGS}
    values = {s.name: s.default for s in SETTINGS}
    for name, text in environment.items():
        if name in known:
            values[known[name].name] = _convert(known[name], text)
        elif name.startswith("SYNHUB_") and name not in _OTHER_VARIABLES:
            raise BadRequest(f"unknown setting {name}; known are {', '.join(sorted(known))}")
    values.update({name: value for name, value in given.items() if value is not None})
    for setting in SETTINGS:
        _check_range(setting, values[setting.name])
    return Settings(**values)


def _check_range(setting: Setting, value: Any) -> None:
    if isinstance(value, int | float) and not setting.least <= value <= setting.most:
        allowed = f"at least {setting.least:g}" + (f" and at most {setting.most:g}" if setting.most < 1e300 else "")
        raise BadRequest(f"{setting.name} is {value:g}; it must be {allowed}")


# Read elsewhere: the token of `synhub submit`, the password for `synhub import-sparql`, where tests find things.
_OTHER_VARIABLES = frozenset(
    {"SYNHUB_TOKEN", "SYNHUB_SPARQL_PASSWORD", "SYNHUB_CORPUS", "SYNHUB_RECORDINGS", "SYNHUB_TEST_SEED"}
)
