"""Fill in the templates of grading/templates/."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from rnnlib.words import LANGUAGE, say

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html.jinja"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

_environment.globals |= {"say": say, "spoken": LANGUAGE.get}


def render(name, **values):
    """The text of the template `name` with the values filled in; in HTML, what they hold is text and no markup."""
    return _environment.get_template(name).render(values)
