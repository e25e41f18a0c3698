"""What the headers of a request say that it likes best: lists of names with qualities. Pure; knows no request.

A quality that is none counts as 0. `.2`, which Java sends, is one.

Source: RFC 9110, sections 12.4.2 (qualities), 12.5.1 (Accept) and 12.5.3 (Accept-Encoding).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_QUALITY = re.compile(r"(0\.?|0?\.\d+|1(\.0*)?)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Preference:
    """One item of a list, in small letters: a coding, or a range of media types, which may name a `profile`."""

    name: str
    quality: float
    position: int
    profile: str = ""

    def matches(self, media_type: str) -> int:
        """Return how closely: 0 not at all, 1 `*/*`, 2 `text/*`, 3 exactly."""
        if self.name == media_type:
            return 3
        kind, _, subtype = self.name.partition("/")
        if subtype != "*":
            return 0
        return 2 if kind == media_type.partition("/")[0] else int(kind == "*")


def parse_preferences(header: str | None) -> list[Preference]:
    """Read an Accept or Accept-Encoding header, or any of that form; there is no header that cannot be read."""
    found: list[Preference] = []
    for position, item in enumerate(_split(header or "", ",")):
        name, *rest = [text.strip() for text in _split(item, ";")]
        parameters = {key.strip().lower(): value.strip() for key, _, value in (text.partition("=") for text in rest)}
        given = parameters.get("q", "1")
        if name:
            quality = float(given) if _QUALITY.match(given) else 0.0
            found.append(Preference(name.lower(), quality, position, parameters.get("profile", "").strip('"')))
    return found


def preferred(accept: str | None, offers: Iterable[str]) -> str:
    """Return the media type that an Accept header prefers, the first one offered when it likes none.

    Between equals an exact name beats a wildcard, and then the order in the header counts.
    """
    preferences = parse_preferences(accept)
    offers = tuple(offers)
    best, best_rank = offers[0], (0.0, 0, 0)
    for media_type in offers:
        closest = max(preferences, key=lambda p: (p.matches(media_type), -p.position), default=None)
        if closest is None or not (match := closest.matches(media_type)):
            continue
        rank = (closest.quality, match, -closest.position)
        if closest.quality > 0 and rank > best_rank:
            best, best_rank = media_type, rank
    return best


def is_refused(preferences: Iterable[Preference], media_type: str) -> bool:
    """Say whether what says most about a media type gives it the quality 0."""
    closest = max(preferences, key=lambda p: (p.matches(media_type), p.quality), default=None)
    return closest is not None and closest.quality == 0 and closest.matches(media_type) > 0


def _split(text: str, separator: str) -> list[str]:
    """Split at separators that stand outside quotes."""
    parts = [""]
    quoted = escaped = False
    for c in text:
        if c == separator and not quoted:
            parts.append("")
            continue
        parts[-1] += c
        if c == '"' and not escaped:
            quoted = not quoted
        escaped = c == "\\" and quoted and not escaped
    return parts
