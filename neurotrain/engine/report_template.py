"""The templates of the reports: in the checkout, or in the installed package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def template_folder() -> Path:
    """Where the templates lie."""
    packaged = Path(str(resources.files("neurotrain"))) / "data" / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "templates"


def rendered(template: str, page: object) -> str:
    """The template filled from `page`; in HTML every value is escaped.

    Raises:
        jinja2.TemplateError: the template asks for what the page does not have.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(template_folder()),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(page=page)
