"""Interactive figures, alive in a notebook and in a static page: frames computed beforehand, linked in the browser."""

import json
import os

import ipywidgets

from book.figures import interactive


class Interactive:
    """An interactive figure: a module of book/figures/interactive, its state, and a still for pages without scripts.

    `state` holds what the module reads, as JSON can say it; `rows` says how many rows of controls are above the
    picture, for which a page keeps room.
    """

    def __init__(self, module, state, still, rows=1):
        self.module, self.state, self.still, self.rows = module, state, still, rows

    def _repr_mimebundle_(self, include=None, exclude=None):
        if "BOOK_PAGES" in os.environ:  # book/_ext/interactive.py has set it
            return {"text/html": self.html()}
        return interactive.widget(self.module, **self.state)._repr_mimebundle_()

    def html(self):
        """What book/figures/interactive/loader.js finds on a page, and makes alive."""
        state = json.dumps(self.state, separators=(",", ":")).replace("</", r"<\/")
        return (
            f'<div class="interactive" data-module="{self.module}" style="--rows:{self.rows}">'
            f'<script type="application/json">{state}</script>{self.still}</div>'
        )


def stepper(pictures, description="step", value=0, interval=1500):
    """A slider and a Play button that step through `pictures` (a list of book.figures.style.Picture), as a widget.

    `value` is the frame shown first, `interval` the time of a frame in milliseconds. The link runs in the browser, so
    no kernel is needed. Raises ValueError for an empty list.
    """
    if not pictures:
        raise ValueError("pictures is empty, expected at least one frame")
    last = len(pictures) - 1
    frames = ipywidgets.Stack([ipywidgets.HTML(picture.html) for picture in pictures], selected_index=value)
    slider = ipywidgets.IntSlider(value=value, min=0, max=last, description=description)
    play = ipywidgets.Play(value=value, min=0, max=last, interval=interval)
    ipywidgets.jslink((play, "value"), (slider, "value"))
    ipywidgets.jslink((slider, "value"), (frames, "selected_index"))
    return ipywidgets.VBox([play, slider, frames])


def grid(rows, columns, row_name, column_name, value=0):
    """Two sliders that choose a row and a column of a table of pictures, as a widget.

    `rows` maps the label of each row to its list of book.figures.style.Picture, one for each label in `columns`;
    `value` is the column shown first. The link runs in the browser, so no kernel is needed. Raises ValueError for a
    row whose length is not that of `columns`.
    """
    for label, pictures in rows.items():
        if len(pictures) != len(columns):
            raise ValueError(f"row {label!r} holds {len(pictures)} pictures, expected {len(columns)}, one per column")
    row = ipywidgets.SelectionSlider(options=list(rows), index=0, description=row_name)
    column = ipywidgets.SelectionSlider(options=list(columns), index=value, description=column_name)
    stacks = [
        ipywidgets.Stack([ipywidgets.HTML(picture.html) for picture in pictures], selected_index=value)
        for pictures in rows.values()
    ]
    frames = ipywidgets.Stack(stacks, selected_index=0)
    ipywidgets.jslink((row, "index"), (frames, "selected_index"))
    for stack in stacks:
        ipywidgets.jslink((column, "index"), (stack, "selected_index"))
    return ipywidgets.VBox([row, column, frames])
