"""Interactive figures, alive in a notebook and in a static page: frames computed beforehand, linked in the browser."""

import ipywidgets


def stepper(pictures, description="step", value=0, interval=1500):
    """A slider and a Play button that step through `pictures` (a list of rnnlib.plots.Picture), as a widget.

    `value` is the frame shown first, `interval` the time of a frame in milliseconds. The link runs in the browser, so
    no kernel is needed. Raises ValueError for an empty list.
    """
    if not pictures:
        raise ValueError("pictures is empty, expected at least one frame")
    last = len(pictures) - 1
    frames = ipywidgets.Stack([ipywidgets.HTML(picture.svg) for picture in pictures], selected_index=value)
    slider = ipywidgets.IntSlider(value=value, min=0, max=last, description=description)
    play = ipywidgets.Play(value=value, min=0, max=last, interval=interval)
    ipywidgets.jslink((play, "value"), (slider, "value"))
    ipywidgets.jslink((slider, "value"), (frames, "selected_index"))
    return ipywidgets.VBox([play, slider, frames])
