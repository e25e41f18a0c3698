"""`/robots.txt`: crawlers read the pages of public objects, slowly, and leave alone what costs much.

Source: RFC 9309, section 2.2 (rules, of which the longest that matches counts); Crawl-delay, which many obey, is in no
standard.
"""

from starlette.requests import Request

from synhub.formats.representations import VERBS
from synhub.web.respond import Result, text

_DELAY_S = 5
_CLOSED = (
    "/search", "/searchCount", "/remoteSearch", "/advancedSearch", "/sequenceSearch", "/sbsearch", "/facets",
    "/autocomplete", "/sparql", "/sequence/", "/user/", "/jobs/", "/validate", "/login", "/register", "/profile",
)  # fmt: skip
_CLOSED_VERBS = (*VERBS, "download", "metadata", "members", "subCollections", "uses", "twins", "similar", "icon")


def robots_text() -> str:
    lines = ["User-agent: *", f"Crawl-delay: {_DELAY_S}"]
    lines += [f"Disallow: {path}" for path in _CLOSED]
    lines += [f"Disallow: /public/*/{verb}$" for verb in _CLOSED_VERBS]
    lines += ["Disallow: /public/*Count$", "Disallow: /public/*?", "Allow: /public/"]
    return "\n".join(lines) + "\n"


async def robots(request: Request) -> Result:
    """What crawlers may read."""
    return text(robots_text())
