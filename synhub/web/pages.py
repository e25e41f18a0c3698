"""Pages: one template for every result, and the forms. Values reach HTML only through the autoescaping engine."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request

from synhub.identity import is_version
from synhub.model import Page
from synhub.sbol.ontology import label_of

if TYPE_CHECKING:
    from synhub.web.respond import Result

_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+\Z")
_NEXT = re.compile(r'<([^>]+)>; rel="next"')


def short(iri: str) -> str:
    """What people call the thing with an IRI: its last part without the version; a term by its name.

    >>> short("http://h/user/bob/lab/pTet/1"), short("http://identifiers.org/so/SO:0000167"), short("not one")
    ('pTet', 'promoter', 'not one')
    """
    if not _WEB_ADDRESS.match(iri):
        return iri
    parts = re.split("[/#]", iri.rstrip("/#"))
    name = parts[-2] if is_version(parts[-1]) and len(parts) > 4 else parts[-1]
    return label_of(iri) or name


def term(iri: str) -> str:
    """A term of an ontology by its short name, any other address as it is."""
    return short(iri) if "#" in iri or "//identifiers.org/" in iri else iri


def words_of(name: str) -> str:
    """Split a name of the standard into words.

    >>> words_of("wasDerivedFrom"), words_of("ComponentDefinition"), words_of("DNA")
    ('Was derived from', 'Component definition', 'DNA')
    """
    split = "".join(f" {c.lower()}" if n and c.isupper() and name[n - 1].islower() else c for n, c in enumerate(name))
    return split[:1].upper() + split[1:]


def _is_object_row(row: Any) -> bool:
    return isinstance(row, dict) and {"uri", "displayId", "name"} <= row.keys()


_environment = Environment(
    loader=PackageLoader("synhub.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"short": short, "term": term, "words": words_of}
_environment.tests |= {"object_row": _is_object_row, "web_address": lambda text: bool(_WEB_ADDRESS.match(text))}


def render_page(request: Request, result: "Result") -> str:
    """Render a result as a page: a title, a list of objects or a table of the JSON rows, links."""
    value = result.value
    rows = value if isinstance(value, list) and all(isinstance(v, dict) for v in value) else None
    following = _NEXT.search(result.headers.get("Link", ""))
    return _environment.get_template("result.html").render(
        title=result.title,
        user=getattr(request.state, "user", None),
        rows=rows,
        record=value if isinstance(value, dict) else None,
        body=value if isinstance(value, str) and value != result.title else None,
        searched=getattr(request.state, "searched", ""),
        link=getattr(request.state, "link", lambda _uri: None),
        csrf=getattr(request.state, "csrf", ""),
        next=following[1] if following else None,
        previous=None,
    )


def render_form(name: str, **values: object) -> str:
    """Render `templates/<name>.html`."""
    return _environment.get_template(name + ".html").render(**values)


def turned(request: Request, **changed: object) -> str:
    """Return the address of the same page with other parameters, or, where they are None, without them."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    return "?" + urlencode([*kept, *((name, value) for name, value in changed.items() if value is not None)])


def pager(request: Request, page: Page) -> dict[str, str | None]:
    """Return the addresses of the `previous` and the `next` part of a list, None where there is none."""
    end = page.offset + len(page.hits)
    return {
        "previous": turned(request, offset=max(0, page.offset - page.limit)) if page.offset else None,
        "next": turned(request, offset=end) if page.hits and end < page.total else None,
    }
