"""The interactive figures of the course in a notebook, as anywidgets, which are ipywidgets.

A figure is a module of JavaScript in this folder; the pages of the course use the same. In the students' wheel the
folder is the package bptt_figures, which needs the extra `figures`.
"""

import re
from pathlib import Path
from urllib.parse import quote

# The settings of the worked example of the chapter "Two steps by hand".
TWO_STEP = {"u": 0.5, "w": -0.8, "k": 0.1, "x_0": 1.0, "x_1": 2.0, "s_init": 0.4, "func": "tanh", "forget": False}
TWO_STEP |= {"v": [1.2, -0.7], "y": [1.0, 0.0]}

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'(?<=from ")\./([\w-]+\.js)(?=")')
OPEN = """import figure from "{module}";
export default {{ render({{ model, el }}) {{
  el.classList.add("interactive-figure");
  return figure.render({{ model, el }});
}} }};
"""


def two_step(**settings):
    """The two-step network, whose numbers can be changed, as a widget; it begins with the worked example.

    `settings` are other numbers to begin with: u, w, k, x_0, x_1, s_init, func, v, y. Raises ImportError where
    anywidget is not installed, TypeError for a setting that it does not have. Source: the chapter "Two steps by hand",
    fig. two-step-play.
    """
    if unknown := set(settings) - set(TWO_STEP):
        raise TypeError(f"the figure has no setting {sorted(unknown)}, only {sorted(TWO_STEP)}")
    return widget("two-step", **(TWO_STEP | settings))


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
    """The module of that file, and all that it imports, as an address that browsers can import."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    whole = IMPORT.sub(lambda found: as_address(found[1]), text)
    return "data:text/javascript;charset=utf-8," + quote(whole, safe=" ;,/?:@&=+$!'()*-._~{}[]<>|^`")
