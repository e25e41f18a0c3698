"""Every error that synhub raises on purpose. Knows no HTTP: web/respond.py maps classes to statuses.

SynhubError                 a message for the caller: what was wrong, with the value, and what is allowed
├─ BadRequest               the request cannot be served as it stands
│  ├─ FieldErrors           several form fields, all at once
│  ├─ InvalidDesign         read, but breaks rules; carries the findings
│  ├─ InvalidQuery          a search path or SPARQL text; carries a position
│  ├─ InvalidIri            not an absolute IRI
│  └─ Conflict              what is stored forbids it ("already in use")
├─ NotAuthenticated         log in first
├─ Forbidden                logged in, yet not allowed
├─ NotFound                 absent, or not to be seen by this caller
├─ Moved                    published: to be found under another IRI
├─ UnsupportedMediaType     a body of a kind that is not read here
├─ NotAcceptable            there is no form of it that the caller takes
├─ OutOfRange               a part was asked for that is not there
├─ NotOffered               this instance has no means for it
├─ Unwritable               the format asked for has no words for any of it
├─ TooLarge                 a limit was hit; the message names it
├─ TooMany                  slow down
├─ DiskFull                 no room; nothing was lost
├─ DataInUse                another process has the data folder open
├─ StoreUnavailable         the triple store does not answer
├─ QueryTimeout             a query ran into its deadline
├─ Stopping                 the server is going down
└─ Inconsistent             a promise of synhub itself is broken; the message stays in the log
"""

from collections.abc import Sequence
from typing import Any


class SynhubError(Exception):
    """Root of the tree; `message` is meant for the caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequest(SynhubError):
    pass


class FieldErrors(BadRequest):
    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("\n".join(messages))
        self.messages = list(messages)


class InvalidDesign(BadRequest):
    """`findings` are plain dictionaries: rule, severity, subject, message; `files` say what each file was taken for."""

    def __init__(
        self, message: str, findings: Sequence[dict[str, Any]] = (), files: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__(message)
        self.findings = list(findings)
        self.files = list(files)


class InvalidQuery(BadRequest):
    """`line` and `column` count from 1; for a search path `column` counts in the decoded text and line is 1."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class InvalidIri(BadRequest):
    pass


class Conflict(BadRequest):
    pass


class NotAuthenticated(SynhubError):
    def __init__(self, message: str = "Login required") -> None:
        super().__init__(message)


class Forbidden(SynhubError):
    pass


class NotFound(SynhubError):
    pass


class Moved(SynhubError):
    """`iri` is where the object is now."""

    def __init__(self, old: str, iri: str) -> None:
        super().__init__(f"{old} has been made public as {iri}")
        self.iri = iri


class UnsupportedMediaType(SynhubError):
    pass


class NotAcceptable(SynhubError):
    pass


class OutOfRange(SynhubError):
    pass


class NotOffered(SynhubError):
    """Another instance may have the means: the message says what is missing."""


class Unwritable(SynhubError):
    """Raised before the first byte of a document that would hold nothing; says what is missing and why."""


class TooLarge(SynhubError):
    pass


class TooMany(SynhubError):
    """`retry_after_s` says when to come back."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DiskFull(SynhubError):
    pass


class DataInUse(SynhubError):
    """The commands that need the folder for themselves exit with 2."""


class StoreUnavailable(SynhubError):
    pass


class QueryTimeout(SynhubError):
    pass


class Stopping(SynhubError):
    pass


class Inconsistent(SynhubError):
    pass
