"""The interactive figures of the course in a notebook, as anywidgets, which are ipywidgets.

A figure is a module of JavaScript in this folder; the pages of the course use the same. In the students' wheel the
folder is the package bptt_figures, which needs the extra `figures`.
"""

import base64
import re
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'(?<=from ")\./([\w-]+\.js)(?=")')
OPEN = """import figure from "{module}";
export default {{ render({{ model, el }}) {{
  el.classList.add("interactive-figure");
  return figure.render({{ model, el }});
}} }};
"""


def widget(module, **state):
    """The interactive figure of that module as a widget; each setting of its state is a trait of the same name.

    Raises ImportError where anywidget is not installed.
    """
    import anywidget
    import traitlets

    traits = {name: traitlets.Any().tag(sync=True) for name in state}
    figure = type("Figure", (anywidget.AnyWidget,), {"_esm": source(module), "_css": style(), **traits})
    return figure(**state)


def source(module):
    """The module and all that it imports, as the text of one: a notebook has no folder to import from."""
    return OPEN.format(module=as_address(f"{module}.js"))


def style():
    return (FOLDER / "interactive.css").read_text(encoding="utf-8")


def as_address(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    whole = IMPORT.sub(lambda found: as_address(found[1]), text)
    return "data:text/javascript;base64," + base64.b64encode(whole.encode()).decode()
