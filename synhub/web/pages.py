"""Pages: one template for every result, and the forms. Values reach HTML only through the autoescaping engine."""

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request

if TYPE_CHECKING:
    from synhub.web.respond import Result

_environment = Environment(
    loader=PackageLoader("synhub.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_page(request: Request, result: "Result") -> str:
    """Render a result as a page: a title, a table of the JSON rows, links."""
    value = result.value
    rows = value if isinstance(value, list) and all(isinstance(v, dict) for v in value) else None
    return _environment.get_template("result.html").render(
        title=result.title,
        user=getattr(request.state, "user", None),
        rows=rows,
        record=value if isinstance(value, dict) else None,
        body=value if isinstance(value, str) else None,
        link=getattr(request.state, "link", lambda _uri: None),
        csrf=getattr(request.state, "csrf", ""),
    )


def render_form(name: str, **values: object) -> str:
    """Render `templates/<name>.html`."""
    return _environment.get_template(name + ".html").render(**values)
