"""Interactive figures: a still picture that a page makes alive, and a widget in a notebook, from the same module."""

import os

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
        return interactive.figure(self.module, **self.state)._repr_mimebundle_()

    def html(self):
        return interactive.box(self.module, self.state, self.still, self.rows)


def stepper(pictures, label, value=0, interval=1500):
    """A slider and a button Play that step through `pictures`, a list of book.figures.style.Picture with names.

    `label` says what the names of the pictures are, `value` is the picture shown first, `interval` the time of a
    picture in milliseconds. Raises ValueError for an empty list, and for a picture without a name.
    """
    if not pictures:
        raise ValueError("pictures is empty, expected at least one frame")
    for number, each in enumerate(pictures):
        if not each.name:
            raise ValueError(f"picture {number} has no name, expected the value or the step that it shows")
    axes = [{"label": label, "names": [each.name for each in pictures]}]
    return _frames(pictures, axes, [value], interval)


def grid(rows, columns, row_name, column_name, value=0):
    """Two sliders that choose a row and a column of a table of pictures.

    `rows` maps the label of each row to its list of book.figures.style.Picture, one for each label in `columns`;
    `value` is the column shown first. Raises ValueError for a row whose length is not that of `columns`.
    """
    for label, pictures in rows.items():
        if len(pictures) != len(columns):
            raise ValueError(f"row {label!r} holds {len(pictures)} pictures, expected {len(columns)}, one per column")
    axes = [
        {"label": row_name, "names": [str(label) for label in rows]},
        {"label": column_name, "names": [str(label) for label in columns]},
    ]
    return _frames([each for pictures in rows.values() for each in pictures], axes, [0, value])


def _frames(pictures, axes, at, interval=0):
    state = {
        "frames": [{"html": each.html, "alt": each.alt} for each in pictures],
        "axes": axes,
        "interval": interval,
        **{f"at_{axis}": index for axis, index in enumerate(at)},
    }
    return Interactive("frames", state, pictures[at[-1]].html, rows=len(axes))
