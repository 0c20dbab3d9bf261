"""Pictures of the course in one style, drawn by matplotlib, as SVG that follows the page's light or dark colours.

Each has an alternative text. The function that draws a picture writes it, from the numbers that it draws; it takes it
as `alt` where only the chapter knows what is to be seen: what the marked arrows mean, or what the curves show.
"""

import hashlib
import html
import io
import os
import pickle
import re
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

# Hues of Okabe and Ito, dark enough for small letters on white paper: 4.5 to 1. No colour is that and light enough for
# dark paper as well, so the site's stylesheet, course.css, has for its dark mode one of the same name and hue.
PALETTE = {"orange": "#bb5300", "blue": "#2377ae", "green": "#00825e", "pink": "#b94887", "grey": "#717171"}
ORANGE, BLUE, GREEN, PINK, GREY = PALETTE.values()
INK = "black"  # becomes the colour of the page's text

STYLE = {
    "axes.edgecolor": INK,
    "axes.prop_cycle": mpl.cycler(color=[BLUE, ORANGE, GREEN, PINK, GREY]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.size": 11,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "mathtext.fontset": "cm",
    "svg.fonttype": "path",
    "svg.hashsalt": "rnnlib",
}


styled = mpl.rc_context(STYLE)  # decorator: draw in the course's style


class Picture(NamedTuple):
    """What a page shows, an SVG in its box or a text, and the sentence that says what is to be seen on it."""

    html: str
    alt: str

    def _repr_html_(self):
        return self.html


@styled
def picture(figure, alt, from_right=False):
    """The matplotlib figure as a Picture; `alt` says in words what is to be seen.

    Black lines and text take the colour of the surrounding text, the colours of the palette those of the page, and all
    ids are made unique, so that many pictures can share a page. A figure wider than 8 inches scrolls in its own box on
    a narrow screen instead of shrinking to nothing, and is seen from its right end first if `from_right`. Raises
    ValueError for an empty `alt`.
    """
    if not alt.strip():
        raise ValueError("alt is empty, expected a sentence that says what is to be seen")
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.05, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("#000000", "currentColor")
    for name, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--picture-{name},{colour})")
    svg = re.sub(r"(\.\d{3})\d+", r"\1", svg)  # a thousandth of a point is enough, and a third smaller
    mark = "p" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{mark}-", svg)
    keep(mark, figure, alt, from_right)
    label = html.escape(alt, quote=True)
    wide = figure.get_figwidth() > 8
    size = "max-width:100%;height:auto;" + ("min-width:30rem;direction:ltr" if wide else "")
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" fill="currentColor" style="{size}" ', 1)
    if not wide:
        return Picture(f'<div class="picture">{svg}</div>', alt)
    direction = "rtl" if from_right else "ltr"  # a box scrolls from the side where its lines would begin
    return Picture(
        f'<div class="picture wide" tabindex="0" style="overflow-x:auto;direction:{direction}">{svg}</div>', alt
    )


def keep(mark, *drawn):
    """Keep what a picture is drawn from in the folder that the site's build names, for editions in other languages."""
    if folder := os.environ.get("COURSE_FIGURES"):
        path = Path(folder, f"{mark}.pickle")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(drawn))


@styled
def new_figure(width=6.4, height=3.2):
    """An empty figure in the course's style, `width` by `height` inches, and its axes."""
    figure = Figure(figsize=(width, height))
    return figure, figure.add_subplot()
