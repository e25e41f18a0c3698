"""What a user name, an e-mail address and a full name may be, with the classic texts. Pure.

Source: SynBioHub `POST /register`, whose texts and order clients know.
"""

import re

from synhub.errors import BadRequest
from synhub.identity import USER_NAME

NO_NAME = "Please enter your name"
BAD_USERNAME = "Please enter a valid username"
BAD_EMAIL = "Please enter a valid e-mail address"
NO_PASSWORD = "Please enter a password"  # noqa: S105 - a message
PASSWORDS_DIFFER = "Passwords do not match"
IN_USE = "Error: E-mail address or username already in use"

LONGEST_USERNAME = 64
LONGEST_EMAIL = 254  # RFC 5321, section 4.5.3.1.3
LONGEST_LINE = 1000

# These lines are written into RDF/XML, where such characters cannot stand.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

# No blanks, quotes, brackets: the address also stands for the user name in graph IRIs that clients send.
_NOT_IN_EMAIL = r"\s@\"<>\\^`{|}(),;:\[\]\x00-\x1f\x7f\ud800-\udfff"
_EMAIL = re.compile(rf"[^{_NOT_IN_EMAIL}]+@[^{_NOT_IN_EMAIL}/.]+(\.[^{_NOT_IN_EMAIL}/.]+)*\Z")


def check_username(username: str) -> None:
    """Raises BadRequest unless it is ASCII letters and digits: it becomes a segment of IRIs."""
    if USER_NAME.match(username) is None or len(username) > LONGEST_USERNAME:
        raise BadRequest(BAD_USERNAME)


def check_email(email: str) -> None:
    """Raises BadRequest."""
    if len(email) > LONGEST_EMAIL or _EMAIL.match(email) is None:
        raise BadRequest(BAD_EMAIL)


def check_line(what: str, text: str) -> None:
    """Check a line of free text. Raises BadRequest when it is too long or holds control characters."""
    if len(text) > LONGEST_LINE:
        raise BadRequest(f"The {what} is {len(text)} characters long; at most {LONGEST_LINE} are allowed")
    if _UNWRITABLE.search(text) is not None:
        raise BadRequest(f"The {what} {text!r} holds control characters")


def check_new(name: str, username: str, email: str, password: str) -> None:
    """Check what a new account says. Raises BadRequest with the first failing rule of the classic order."""
    if not name.strip():
        raise BadRequest(NO_NAME)
    check_line("name", name)
    check_username(username)
    check_email(email)
    if not password:
        raise BadRequest(NO_PASSWORD)


def email_key(email: str) -> str:
    """What makes two addresses the same: case does not."""
    return email.casefold()
