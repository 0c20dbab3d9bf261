"""The interactive figures of the course in a notebook: anywidgets, which are ipywidgets, where anywidget is installed.

A figure is a module of JavaScript in this folder; the pages of the course use the same. In the students' wheel, the
folder is the package bptt_figures. Without anywidget a figure works as on a page, and Python cannot read what was set.
"""

import json
import re
from importlib.resources import files
from urllib.parse import quote

# The settings of the worked example of the chapter "Two steps by hand".
TWO_STEP = {"u": 0.5, "w": -0.8, "k": 0.1, "x_0": 1.0, "x_1": 2.0, "s_init": 0.4, "func": "tanh", "forget": False}
TWO_STEP |= {"v": [1.2, -0.7], "y": [1.0, 0.0]}

IMPORT = re.compile(r'(?<=from ")\./([\w-]+\.js)(?=")')
OPEN = """import figure from "{module}";
export default {{ render({{ model, el }}) {{
  el.classList.add("interactive-figure");
  return figure.render({{ model, el }});
}} }};
"""


def two_step(**settings):
    """The two-step network, whose numbers can be changed; it begins with the worked example.

    `settings` are other numbers to begin with: u, w, k, x_0, x_1, s_init, func, v, y. Raises TypeError for a setting
    that it does not have. Source: the chapter "Two steps by hand", fig. two-step-play.
    """
    if unknown := set(settings) - set(TWO_STEP):
        raise TypeError(f"the figure has no setting {sorted(unknown)}, only {sorted(TWO_STEP)}")
    return figure("two-step", **(TWO_STEP | settings))


def figure(module, **state):
    """The interactive figure of that module, for a notebook; each setting of its state is a trait of the widget."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        return AsOnAPage(module, state)
    traits = {name: traitlets.Any().tag(sync=True) for name in state}
    front_end = {"_esm": OPEN.format(module=as_address(f"{module}.js")), "_css": text("interactive.css")}
    return type("Figure", (anywidget.AnyWidget,), front_end | traits)(**state)


class AsOnAPage:
    """A figure that brings what a page of the course would load for it."""

    def __init__(self, module, state):
        self.module, self.state = module, state

    def _repr_html_(self):
        start = f"startFigures({json.dumps(self.module)}, {json.dumps(as_address(f'{self.module}.js'))});"
        script = f'<script type="module">{text("loader.js")}{start}</script>'
        return f"{box(self.module, self.state)}<style>{text('interactive.css')}</style>{script}"


def box(module, state, still="", rows=1):
    """The HTML that loader.js makes alive. Until then, `still` is seen, and there is room for `rows` of controls."""
    data = json.dumps(state, separators=(",", ":")).replace("</", r"<\/")
    return (
        f'<div class="interactive" data-module="{module}" style="--rows:{rows}">'
        f'<script type="application/json">{data}</script>{still}</div>'
    )


def as_address(name):
    """The module of that file, and all that it imports, as one address that browsers can import."""
    whole = IMPORT.sub(lambda found: as_address(found[1]), text(name))
    return "data:text/javascript;charset=utf-8," + quote(whole, safe=" ;,/?:@&=+$!'()*-._~{}[]|^`")


def text(name):
    """The text of a file of this folder, which may be in an archive."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
