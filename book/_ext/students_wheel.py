"""Sphinx extension: the site carries the students' wheel, which holds rnnlib and the fingerprints of known mistakes."""

from pathlib import Path

from editions import is_english
from freshness import ROOT
from hatchling.builders.wheel import WheelBuilder


def setup(app):
    app.connect("build-finished", carry)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def carry(app, exception):
    """Put the wheel beside the pages, where the notebooks and the page about the exercises look for it."""
    if exception or app.builder.format != "html" or not is_english(app):
        return
    for earlier in Path(app.outdir).glob("*.whl"):
        earlier.unlink()
    build(app.outdir)


def build(folder):
    """Write the wheel into a folder; return its path. The same sources give the same bytes."""
    (path,) = WheelBuilder(str(ROOT / "rnnlib")).build(directory=str(folder), versions=["standard"])
    return Path(path)
